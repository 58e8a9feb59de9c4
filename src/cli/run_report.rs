//! What a run, or a rollback, did, for a person.

use serde::Deserialize;

use super::{
    loss,
    output::{Output, Page},
    table::{Table, Tone},
    words,
};
use crate::model::{
    finding::{Finding, Severity},
    job::Job,
    report::{MigrationResult, RunReport},
};

/// Prints the job: as JSON, as the SQL of a dry run, or as a table with one row for each migration.
pub(super) fn print(output: Output, job: &Job) {
    let report = job.result.as_ref().and_then(|result| RunReport::deserialize(result).ok());
    output.result(job, |page| match &report {
        None => page,
        Some(report) if report.dry_run => losing(sql(page, report), report),
        // what kept it from beginning is told as an error
        Some(report) if job.problem.is_some() && report.migrations.is_empty() => page,
        Some(report) => table(page, report),
    });
}

fn sql(page: Page, report: &RunReport) -> Page {
    page.all(&report.migrations, |page, migration| {
        let page = page.line(format!("-- {} ({})", migration.id, migration.direction.as_str()));
        let page = page.all(&migration.statements, |page, statement| page.sql(&ended(statement)));
        page.line("")
    })
}

/// A statement with the delimiter that the catalog takes away.
pub(super) fn ended(statement: &str) -> String {
    let statement = statement.trim_end();
    if statement.ends_with(';') { statement.to_owned() } else { format!("{statement};") }
}

fn table(page: Page, report: &RunReport) -> Page {
    let rows = report
        .migrations
        .iter()
        .fold(Table::of(["#", "migration", "direction", "statements", "time", "result"]), |table, migration| {
            table.row(tone(migration), row(migration))
        });
    let page = findings(page.table(&rows), &report.findings);
    let page = match &report.validation {
        Some(validation) => findings(page, validation.critical_issues.iter().chain(&validation.warnings)),
        None => page,
    };
    losing(added(page, &report.added), report).line(summary(report))
}

/// What was added of the declared schema.
pub(super) fn added(page: Page, statements: &[String]) -> Page {
    page.all(statements, |page, statement| page.line("added:").sql(&ended(statement)))
}

fn losing(page: Page, report: &RunReport) -> Page {
    match &report.loss {
        Some(loss) => loss::listed(page, loss),
        None => page,
    }
}

fn tone(migration: &MigrationResult) -> Tone {
    if migration.success { Tone::Good } else { Tone::Bad }
}

fn row(migration: &MigrationResult) -> [String; 6] {
    [
        migration.number.to_string(),
        migration.id.clone(),
        migration.direction.as_str().to_owned(),
        migration.statements.len().to_string(),
        words::duration(migration.execution_time_ms),
        result(migration),
    ]
}

/// In one line; the whole of an error is told on standard error.
fn result(migration: &MigrationResult) -> String {
    let first = migration.error.as_deref().and_then(|error| error.lines().next());
    first.unwrap_or(if migration.success { "done" } else { "failed" }).to_owned()
}

fn summary(report: &RunReport) -> String {
    let (from, to) = (words::version(report.from.as_ref()), words::version(report.to.as_ref()));
    let time = words::duration(report.execution_time_ms);
    let moved = match report.migrations.iter().filter(|migration| migration.success).count() {
        0 if from == to => format!("nothing to do: the database is at {to}"),
        _ if from == to => format!("the database is still at {to}"),
        number => format!("the database went from {from} to {to}: {} in {time}", words::count(number, "migration")),
    };
    match report.snapshot {
        Some(snapshot) => format!("{moved}; snapshot {snapshot}"),
        None => moved,
    }
}

/// Findings as a table, or nothing.
pub(super) fn findings<'a>(page: Page, findings: impl IntoIterator<Item = &'a Finding>) -> Page {
    let header = Table::of(["weight", "rule", "place", "finding", "what to do"]);
    let rows = findings.into_iter().fold(header, |table, finding| {
        let (tone, weight) = match finding.severity {
            Severity::Critical => (Tone::Bad, "critical"),
            Severity::Warning => (Tone::Careful, "warning"),
            Severity::Info => (Tone::Plain, "info"),
        };
        let Finding { rule, place, message, remedy, .. } = finding.clone();
        table.row(tone, [weight.to_owned(), rule, place, message, remedy])
    });
    page.table(&rows)
}
