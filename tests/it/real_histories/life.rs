//! The whole life of a history that the server at hand can run: plan, up, status, validate, down.

use std::path::Path;

use serde_json::Value;

use super::history::{
    APALIS_POSTGRES, APALIS_SQLITE, ATUIN_POSTGRES, CALA_POSTGRES, FANG_MARIADB, FANG_POSTGRES, FANG_SQLITE, Files,
    History, MATRIX_CRYPTO, MATRIX_EVENTS, MATRIX_MEDIA, MATRIX_STATE, TORRUST_MARIADB, TORRUST_SQLITE,
};
use crate::harness::{
    command_line::Windlass,
    database::{Database, fresh},
};

/// A history under way: the target that windlass works on, and the reference, on which the engine's client does the same.
pub struct Life {
    pub history: History,
    pub target: Database,
    pub reference: Database,
    pub files: Vec<Files>,
    /// What an empty database says of itself.
    pub empty: String,
}

#[tokio::test]
async fn atuin_on_postgresql() {
    let life = Life::begins(ATUIN_POSTGRES).await;
    life.goes_up();
    life.goes_down_by_its_snapshot();
}

#[tokio::test]
async fn torrust_on_mariadb() {
    let life = Life::begins(TORRUST_MARIADB).await;
    life.goes_up();
    life.goes_down_by_its_snapshot();
}

#[tokio::test]
async fn torrust_on_sqlite() {
    let life = Life::begins(TORRUST_SQLITE).await;
    life.goes_up();
    life.goes_down_by_its_snapshot();
}

#[tokio::test]
async fn apalis_on_postgresql() {
    let life = Life::begins(APALIS_POSTGRES).await;
    life.goes_up();
    life.goes_down_by_its_snapshot();
}

#[tokio::test]
async fn apalis_on_sqlite() {
    let life = Life::begins(APALIS_SQLITE).await;
    life.goes_up();
    life.goes_down_by_its_snapshot();
}

#[tokio::test]
async fn cala_on_postgresql() {
    let life = Life::begins(CALA_POSTGRES).await;
    life.goes_up();
    life.goes_down_by_its_snapshot();
}

/// Its way back forgets an extension and a type; the engine's client is left with the same.
#[tokio::test]
async fn fang_on_postgresql() {
    let life = Life::begins(FANG_POSTGRES).await;
    life.goes_up();
    life.goes_down_by_its_scripts();

    let left = life.target.in_its_own_words();
    let left: Vec<_> = left.lines().filter(|line| line.starts_with("CREATE ") || line.starts_with("ALTER ")).collect();
    assert_eq!(
        left,
        [
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;",
            "CREATE TYPE public.fang_task_state AS ENUM (",
            "ALTER TYPE public.fang_task_state OWNER TO postgres;",
        ]
    );
}

#[tokio::test]
async fn fang_on_mariadb() {
    let life = Life::begins(FANG_MARIADB).await;
    life.goes_up();
    life.goes_down_by_its_scripts();
    assert_eq!(life.target.in_its_own_words(), life.empty);
}

#[tokio::test]
async fn fang_on_sqlite() {
    let life = Life::begins(FANG_SQLITE).await;
    life.goes_up();
    life.goes_down_by_its_scripts();
    assert_eq!(life.target.in_its_own_words(), life.empty);
}

/// Four stores, each with a history of its own; two of them have numbers that stand for several files.
#[tokio::test]
async fn matrix_on_sqlite() {
    for history in [MATRIX_CRYPTO, MATRIX_EVENTS, MATRIX_MEDIA, MATRIX_STATE] {
        let life = Life::begins(history).await;
        life.goes_up();
        life.goes_down_by_its_snapshot();
    }
}

impl Life {
    pub async fn begins(history: History) -> Self {
        let (target, reference) = (fresh(history.on).await, fresh(history.on).await);
        let empty = reference.in_its_own_words();
        Self { history, target, reference, files: history.files(), empty }
    }

