//! From a draft to a migration: its statements, its checksum, the defaults of what nobody told.

use super::{
    backfill,
    draft::{Draft, Metadata, Source},
};
use crate::{
    model::{
        backfill::Backfill,
        checksum::Checksum,
        finding::Finding,
        migration::{Migration, Script, Statement, StatementKind},
    },
    sql::{self, Dialect, SqlError},
};

/// The migrations of these drafts, and what was found. `opt_out` is how their format has a script run as written.
pub fn migrations(drafts: Vec<Draft>, dialect: Dialect, opt_out: &str) -> (Vec<Migration>, Vec<Finding>) {
    let mut findings = Vec::new();
    let migrations = drafts.into_iter().filter_map(|draft| migration(draft, dialect, opt_out, &mut findings)).collect();
    (migrations, findings)
}

/// The migration, or `None` with its faults in `findings`.
fn migration(draft: Draft, dialect: Dialect, opt_out: &str, findings: &mut Vec<Finding>) -> Option<Migration> {
    let Draft { identity, place, metadata, up, backfill, down, .. } = draft;
    let Metadata { transactional, .. } = metadata;
    let mut cut = |source: &Source| script(source, dialect, transactional, opt_out, findings);
    let down = down.as_ref().map(&mut cut);
    let up_script = cut(up.as_ref()?);
    let up = up?;
    let batches = match &backfill {
        Some(source) => Some(backfill::read(source, dialect).map_err(|fault| findings.push(fault)).ok()?),
        None => None,
    };
    let (up_script, checksum) = up_script?;
    let checksum = match (&batches, &backfill) {
        (Some(batches), Some(source)) => with_backfill(&up, source, batches, dialect).unwrap_or(checksum),
        _ => checksum,
    };
    if up_script.statements.is_empty() && batches.is_none() {
        let finding = Finding::warning("empty-script", &*up.file, "the script holds no statement and changes nothing");
        findings.push(finding.remedy("write what it is to change"));
    }
    Some(Migration {
        description: metadata.description.unwrap_or_else(|| identity.name.replace('_', " ")),
        identity,
        place,
        author: metadata.author,
        created_at: metadata.created_at,
        min_runtime_version: metadata.min_runtime_version,
        max_runtime_version: metadata.max_runtime_version,
        dependencies: metadata.dependencies,
        critical: metadata.critical,
        transactional,
        out_of_order: metadata.out_of_order,
        lock_timeout_ms: metadata.lock_timeout_ms,
        statement_timeout_ms: metadata.statement_timeout_ms,
        supersedes: metadata.supersedes,
        up: up_script,
        backfill: batches,
        down: way_back(down.flatten().map(|(script, _)| script), findings),
        checksum,
    })
}

/// The checksum over both scripts, and over what the backfill's first line means, which is a comment otherwise. Every text
/// was cut before, so that there is no fault left to find.
fn with_backfill(up: &Source, source: &Source, batches: &Backfill, dialect: Dialect) -> Option<Checksum> {
    let over = |texts: &[&str]| sql::checksum(dialect, texts);
    over(&[&up.text, &source.text, &backfill::meaning(batches)]).or_else(|_| over(&[&up.text, &source.text])).ok()
}

/// A script without a statement is no way back: to run it would claim to have undone what it has not.
fn way_back(down: Option<Script>, findings: &mut Vec<Finding>) -> Option<Script> {
    let down = down?;
    if down.statements.is_empty() {
        let message = "the script holds no statement, so the migration counts as having no way back";
        let finding = Finding::info("empty-script", &*down.file, message);
        findings.push(finding.remedy("write the way back, or SELECT 1 where there is nothing to undo"));
        return None;
    }
    Some(down)
}

fn script(
    source: &Source,
    dialect: Dialect,
    transactional: Option<bool>,
    opt_out: &str,
    findings: &mut Vec<Finding>,
) -> Option<(Script, Checksum)> {
    let (statements, checksum) =
        sql::read(dialect, &source.text).map_err(|error| findings.push(fault(source, error))).ok()?;
    let statements = match transactional {
        Some(false) => statements,
        _ => without_transaction(source, statements, opt_out).map_err(|fault| findings.push(fault)).ok()?,
    };
    let statements = if ablated!("as-written") { statements } else { sql::stepwise(dialect, &source.file, statements) };
    Some((Script { file: source.file.clone(), statements }, checksum))
}

fn fault(source: &Source, SqlError { line, message, remedy }: SqlError) -> Finding {
    Finding::critical("sql", format!("{}:{line}", source.file), message).remedy(remedy)
}

/// The statements without a `BEGIN` and `COMMIT` round all of them: windlass opens that transaction itself. Any other
/// transaction control would end ours in the middle, and is a fault.
fn without_transaction(
    source: &Source,
    mut statements: Vec<Statement>,
    opt_out: &str,
) -> Result<Vec<Statement>, Finding> {
    let controls: Vec<_> = statements.iter().filter(|statement| is_control(statement.kind)).collect();
    if controls.is_empty() {
        return Ok(statements);
    }
    if let [.., last] = statements.as_slice()
        && let [begin, end] = controls.as_slice()
        && (begin.kind, end.kind) == (StatementKind::Begin, StatementKind::Commit)
        && statements.first() == Some(*begin)
        && last == *end
    {
        statements.pop();
        statements.remove(0);
        return Ok(statements);
    }
    Err(control_fault(source, &controls, opt_out))
}

fn is_control(kind: StatementKind) -> bool {
    matches!(kind, StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback)
}

fn control_fault(source: &Source, controls: &[&Statement], opt_out: &str) -> Finding {
    let first = controls.first().map_or(1, |statement| statement.line);
    let lines: Vec<_> = controls.iter().map(|statement| statement.line.to_string()).collect();
    let message = match lines.as_slice() {
        [_] => "the script controls transactions itself".to_owned(),
        _ => format!("the script controls transactions itself, on the lines {}", lines.join(", ")),
    };
    let remedy = format!("remove that, for windlass opens the transaction itself{opt_out}");
    Finding::critical("transaction-control", format!("{}:{first}", source.file), message).remedy(remedy)
}
