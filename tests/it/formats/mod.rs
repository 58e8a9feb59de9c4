//! Histories in the layouts of other tools, driven through the command line on every engine they are for.

mod dbmate;
mod edited;
mod flyway;
mod goose;
mod popx;
mod prisma;
mod rails;
mod refinery;
mod temporal;

use std::{fs, path::Path};

use serde_json::Value;

use crate::harness::{
    command_line::Windlass,
    database::{Database, On, fresh},
    eye::{Eye, must_be_same},
};

/// A file of a history: its path, and what it holds.
pub type File<'a> = (&'a str, &'a str);

/// A history on a database of its own.
pub struct Life {
    pub database: Database,
    settings: Vec<(&'static str, String)>,
}

impl Life {
    pub async fn of(on: On, files: &[File<'_>]) -> Self {
        let life = Self { database: fresh(on).await, settings: Vec::new() };
        life.add(files);
        life
    }

    /// With a setting of windlass's, as a variable of the environment.
    pub fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.settings.push((variable, value.to_owned()));
        self
    }

    /// Writes more files.
    pub fn add(&self, files: &[File<'_>]) {
        let root = self.database.folder.path().join("history");
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&root)).expect("a folder");
            fs::write(path, text).expect("a file");
        }
    }

    pub fn windlass(&self) -> Windlass<'_> {
        let windlass = Windlass::on(&self.database, self.path());
        self.settings.iter().fold(windlass, |windlass, (variable, value)| windlass.with(variable, value))
    }

    pub fn path(&self) -> std::path::PathBuf {
        Path::join(self.database.folder.path(), "history")
    }

    pub async fn eye(&self) -> Eye {
        Eye::on(&self.database).await
    }

    /// Plan, up and status: these migrations in this order, and nothing pending afterwards. Gives the plan.
    pub fn goes_up(&self, order: &[&str]) -> Value {
        let windlass = self.windlass();
        let plan = windlass.does("plan");
        let planned: Vec<_> = list(&plan, "/hops").iter().flat_map(|hop| list(hop, "/migrations")).collect();
        assert_eq!(planned.iter().map(|it| text(it, "/id")).collect::<Vec<_>>(), order, "{plan:#}");
        assert_eq!(plan["ready"], true, "{plan:#}");
        let run = windlass.does("up --snapshot never");
        assert_eq!(list(&run, "/result/migrations").len(), order.len(), "{run:#}");
        let status = windlass.does("status");
        assert_eq!(list(&status, "/pending"), &[] as &[Value]);
        assert_eq!(list(&status, "/applied").len(), order.len());
        plan
    }

    /// All the way back by down scripts leaves what was there before.
    pub async fn goes_down(&self, before: &[String]) {
        let back = self.windlass().does("down");
        assert_eq!(text(&back, "/result/by"), "down_scripts");
        must_be_same(&self.eye().await.everything().await, before);
        assert_eq!(list(&self.windlass().does("status"), "/applied"), &[] as &[Value]);
    }

    /// There is no step back by a script.
    pub fn has_no_way_back(&self) {
        assert_eq!(self.windlass().says("down --steps 1").exit, 2);
    }

    /// What is said of a history that cannot be used.
    pub fn refused(&self) -> String {
        let said = self.windlass().says("plan");
        assert_ne!(said.exit, 0, "must be refused: {said:#?}");
        assert_eq!(text(&said.failure, "/type"), "urn:windlass:problem:catalog-unusable", "{said:#?}");
        text(&said.failure, "/detail").to_owned()
    }
}

/// What is said of files that cannot be used, on SQLite.
pub async fn refused(files: &[File<'_>]) -> String {
    Life::of(On::Sqlite, files).await.refused()
}

/// How a migration of a plan is run.
pub fn route<'a>(plan: &'a Value, id: &str) -> &'a str {
    let mut all = list(plan, "/hops").iter().flat_map(|hop| list(hop, "/migrations"));
    text(all.find(|it| it["id"] == id).unwrap_or_else(|| panic!("no {id} in {plan:#}")), "/route")
}

pub fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer}: {document:#}"))
}

pub fn list<'a>(document: &'a Value, pointer: &str) -> &'a [Value] {
    let found = document.pointer(pointer).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no list at {pointer}: {document:#}"))
}
