//! `windlass audit`

use clap::{Args, Subcommand};

use super::{
    call::{Call, open},
    exit::Exit,
    failure::Failure,
    table::{Table, Tone},
    words,
};
use crate::model::{
    audit::{AuditHead, AuditReport},
    status::{LogFilter, LogKind},
};

/// Who asked for what, and what came of it
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Show the newest lines, or those after a place
    List(List),
    /// Look at all of it again: 0 when every line is as it was written, 2 when not
    Verify(Verify),
}

/// Which lines
#[derive(Debug, Args)]
pub struct List {
    /// Only lines after this `seq`, oldest first
    #[arg(long, value_name = "SEQ")]
    pub after: Option<i64>,
    /// At most so many, 1 to 1000
    #[arg(long, value_name = "LINES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// What it must agree with
#[derive(Debug, Args)]
pub struct Verify {
    /// A head that was noted before, as this command or windlass status told it
    #[arg(long, value_name = "NUMBER:SEAL")]
    pub head: Option<AuditHead>,
}

pub(super) async fn run(audit: Audit, call: &Call) -> Result<Exit, Failure> {
    match audit {
        Audit::List(words) => list(&words, call).await,
        Audit::Verify(words) => verify(&words, call).await,
    }
}

async fn list(words: &List, call: &Call) -> Result<Exit, Failure> {
    let filter = LogFilter { kind: Some(LogKind::Audit), after: words.after, limit: Some(words.limit), job: None };
    let lines = call.place()?.logs(&filter).await?;
    call.output.result(&lines, |page| {
        page.table(&lines.iter().fold(Table::of(["line", "when", "who", "what", "job"]), |table, line| {
            let tone = if line.level == "error" { Tone::Bad } else { Tone::Plain };
            table.row(
                tone,
                [
                    line.seq.to_string(),
                    words::moment(line.at),
                    line.actor.clone().unwrap_or_default(),
                    line.message.clone(),
                    line.job.clone().unwrap_or_default(),
                ],
            )
        }))
    });
    Ok(Exit::Fine)
}

async fn verify(words: &Verify, call: &Call) -> Result<Exit, Failure> {
    call.only_here("windlass audit verify")?;
    let report = open(call.settings(&[])?)?.enquiry.verify_audit(words.head.as_ref()).await?;
    call.output.result(&report, |page| page.line(in_words(&report)));
    Ok(if report.whole { Exit::Fine } else { Exit::Critical })
}

fn in_words(report: &AuditReport) -> String {
    let AuditReport { entries, head, fault, .. } = report;
    match fault {
        None => format!("whole: {entries} entries, head {head}"),
        Some(fault) => {
            let place = fault.seq.map(|seq| format!(" (line {seq})")).unwrap_or_default();
            format!("broken at entry {}{place}: {}; the {entries} entries before are whole", fault.number, fault.reason)
        }
    }
}