    pub fn windlass(&self) -> Windlass<'_> {
        Windlass::on(&self.target, self.history.catalog())
    }

    /// Plan, up, status, validate, and up once more.
    pub fn goes_up(&self) {
        let (windlass, History { migrations, statements, .. }) = (self.windlass(), self.history);
        let plan = windlass.does("plan");
        assert_eq!((&plan["ready"], counts(&plan)), (&Value::Bool(true), (migrations, statements)));
        assert_eq!(self.target.in_its_own_words(), self.empty, "a plan changes nothing");

        let run = windlass.does("up");
        assert_eq!((text(&run, "/state"), applied(&run).len()), ("succeeded", migrations));
        let said = self.reference.runs_all(self.files.iter().map(|files| files.up.as_path()));
        assert_eq!(said, None, "the engine's client runs the same files");
        self.target_is_as_the_reference();
        assert_ne!(self.reference.in_its_own_words(), self.empty, "the history makes something");

        let status = windlass.does("status");
        assert_eq!(list(&status, "/applied").len(), migrations);
        assert_eq!(list(&status, "/pending"), &[] as &[Value]);
        assert_eq!(status["compatibility"]["compatible"], true);
        let report = windlass.does("validate");
        assert_eq!(report["result"]["overall"], true);
        assert_eq!(list(&report, "/result/critical_issues"), &[] as &[Value]);
        assert_eq!(list(&report, "/result/warnings"), &[] as &[Value]);

        let again = windlass.does("up");
        assert_eq!((text(&again, "/state"), applied(&again).len()), ("succeeded", 0));
        self.target_is_as_the_reference();
    }

    /// Without down scripts there is no step back, but what is under the run.
    fn goes_down_by_its_snapshot(&self) {
        let windlass = self.windlass();
        let step = windlass.says("down --steps 1");
        assert_eq!(step.exit, 2, "there is no down script: {step:#?}");
        self.target_is_as_the_reference();

        let back = windlass.does("down");
        assert_eq!((text(&back, "/state"), text(&back, "/result/by")), ("succeeded", "snapshot"));
        assert_eq!(self.target.in_its_own_words(), self.empty);
        assert_eq!(list(&windlass.does("status"), "/applied"), &[] as &[Value]);
    }

    /// Every migration has a way back.
    pub fn goes_down_by_its_scripts(&self) {
        let windlass = self.windlass();
        let back = windlass.does("down");
        assert_eq!((text(&back, "/state"), text(&back, "/result/by")), ("succeeded", "down_scripts"));
        assert_eq!(applied(&back).len(), self.history.migrations);
        let downs: Vec<&Path> = self.files.iter().rev().filter_map(|files| files.down.as_deref()).collect();
        assert_eq!(downs.len(), self.history.migrations);
        assert_eq!(self.reference.runs_all(downs), None, "the engine's client runs the same files");
        self.target_is_as_the_reference();
        assert_eq!(list(&windlass.does("status"), "/applied"), &[] as &[Value]);
    }

    #[track_caller]
    pub fn target_is_as_the_reference(&self) {
        must_be_the_same(&self.target.in_its_own_words(), &self.reference.in_its_own_words());
    }
}

/// Fails with the lines that differ, for whole dumps are too long to read.
#[track_caller]
fn must_be_the_same(target: &str, reference: &str) {
    let only = |these: &str, those: &str| -> Vec<String> {
        let those: std::collections::BTreeSet<_> = those.lines().collect();
        these.lines().filter(|line| !those.contains(line)).map(str::to_owned).collect()
    };
    assert!(
        target == reference,
        "only in the target: {:#?}\nonly in the reference: {:#?}",
        only(target, reference),
        only(reference, target)
    );
}

/// Migrations and statements of a plan.
pub fn counts(plan: &Value) -> (usize, usize) {
    let migrations: Vec<_> = list(plan, "/hops").iter().flat_map(|hop| list(hop, "/migrations")).collect();
    (migrations.len(), migrations.iter().map(|migration| list(migration, "/statements").len()).sum())
}

/// The migrations of a run's report.
pub fn applied(job: &Value) -> &[Value] {
    list(job, "/result/migrations")
}

pub fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer}: {document:#}"))
}

pub fn list<'a>(document: &'a Value, pointer: &str) -> &'a [Value] {
    let found = document.pointer(pointer).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no list at {pointer}: {document:#}"))
}
