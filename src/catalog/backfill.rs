//! `backfill.sql`: one statement over the ranges of a table's key, with a first line that names both.

use super::{draft::Source, words::nearest};
use crate::{
    model::{
        backfill::{BATCH_ROWS_MAX, Backfill, Part},
        finding::Finding,
        migration::{Statement, StatementKind},
    },
    sql::{self, Dialect, SqlError},
};

/// How the line begins that names table and key.
const MARKER: &str = "windlass:backfill";

/// The fields of that line.
const FIELDS: [&str; 3] = ["table", "key", "batch"];

/// What that line looks like.
const EXAMPLE: &str = "-- windlass:backfill table=orders key=id";

/// How a backfill's statement may begin.
const VERBS: [&str; 6] = ["update", "insert", "delete", "replace", "merge", "with"];

/// Signs that a name in the line cannot have: it is quoted by the engine.
const NO_NAME: [char; 8] = ['"', '\'', '`', '[', ']', '(', ')', ';'];

/// What the line tells.
#[derive(Default)]
struct Header {
    table: Option<String>,
    key: Vec<String>,
    batch: Option<u64>,
}

/// The backfill of a file.
///
/// # Errors
/// What is wrong with it, with file and line.
pub fn read(source: &Source, dialect: Dialect) -> Result<Backfill, Finding> {
    let Header { table, key, batch } = header(source)?;
    let statement = only(source, dialect)?;
    let parts = parts(source, dialect, &statement)?;
    let table = table.ok_or_else(|| fault(source, 1, "the line `-- windlass:backfill` names no table", &example()))?;
    let backfill =
        Backfill { file: source.file.clone(), line: statement.line, sql: statement.sql, parts, table, key, batch };
    must_be_sound(source, dialect, &backfill)?;
    Ok(backfill)
}

/// What of the first line means something; for the checksum.
pub fn meaning(backfill: &Backfill) -> String {
    format!("{} {}", backfill.table, backfill.key.join(" "))
}

fn header(source: &Source) -> Result<Header, Finding> {
    let lines = (1..).zip(source.text.trim_start_matches('\u{feff}').lines());
    let mut told = lines.filter_map(|(line, text)| {
        let rest = text.trim().strip_prefix("-- ")?.trim_start().strip_prefix(MARKER)?;
        (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| (line, rest.trim()))
    });
    let missing = || fault(source, 1, "no line says which table is cut by which key", &example());
    let (line, fields) = told.next().ok_or_else(missing)?;
    if let Some((again, _)) = told.next() {
        return Err(fault(source, again, "a second line says which table is cut", "keep one of them"));
    }
    let mut header = Header::default();
    for field in fields.split_whitespace() {
        set(&mut header, field).map_err(|message| fault(source, line, &message, &example()))?;
    }
    Ok(header)
}

fn set(header: &mut Header, field: &str) -> Result<(), String> {
    let (name, value) = field.split_once('=').ok_or_else(|| format!("`{field}` is not written as name=value"))?;
    let is_name = |name: &str| !name.is_empty() && !name.contains(NO_NAME);
    match name {
        "table" if header.table.is_none() && is_name(value) && value.split('.').all(is_name) => {
            header.table = Some(value.to_owned());
        }
        "key" if header.key.is_empty() && value.split(',').all(is_name) => {
            header.key = value.split(',').map(str::to_owned).collect();
        }
        "batch" if header.batch.is_none() => {
            let rows = value.parse().ok().filter(|rows| (1..=BATCH_ROWS_MAX).contains(rows));
            header.batch =
                Some(rows.ok_or_else(|| format!("batch={value} is not a number from 1 to {BATCH_ROWS_MAX}"))?);
        }
        "table" | "key" => return Err(format!("`{field}` is told twice, or holds what is no name")),
        "batch" => return Err("batch is told twice".to_owned()),
        _ => {
            let meant = nearest(name, FIELDS).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            return Err(format!("the field `{name}` is not known{meant}"));
        }
    }
    Ok(())
}

/// The one statement of the file.
fn only(source: &Source, dialect: Dialect) -> Result<Statement, Finding> {
    let statements = sql::split(dialect, &source.text).map_err(|error| sql_fault(source, 1, error))?;
    let [statement] = statements.as_slice() else {
        let line = statements.get(1).map_or(1, |second| second.line);
        let message = format!("a backfill is one statement, and here are {}", statements.len());
        return Err(fault(source, line, &message, "write one UPDATE, INSERT or DELETE over the range"));
    };
    let verb = statement.sql.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_lowercase();
    if statement.kind != StatementKind::Rows || !VERBS.contains(&verb.as_str()) {
        let message = "a backfill changes rows, and this statement does something else";
        return Err(fault(
            source,
            statement.line,
            message,
            "write an UPDATE, INSERT or DELETE; the rest goes into up.sql",
        ));
    }
    Ok(statement.clone())
}

fn parts(source: &Source, dialect: Dialect, statement: &Statement) -> Result<Vec<Part>, Finding> {
    sql::placeholders(dialect, &statement.sql).map_err(|error| sql_fault(source, statement.line, error))
}

fn must_be_sound(source: &Source, dialect: Dialect, backfill: &Backfill) -> Result<(), Finding> {
    let has = |wanted: fn(&Part) -> bool| backfill.parts.iter().any(wanted);
    let (after, upto) = (has(|part| *part == Part::After), has(|part| *part == Part::Upto));
    let range = has(|part| matches!(part, Part::Range(_)));
    let at = |message: &str, remedy: &str| Err(fault(source, backfill.line, message, remedy));
    if !(range || after && upto) {
        let message = "the statement does not say where the range of keys goes";
        return at(message, "write `WHERE id > :after AND id <= :upto` with the key's column, or `WHERE :range`");
    }
    if backfill.needs_one_column() && backfill.key.len() > 1 {
        let message = "`:after` and `:upto` are for a key of one column";
        return at(message, "write `:range` in their place, or `o.:range` where the table is called `o`");
    }
    let verb = backfill.sql.get(..6).unwrap_or_default().to_ascii_lowercase();
    let table = backfill.table.rsplit('.').next();
    if matches!(verb.as_str(), "insert" | "replac")
        && sql::names(dialect, &backfill.sql).iter().find(|name| !is_modifier(name)).map(String::as_str) == table
    {
        let message = "it would read the rows that it inserts, and never end";
        return at(message, "insert into another table, or cut this one in up.sql");
    }
    Ok(())
}

/// Whether a name is a word that may stand before INTO.
fn is_modifier(name: &str) -> bool {
    ["ignore", "into", "or", "replace", "rollback", "abort", "fail", "low_priority", "delayed", "high_priority"]
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word))
}

fn sql_fault(source: &Source, first_line: u32, SqlError { line, message, remedy }: SqlError) -> Finding {
    fault(source, first_line + line - 1, &message, &remedy)
}

fn fault(source: &Source, line: u32, message: &str, remedy: &str) -> Finding {
    Finding::critical("backfill", format!("{}:{line}", source.file), message).remedy(remedy)
}

fn example() -> String {
    format!("begin the file with a line such as `{EXAMPLE}`")
}
