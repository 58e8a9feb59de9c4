//! `windlass test`

use clap::Args;
use serde::Deserialize;

use super::{
    call::Call,
    carry_out::{carry_out, outcome},
    exit::Exit,
    failure::Failure,
    output::Page,
    table::{Table, Tone},
    words,
};
use crate::model::{
    order::Order,
    testing::{TestFailure, TestOutcome, TestReport, Tested, Tests},
};

/// Run the migrations' own tests in a scratch database
///
/// A test is test.sql in a migration's folder, or test.<engine>.sql. What stands behind the line `-- windlass:test before` is
/// run before the migration; behind `-- windlass:test up`, or without such a line, after it; behind `-- windlass:test down`,
/// after its way back. There each SELECT is an assertion: the first value of its first row must be true. Exits with 0 when every
/// test passes, with 1 otherwise.
#[derive(Debug, Args)]
pub struct Test {
    /// Only these migrations, as `windlass plan` calls them: `v1.2.0_01_add_users`
    #[arg(value_name = "MIGRATION", conflicts_with = "pending")]
    pub migrations: Vec<String>,
    /// Only those that are pending in the database
    #[arg(long)]
    pub pending: bool,
}

pub(super) async fn run(test: Test, call: &Call) -> Result<Exit, Failure> {
    let which = match (test.pending, test.migrations.is_empty()) {
        (true, _) => Tests::Pending,
        (_, true) => Tests::All,
        _ => Tests::Named(test.migrations),
    };
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::Test { which }, None).await?;
    let report = job.result.as_ref().and_then(|result| TestReport::deserialize(result).ok());
    call.output.result(&job, |page| match &report {
        // what kept it from beginning is told as an error
        Some(report) if job.problem.is_none() || !report.tests.is_empty() => shown(page, report),
        _ => page,
    });
    match (outcome(&job)?, report) {
        (Exit::Fine, Some(report)) if !report.overall => Ok(Exit::No),
        (exit, _) => Ok(exit),
    }
}

fn shown(page: Page, report: &TestReport) -> Page {
    let header = Table::of(["migration", "test", "assertions", "time"]);
    let rows = report.tests.iter().fold(header, |table, test| {
        let (tone, word) = match test.outcome {
            TestOutcome::Passed => (Tone::Good, "passed"),
            TestOutcome::Failed => (Tone::Bad, "failed"),
            TestOutcome::NotRun => (Tone::Careful, "not run"),
        };
        let time = words::duration(test.execution_time_ms);
        table.row(tone, [test.id.clone(), word.to_owned(), test.assertions.to_string(), time])
    });
    let failures = report.tests.iter().flat_map(|test: &Tested| &test.failures);
    let page = page.table(&rows).all(failures, |page, TestFailure { place, moment, statement, message, .. }| {
        let page = page.line(format!("{place} ({moment}): {message}"));
        if statement.is_empty() { page } else { page.sql(statement) }
    });
    page.line(summary(report))
}

fn summary(report: &TestReport) -> String {
    let untested = match report.without_test.len() {
        0 => String::new(),
        count => format!("; {} without a test", words::count(count, "migration")),
    };
    if report.tests.is_empty() {
        return format!("nothing to test{untested}");
    }
    let passed = report.tests.iter().filter(|test| test.outcome == TestOutcome::Passed).count();
    let all = words::count(report.tests.len(), "test");
    let time = words::duration(report.execution_time_ms);
    format!("{passed} of {all} passed on {}, in {time}{untested}", report.server)
}
