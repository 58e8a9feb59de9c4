//! `windlass rehearse`

use clap::Args;
use semver::Version;
use serde::Deserialize;

use super::{
    call::Call,
    carry_out::{carry_out, outcome},
    exit::Exit,
    failure::Failure,
    output::{Output, Page},
    run_report::findings,
    table::{Table, Tone},
    words,
};
use crate::model::{
    job::Job,
    order::Order,
    plan::RollbackKind,
    rehearsal::{LockHeld, RehearsalFrom, RehearsalReport, Rehearsed, TableRows},
};

/// How many tables or locks a row of the table names.
const NAMED_MAX: usize = 3;

/// Try migrations and their ways back on a scratch copy
///
/// The target is only read. Exits with 0 when every way back is proven, with 1 otherwise.
#[derive(Debug, Args)]
pub struct Rehearse {
    /// Those up to this version [default: the one the application requires]
    #[arg(long, value_name = "VERSION", conflicts_with = "history")]
    pub to: Option<Version>,
    /// Copy the schema without its rows: a way back that loses rows is not found out
    #[arg(long, conflicts_with = "history")]
    pub schema_only: bool,
    /// Copy nothing, and try every migration of the catalog, whatever is applied in the target
    #[arg(long)]
    pub history: bool,
}

pub(super) async fn run(words: &Rehearse, call: &Call) -> Result<Exit, Failure> {
    let from = match (words.history, words.schema_only) {
        (true, _) => RehearsalFrom::History,
        (_, true) => RehearsalFrom::Schema,
        _ => RehearsalFrom::Data,
    };
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::Rehearse { to: words.to.clone(), from }, None).await?;
    let report = job.result.as_ref().and_then(|result| RehearsalReport::deserialize(result).ok()).unwrap_or_default();
    print(call.output, &job, &report);
    match outcome(&job)? {
        Exit::Fine if !report.overall => Ok(Exit::No),
        exit => Ok(exit),
    }
}

fn print(output: Output, job: &Job, report: &RehearsalReport) {
    output.result(job, |page| match &job.result {
        // what kept it from beginning is told as an error
        Some(_) if job.problem.is_none() || !report.migrations.is_empty() => table(page, report),
        _ => page,
    });
}

fn table(page: Page, report: &RehearsalReport) -> Page {
    let header = Table::of(["migration", "way back", "up", "down", "rows changed", "written anew", "locks"]);
    let rows = report.migrations.iter().fold(header, |table, one| table.row(tone(one.verdict), row(one)));
    let found = report.migrations.iter().flat_map(|one| &one.findings).chain(&report.findings);
    findings(page.table(&rows), found).line(summary(report))
}

fn tone(verdict: RollbackKind) -> Tone {
    match verdict {
        RollbackKind::Proven => Tone::Good,
        RollbackKind::Partial => Tone::Bad,
        RollbackKind::Claimed | RollbackKind::None => Tone::Careful,
    }
}

fn row(one: &Rehearsed) -> [String; 7] {
    let [up, down, rows, anew, locks] = measured(one);
    [one.id.clone(), one.verdict.as_str().to_owned(), up, down, rows, anew, locks]
}

/// What was measured: the time up and down, rows changed, tables written anew, locks.
pub(super) fn measured(one: &Rehearsed) -> [String; 5] {
    [
        words::duration(one.up_ms),
        one.down_ms.map(words::duration).unwrap_or_default(),
        some(&one.rows, rows),
        one.rewritten.as_ref().map_or_else(|| "not told".to_owned(), |tables| some(tables, Clone::clone)),
        one.locks.as_ref().map_or_else(|| "not told".to_owned(), |locks| some(locks, lock)),
    ]
}

/// The first of them, and how many more there are.
fn some<T>(all: &[T], told: impl Fn(&T) -> String) -> String {
    let first: Vec<String> = all.iter().take(NAMED_MAX).map(told).collect();
    match all.len().saturating_sub(NAMED_MAX) {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}

fn rows(table: &TableRows) -> String {
    let number = |rows: Option<u64>| rows.map_or_else(|| "-".to_owned(), |rows| rows.to_string());
    format!("{} ({} to {})", table.table, number(table.before), number(table.after))
}

fn lock(lock: &LockHeld) -> String {
    format!("{} of {} for {}", lock.mode, lock.object, words::duration(lock.held_ms))
}

fn summary(report: &RehearsalReport) -> String {
    if report.migrations.is_empty() {
        return "nothing to rehearse".to_owned();
    }
    let verdicts = &report.verdicts;
    let told = [
        (verdicts.proven, "proven"),
        (verdicts.partial, "partial"),
        (verdicts.claimed, "claimed"),
        (verdicts.none, "none"),
    ];
    let told: Vec<String> =
        told.iter().filter(|(count, _)| *count > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let count = words::count(report.migrations.len(), "migration");
    format!("{count} on {}: {} in {}", report.server, told.join(", "), words::duration(report.execution_time_ms))
}
