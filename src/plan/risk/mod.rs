//! What each pending statement risks on this engine, this version and these tables: locks, scans, rewrites, loss.
//!
//! Statement by statement, in the order of the run, over a scene that remembers what the ones before have done. A family of
//! rules has a file; what the servers do for each of them is held by `tests/it/risk/`. Nothing is said where nobody looked at
//! the schema.

mod case;
mod down;
mod general;
mod mysql;
mod postgres;
mod scene;
mod sqlite;
mod trip;
mod waiver;
mod words;

use self::{case::Case, scene::Scene, trip::Trip};
use super::{Facts, steps};
use crate::{
    model::{
        finding::{Finding, Severity},
        migration::{Migration, Script, Statement, StatementKind},
    },
    sql::{self, Act, Dialect, Words},
};

/// How much of a statement is read, in bytes.
const STATEMENT_BYTES_MAX: usize = 64 * 1024;

/// Findings about the risks of the migrations that would be applied.
pub(super) fn of_pending(facts: &Facts<'_>, now: &[&Migration]) -> Vec<Finding> {
    if facts.schema.is_none() {
        return Vec::new();
    }
    let mut scene = Scene::before(facts);
    now.iter().flat_map(|migration| of_migration(&mut scene, migration)).collect()
}

/// A trip with its place in a file.
struct Found {
    file: std::sync::Arc<str>,
    line: u32,
    trip: Trip,
}

impl Found {
    /// The finding, as heavy as the settings make it.
    fn finding(&self, facts: &Facts<'_>) -> Finding {
        let place = format!("{}:{}", self.file, self.line);
        let Trip { rule, message, remedy } = &self.trip;
        let severity = match rule.severity() {
            _ if facts.needs.blocking_risks.iter().any(|blocking| blocking.holds(*rule)) => Severity::Critical,
            severity => severity,
        };
        Finding { rule: rule.name().to_owned(), severity, place, message: message.clone(), remedy: remedy.clone() }
    }
}

fn of_migration(scene: &mut Scene<'_>, migration: &Migration) -> Vec<Finding> {
    scene.enter();
    let up = &migration.up;
    let route = steps::route_up(scene.facts.site.scope, migration);
    let statements = written(up);
    let dialect = scene.facts.site.dialect;
    let acts: Vec<Act> = statements.iter().map(|(_, text)| sql::act(dialect, beginning(text))).collect();
    let kinds: Vec<StatementKind> = statements.iter().map(|(statement, _)| statement.kind).collect();
    let mut found = Vec::new();
    for (at, ((statement, text), act)) in statements.iter().zip(&acts).enumerate() {
        let words = &Words::of_newest(dialect, beginning(text));
        let case = Case { scene, act, words, at, acts: &acts, kind: statement.kind, kinds: &kinds, route };
        let trips = of_statement(&case);
        found.extend(trips.into_iter().map(|trip| Found { file: up.file.clone(), line: statement.line, trip }));
        scene.note(act);
    }
    found.extend(down::of(scene, migration, &acts));
    waiver::applied(scene.facts, migration, &found)
}

/// As much of a statement as is read: what is longer holds rows.
fn beginning(text: &str) -> &str {
    let end = (0..=text.len().min(STATEMENT_BYTES_MAX)).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or_default()]
}

/// The statements as they are written, each once: one that runs as several is told by what it was made of.
fn written(script: &Script) -> Vec<(&Statement, &str)> {
    let mut seen: Vec<(&Statement, &str)> = Vec::new();
    for statement in &script.statements {
        let text = statement.part.as_ref().map(|part| part.of.as_str());
        let is_same = seen.last().is_some_and(|(last, of)| last.line == statement.line && text == Some(*of));
        if !is_same {
            seen.push((statement, text.unwrap_or(&statement.sql)));
        }
    }
    seen
}

fn of_statement(case: &Case<'_>) -> Vec<Trip> {
    let mut trips = general::trips(case);
    trips.extend(match case.scene.facts.site.dialect {
        Dialect::Postgres => postgres::trips(case),
        Dialect::MySql => mysql::trips(case),
        Dialect::Sqlite => sqlite::trips(case),
    });
    trips
}
