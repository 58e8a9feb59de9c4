//! A migration's own test: `test.sql` in its folder, or `test.<engine>.sql`.
//!
//! Comments on lines of their own, `-- windlass:test before`, `up` and `down`, say when what follows them is run; what stands
//! before the first of them is run behind the way up.

use std::sync::Arc;

use super::{CatalogError, folder::Folder};
use crate::{
    config,
    model::{
        finding::Finding,
        migration::{Migration, Statement, StatementKind},
        testing::{MigrationTest, Moment, TestStatement},
    },
    sql::{self, Dialect},
};

/// How a comment begins that opens a section.
const WORD: &str = "windlass:test";

/// The tests of these migrations, each with its place among them.
///
/// Blocks on the file system: from async code call it on a blocking thread.
///
/// # Errors
/// [`CatalogError::Folder`] when the catalog cannot be read; [`CatalogError::Faults`] with everything that is wrong in any of them.
pub fn tests(
    settings: &config::Catalog,
    dialect: Dialect,
    migrations: &[Migration],
) -> Result<Vec<Option<MigrationTest>>, CatalogError> {
    let unreadable = |source| CatalogError::Folder { path: settings.path.display().to_string(), source };
    let mut folder = Folder::open(&settings.path).map_err(unreadable)?;
    let mut faults = Vec::new();
    let found = migrations.iter().map(|migration| one(&mut folder, dialect, migration, &mut faults)).collect();
    if faults.is_empty() { Ok(found) } else { Err(CatalogError::Faults(faults)) }
}

fn one(
    folder: &mut Folder,
    dialect: Dialect,
    migration: &Migration,
    faults: &mut Vec<Finding>,
) -> Option<MigrationTest> {
    let names = [format!("test.{}.sql", dialect.suffix()), "test.sql".to_owned()];
    let place = names.into_iter().map(|name| format!("{}/{name}", migration.place)).find(|place| folder.has(place))?;
    let text = folder.read(&place).map_err(|fault| faults.push(fault)).ok()?;
    read(&place, &text, dialect).map_err(|fault| faults.push(fault)).ok()
}

fn read(file: &str, text: &str, dialect: Dialect) -> Result<MigrationTest, Finding> {
    let mut statements = Vec::new();
    for Section { moment, first_line, text } in sections(file, text)? {
        let at = |line: u32| format!("{file}:{}", first_line + line - 1);
        let cut = sql::split(dialect, text)
            .map_err(|error| Finding::critical("sql", at(error.line), error.message).remedy(error.remedy))?;
        for statement in cut {
            must_stay_inside(dialect, &statement, &at(statement.line))?;
            let asserts = moment != Moment::Before && sql::is_query(dialect, &statement.sql);
            let line = first_line + statement.line - 1;
            statements.push(TestStatement { moment, statement: Statement { line, ..statement }, asserts });
        }
    }
    if !statements.iter().any(|statement| statement.asserts) {
        let message = "the test asserts nothing: no SELECT is run behind the way up or the way back";
        return Err(Finding::critical("no-assertion", file, message)
            .remedy("write a SELECT whose first value is true, such as SELECT count(*) = 2 FROM users"));
    }
    Ok(MigrationTest { file: Arc::from(file), statements })
}

/// What would end the transactions of a run, or reach beyond the database that the test is run in.
fn must_stay_inside(dialect: Dialect, statement: &Statement, place: &str) -> Result<(), Finding> {
    use StatementKind::{Begin, Commit, Rollback};
    let message = if matches!(statement.kind, Begin | Commit | Rollback) {
        "the test controls transactions itself"
    } else if sql::leads_out(dialect, &statement.sql) {
        "the statement leads out of the database that is made for the test"
    } else {
        return Ok(());
    };
    Err(Finding::critical("test-statement", place, message).remedy("leave it out"))
}

/// A part of a test.
struct Section<'a> {
    moment: Moment,
    first_line: u32,
    text: &'a str,
}

fn sections<'a>(file: &str, text: &'a str) -> Result<Vec<Section<'a>>, Finding> {
    let mut found = Vec::new();
    let (mut moment, mut first_line, mut begin, mut at) = (Moment::Up, 1, 0, 0);
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if let Some(word) = opened_by(line) {
            found.push(Section { moment, first_line, text: &text[begin..at] });
            moment = match word {
                "before" => Moment::Before,
                "up" => Moment::Up,
                "down" => Moment::Down,
                other => {
                    let message = format!("no section of a test is called {other:?}");
                    let fault = Finding::critical("test-section", format!("{file}:{number}"), message);
                    return Err(fault.remedy("write before, up or down behind windlass:test"));
                }
            };
            (first_line, begin) = (number + 1, at + line.len());
        }
        at += line.len();
    }
    found.push(Section { moment, first_line, text: &text[begin..] });
    Ok(found)
}

/// The word of a line that opens a section.
fn opened_by(line: &str) -> Option<&str> {
    let rest = line.trim().strip_prefix("--")?.trim_start().strip_prefix(WORD)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}
