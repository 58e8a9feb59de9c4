//! `windlass snapshot restore`

use clap::Args;
use serde::Deserialize;

use crate::{
    cli::{
        call::Call,
        carry_out::{carry_out, outcome},
        confirm::confirm,
        exit::Exit,
        failure::Failure,
        output::Page,
        run_report::findings,
        table::{Table, Tone},
        words,
    },
    model::{
        archive::{RestoreReport, SpaceNeed, TableChange},
        order::{self, Order},
        snapshot::SnapshotId,
    },
};

/// Put one in the place of the database, or of another one
#[derive(Debug, Args)]
pub struct Restore {
    /// Which
    pub id: SnapshotId,
    /// Into this other database of the same server (for SQLite: this file), which is made when it is missing
    #[arg(long, value_name = "NAME")]
    pub into: Option<String>,
    /// Show what would change, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Go on without a snapshot of a state that cannot be copied any more, over another database that is not empty, and where
    /// it may not fit
    #[arg(long)]
    pub force: bool,
}

pub(super) async fn run(words: Restore, call: &Call) -> Result<Exit, Failure> {
    let Restore { id, into, dry_run, force } = words;
    let place = call.place()?;
    if !dry_run {
        let over = into.clone().unwrap_or_else(|| place.database());
        confirm(
            call,
            &format!("Put snapshot {id} in the place of database {over}? What came after it is lost there."),
        )?;
    }
    let order = Order::Restore(order::Restore { snapshot: id, into, dry_run, force });
    let job = carry_out(call, &place, &order, None).await?;
    let report = job.result.as_ref().and_then(|result| RestoreReport::deserialize(result).ok());
    call.output.result(&job, |page| page.all(&report, printed));
    outcome(&job)
}

fn printed(page: Page, report: &RestoreReport) -> Page {
    let page = page.table(&changes(&report.tables)).table(&space(&report.space));
    let page = match &report.validation {
        Some(validation) => findings(page, validation.critical_issues.iter().chain(&validation.warnings)),
        None => page,
    };
    let (from, to) = (words::version(report.from.as_ref()), words::version(report.to.as_ref()));
    let place = report.into.as_deref().unwrap_or("the database");
    let page = page.line(if report.dry_run {
        format!("{place} would go from {from} to {to}; nothing was changed")
    } else {
        format!("{place} went from {from} to {to} in {}", words::duration(report.execution_time_ms))
    });
    page.all(&report.before, |page, before| page.line(format!("the state before is snapshot {before}")))
}

fn changes(tables: &[TableChange]) -> Table {
    let rows = |count: Option<u64>| count.map_or_else(|| "none".to_owned(), |count| count.to_string());
    tables.iter().fold(Table::of(["table", "rows now", "rows then"]), |table, change| {
        table.row(Tone::Careful, [change.table.clone(), rows(change.rows_now), rows(change.rows_then)])
    })
}

fn space(needs: &[SpaceNeed]) -> Table {
    needs.iter().fold(Table::of(["room for", "where", "needed", "free"]), |table, need| {
        let free = need.free_bytes.map_or_else(|| "not seen from here".to_owned(), words::size);
        table.row(Tone::Plain, [need.purpose.clone(), need.place.clone(), words::size(need.needed_bytes), free])
    })
}
