//! `windlass snapshot verify`

use clap::Args;
use serde::Deserialize;

use crate::{
    cli::{
        call::Call,
        carry_out::{carry_out, outcome},
        exit::Exit,
        failure::Failure,
        table::{Table, Tone},
        words,
    },
    model::{
        archive::{Verdict, VerifyReport},
        order::Order,
        snapshot::SnapshotId,
    },
};

/// Read them again and compare them with their manifests
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["id", "all"])))]
pub struct Verify {
    /// Which
    pub id: Option<SnapshotId>,
    /// All of them
    #[arg(long)]
    pub all: bool,
    /// Also restore into a scratch database, and compare schema, rows and contents
    #[arg(long)]
    pub deep: bool,
}

pub(super) async fn run(words: &Verify, call: &Call) -> Result<Exit, Failure> {
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::Verify { snapshot: words.id, deep: words.deep }, None).await?;
    let report = job.result.as_ref().and_then(|result| VerifyReport::deserialize(result).ok()).unwrap_or_default();
    call.output.result(&job, |page| {
        page.table(&report.verdicts.iter().fold(Table::of(["snapshot", "verdict"]), |table, verdict| {
            let tone = if verdict.whole { Tone::Good } else { Tone::Bad };
            table.row(tone, [verdict.id.to_string(), in_words(verdict)])
        }))
    });
    let damaged = report.verdicts.iter().any(|verdict| !verdict.whole);
    outcome(&job).map_err(|failure| if damaged { failure.exits(Exit::Critical) } else { failure })
}

fn in_words(verdict: &Verdict) -> String {
    match (&verdict.reason, verdict.restore_ms) {
        (Some(reason), _) => reason.clone(),
        (None, Some(ms)) => format!("whole; restored in {}", words::duration(ms)),
        (None, None) => "whole".to_owned(),
    }
}
