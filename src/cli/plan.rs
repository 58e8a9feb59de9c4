//! `windlass plan`

mod github;
mod markdown;
mod sarif;
mod spot;

use clap::{Args, ValueEnum};
use semver::Version;

use super::{
    call::Call,
    exit::Exit,
    failure::Failure,
    loss,
    output::{Output, Page},
    place::Place,
    rehearse::measured,
    run_report::{ended, findings},
    table::{Table, Tone},
    words,
};
use crate::model::{
    finding::Finding,
    migration::Direction,
    plan::{self, PlannedMigration, RollbackKind, Route},
};

/// Show what a run would do
#[derive(Debug, Args)]
pub struct Plan {
    /// To this version [default: the one the application requires]
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Version>,
    /// Print the SQL
    #[arg(long)]
    pub sql: bool,
    /// Exit with 1 when a migration is needed
    #[arg(long)]
    pub exit_code: bool,
    /// For whom: sarif for code scanning, markdown for a comment, github for annotations of a workflow
    #[arg(long, value_name = "FORM", default_value = "human")]
    pub format: Format,
    /// Also hold the catalog against this Git branch: numbers given twice, what would come too late, what was changed
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
}

/// For whom a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A person.
    Human,
    /// A program, as --json.
    Json,
    /// A service that shows findings beside the code (SARIF 2.1.0).
    Sarif,
    /// A comment on a change.
    Markdown,
    /// The log of a GitHub workflow.
    Github,
}

pub(super) async fn run(words: Plan, call: &Call) -> Result<Exit, Failure> {
    let place = call.place()?;
    let root = place.catalog();
    match plan(&place, &words).await {
        Ok(plan) => {
            let spots = spot::Spots::of(root, Some(&plan));
            match words.format {
                Format::Human if words.sql => call.output.result(&plan, |page| sql(page, &plan)),
                Format::Human => call.output.result(&plan, |page| overview(page, &plan)),
                Format::Json => Output::json().result(&plan, |page| page),
                Format::Markdown => Output::text(&markdown::written(&plan)),
                form => findings_alone(form, &plan.findings, &spots),
            }
            Ok(exit(&plan, words.exit_code))
        }
        // A catalog that cannot be used is told where the findings are looked for, too.
        Err(failure) => {
            if !failure.blocking.is_empty() {
                findings_alone(words.format, &failure.blocking, &spot::Spots::of(root, None));
            }
            Err(failure)
        }
    }
}

async fn plan(place: &Place, words: &Plan) -> Result<plan::Plan, Failure> {
    let plan = place.plan(words.to.as_ref(), words.sql).await?;
    match &words.base {
        None => Ok(plan),
        Some(base) => Ok(plan.and(place.against_base(base).await?)),
    }
}

/// The forms that hold nothing but findings; silent for another.
fn findings_alone(form: Format, findings: &[Finding], spots: &spot::Spots) {
    match form {
        Format::Sarif => Output::text(&sarif::written(findings, spots)),
        Format::Github => Output::text(&github::written(findings, spots)),
        Format::Human | Format::Json | Format::Markdown => {}
    }
}

/// 2 when something critical was found; 1 when a migration is needed and `--exit-code` asks for it.
#[must_use]
pub fn exit(plan: &plan::Plan, by_need: bool) -> Exit {
    match plan.migration_count() {
        _ if !plan.ready => Exit::Critical,
        count if count > 0 && by_need => Exit::No,
        _ => Exit::Fine,
    }
}

fn sql(page: Page, plan: &plan::Plan) -> Page {
    page.all(plan.hops.iter().flat_map(|hop| &hop.migrations), |page, migration| {
        let page = page.line(format!("-- {} ({})", migration.id, migration.direction.as_str()));
        let statements = migration.statements.iter().filter_map(|statement| statement.sql.as_deref());
        page.all(statements, |page, statement| page.sql(&ended(statement))).line("")
    })
}

fn overview(page: Page, plan: &plan::Plan) -> Page {
    let migrations = plan.hops.iter().flat_map(|hop| &hop.migrations);
    let header = Table::of(["#", "migration", "direction", "statements", "how", "way back", "estimate"]);
    let rows = migrations.fold(header, |table, migration| table.row(Tone::Plain, row(migration)));
    let page = rehearsals(page.table(&rows), plan);
    let page = findings(page, &plan.findings);
    let page = match plan.later.len() {
        0 => page,
        later => page.line(format!("later: {} ({})", words::count(later, "migration"), plan.later.join(", "))),
    };
    let page = match &plan.loss {
        Some(loss) => loss::listed(page, loss),
        None => page,
    };
    let page = page.line(summary(plan));
    match &plan.digest {
        Some(digest) if plan.ready && plan.migration_count() > 0 => page.line(format!("digest: {digest}")),
        _ => page,
    }
}

/// What the latest rehearsals that hold have measured; nothing where there are none.
fn rehearsals(page: Page, plan: &plan::Plan) -> Page {
    let migrations = plan.hops.iter().flat_map(|hop| &hop.migrations);
    let known = migrations.filter_map(|migration| migration.rehearsal.as_ref());
    let header = Table::of(["rehearsed", "when", "up", "down", "rows changed", "written anew", "locks"]);
    page.table(&known.fold(header, |table, one| {
        let [up, down, rows, anew, locks] = measured(one);
        table.row(Tone::Plain, [one.id.clone(), words::moment(one.at), up, down, rows, anew, locks])
    }))
}

/// What the plan's table has of a migration.
fn row(migration: &PlannedMigration) -> [String; 7] {
    let has_backfill = migration.statements.iter().any(|statement| statement.backfill.is_some());
    let how = match migration.route {
        _ if has_backfill => "statements, then rows in batches",
        Route::Whole => "one transaction",
        Route::Journaled => "statement by statement",
    };
    let back = match (migration.rollback, migration.direction) {
        (_, Direction::Down) => "",
        (RollbackKind::Proven, _) => "proven",
        (RollbackKind::Partial, _) => "partial",
        (RollbackKind::Claimed, _) => "down script",
        (RollbackKind::None, _) => "snapshot only",
    };
    [
        migration.number.to_string(),
        migration.id.clone(),
        migration.direction.as_str().to_owned(),
        migration.statements.len().to_string(),
        how.to_owned(),
        back.to_owned(),
        migration.estimated_ms.map(words::duration).unwrap_or_default(),
    ]
}

fn summary(plan: &plan::Plan) -> String {
    let from = words::version(plan.current_version.as_ref());
    let to = words::version(plan.goal_version.as_ref());
    let what = match plan.migration_count() {
        0 => format!("nothing to do: {} is at {from}", plan.target),
        count => format!("{}: from {from} to {to}, {}", plan.target, words::count(count, "migration")),
    };
    if plan.ready {
        what
    } else {
        format!("{what}; it may not begin: {}", words::count(plan.blocking.len(), "finding"))
    }
}
