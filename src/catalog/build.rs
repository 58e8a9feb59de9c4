//! From a draft to a migration: its statements, its checksum, the defaults of what nobody told.

use super::{
    Known, backfill,
    draft::{Draft, Metadata, Source},
    reader::METADATA,
};
use crate::{
    model::{
        backfill::Backfill,
        checksum::Checksum,
        finding::Finding,
        migration::{Identity, Migration, Script, Statement, StatementKind},
    },
    sql::{self, Dialect, SqlError},
};

/// How scripts are cut.
#[derive(Clone, Copy)]
pub struct Cutting<'a> {
    /// How they are read.
    pub dialect: Dialect,
    /// How their format has a script run as written.
    pub opt_out: &'a str,
    /// Whether each migration has a `metadata.json` of its own.
    pub has_own_metadata: bool,
    /// What need not be cut while not a byte of it has changed.
    pub known: &'a Known,
}

/// The migrations of these drafts, and what was found.
pub fn migrations(drafts: Vec<Draft>, cutting: Cutting<'_>) -> (Vec<Migration>, Vec<Finding>) {
    let mut findings = Vec::new();
    let migrations = drafts.into_iter().filter_map(|draft| migration(draft, cutting, &mut findings)).collect();
    (migrations, findings)
}

/// The migration, or `None` with its faults in `findings`.
fn migration(draft: Draft, cutting: Cutting<'_>, findings: &mut Vec<Finding>) -> Option<Migration> {
    let Draft { identity, place, metadata, up, backfill, down, .. } = draft;
    let Metadata { transactional, .. } = metadata;
    let dialect = cutting.dialect;
    let mut script = |source: &Source, cut| script(source, cut, cutting, transactional, findings);
    let down = down.and_then(|source| script(&source, sql::split(dialect, &source.text)));
    let up = up?;
    let known = unchanged(&identity, &up, cutting).filter(|_| backfill.is_none());
    let uncut = |up: &Source| Script { file: up.file.clone(), statements: Vec::new(), waivers: Vec::new() };
    let uncut = known.map(|checksum| (uncut(&up), checksum.clone()));
    let up_script = uncut.or_else(|| {
        let (statements, checksum) = match sql::read(dialect, &up.text) {
            Ok((statements, checksum)) => (Ok(statements), Some(checksum)),
            Err(error) => (Err(error), None),
        };
        script(&up, statements).zip(checksum)
    });
    let batches = match &backfill {
        Some(source) => Some(backfill::read(source, dialect).map_err(|fault| findings.push(fault)).ok()?),
        None => None,
    };
    let (up_script, checksum) = up_script?;
    let checksum = match (&batches, &backfill) {
        (Some(batches), Some(source)) => with_backfill(&up, source, batches, dialect).unwrap_or(checksum),
        _ => checksum,
    };
    if known.is_none() && up_script.statements.is_empty() && batches.is_none() {
        let finding = Finding::warning("empty-script", &*up.file, "the script holds no statement and changes nothing");
        findings.push(finding.remedy("write what it is to change"));
    }
    Some(Migration {
        description: metadata.description.unwrap_or_else(|| identity.name.replace('_', " ")),
        identity,
        metadata: if cutting.has_own_metadata { format!("{place}/{METADATA}").into() } else { METADATA.into() },
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
        allow: metadata.allow,
        up: up_script,
        backfill: batches,
        down: way_back(down, findings),
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

/// What an applied migration's text was, while it is that to the byte. A text without a first word may hold no statement, of
/// which there is something to say.
fn unchanged<'a>(identity: &Identity, up: &Source, cutting: Cutting<'a>) -> Option<&'a Checksum> {
    let known = cutting.known.get(&identity.to_string())?;
    (sql::bytes(&up.text) == known.bytes && sql::begins_with_word(cutting.dialect, &up.text)).then_some(known)
}

/// The script of what a text was cut into, or `None` with its fault in `findings`.
fn script(
    source: &Source,
    cut: Result<Vec<Statement>, SqlError>,
    Cutting { dialect, opt_out, .. }: Cutting<'_>,
    transactional: Option<bool>,
    findings: &mut Vec<Finding>,
) -> Option<Script> {
    let statements = cut.map_err(|error| findings.push(fault(source, error))).ok()?;
    let statements = match transactional {
        Some(false) => statements,
        _ => without_transaction(source, statements, opt_out).map_err(|fault| findings.push(fault)).ok()?,
    };
    let statements = if ablated!("as-written") { statements } else { sql::stepwise(dialect, &source.file, statements) };
    Some(Script { file: source.file.clone(), statements, waivers: sql::waivers(dialect, &source.text) })
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
