//! `windlass snapshot prune`

use clap::Args;
use serde::Deserialize;

use crate::{
    cli::{
        call::Call,
        carry_out::{carry_out, outcome},
        confirm::confirm,
        exit::Exit,
        failure::Failure,
        table::{Table, Tone},
        words,
    },
    model::{
        archive::{PruneReport, PruneRule},
        order::Order,
    },
};

/// Let go of old ones; never of the last good one, nor of one that is needed to go back [default: as configured]
#[derive(Debug, Args)]
pub struct Prune {
    /// Only those that are older than so many days
    #[arg(long, value_name = "DAYS")]
    pub older_than_days: Option<u32>,
    /// None of the newest so many
    #[arg(long, value_name = "N")]
    pub keep: Option<u32>,
    /// Only those with this tag
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Show which, remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

pub(super) async fn run(words: Prune, call: &Call) -> Result<Exit, Failure> {
    let Prune { older_than_days, keep, tag, dry_run } = words;
    let place = call.place()?;
    if !dry_run {
        confirm(call, "Remove snapshots for good? (--dry-run shows which)")?;
    }
    let order = Order::Prune { rule: PruneRule { older_than_days, keep, tag }, dry_run };
    let job = carry_out(call, &place, &order, None).await?;
    let report = job.result.as_ref().and_then(|result| PruneReport::deserialize(result).ok()).unwrap_or_default();
    call.output.result(&job, |page| page.table(&table(&report)).line(summary(&report)));
    outcome(&job)
}

fn table(report: &PruneReport) -> Table {
    let table = Table::of(["snapshot", "made", "what becomes of it"]);
    let gone = if report.dry_run { "would go" } else { "removed" };
    let table = report.removed.iter().fold(table, |table, pruned| {
        table.row(Tone::Careful, [pruned.id.to_string(), words::moment(pruned.created_at), gone.to_owned()])
    });
    report.kept_back.iter().fold(table, |table, kept| {
        table.row(Tone::Plain, [kept.id.to_string(), String::new(), format!("kept: {}", kept.reason)])
    })
}

fn summary(report: &PruneReport) -> String {
    let (went, freed) = (words::count(report.removed.len(), "snapshot"), words::size(report.freed_bytes));
    if report.dry_run {
        format!("{went} would go, {freed} in all; {} would be left", report.left)
    } else {
        format!("{went} removed, {freed} in all; {} left", report.left)
    }
}
