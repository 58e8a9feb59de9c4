//! `windlass status`

use super::{
    call::Call,
    exit::Exit,
    failure::Failure,
    output::Page,
    run_report::findings,
    table::{Table, Tone},
    words,
};
use crate::model::{
    history::{Applied, Unfinished},
    job::Job,
    status::Status,
};

/// How many of the newest migrations, jobs and snapshots are shown; the rest is in the JSON.
const SHOWN_MAX: usize = 10;

pub(super) async fn run(call: &Call) -> Result<Exit, Failure> {
    let status = call.place()?.status().await?;
    call.output.result(&status, |page| overview(page, &status));
    Ok(Exit::Fine)
}

fn overview(page: Page, status: &Status) -> Page {
    let fit = &status.compatibility;
    let page = page
        .line(format!("target       {} ({})", status.target, status.server))
        .line(format!("version      {}", words::version(fit.actual_db_version.as_ref())))
        .line(format!("required     {} by application {}", fit.required_db_version, fit.backend_version))
        .line(format!("compatible   {}: {}", if fit.compatible { "yes" } else { "no" }, fit.reason))
        .line(format!("pending      {}", pending(&status.pending)));
    let page = page.all(&status.unfinished, |page, left| {
        let page = page.line(format!("interrupted  {}; {}", interrupted(left), left.next_step));
        left.choices.iter().fold(page, |page, way| page.line(format!("             {}: {}", way.command, way.effect)))
    });
    let page = page.all(&status.lock, |page, holder| page.line(format!("lock         {holder}")));
    let page = page.all(&status.audit, |page, head| page.line(format!("audit        {head}")));
    let page = page.all(&status.running, |page, job| {
        page.line(format!(
            "running      {} {}: {} ({} %)",
            job.kind.as_str(),
            job.id,
            job.progress.step,
            job.progress.percentage
        ))
    });
    let newest = status.recent.iter().find_map(|job| job.log_file.as_deref());
    let page = page.all(newest, |page, file| page.line(format!("log          {file}")));
    let page = findings(page, &status.drift);
    page.table(&applied(&status.applied)).table(&jobs(&status.recent)).table(&snapshots(status))
}

fn interrupted(left: &Unfinished) -> String {
    if left.snapshot.is_some() {
        return left.migration.clone();
    }
    let place = left.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    format!(
        "{} ({}){place}, {}{} done",
        left.migration,
        left.direction.as_str(),
        words::count(left.statements_done as usize, "statement"),
        left.backfill.as_ref().map(|left| format!(" and {left}")).unwrap_or_default(),
    )
}

fn pending(pending: &[String]) -> String {
    match pending {
        [] => "nothing".to_owned(),
        some => format!("{}: {}", words::count(some.len(), "migration"), some.join(", ")),
    }
}

fn applied(applied: &[Applied]) -> Table {
    let newest = applied.iter().rev().take(SHOWN_MAX);
    newest.fold(Table::of(["#", "version", "applied", "by", "migration"]), |table, row| {
        table.row(
            if row.success { Tone::Plain } else { Tone::Bad },
            [
                row.number.to_string(),
                row.version.to_string(),
                words::moment(row.applied_at),
                row.applied_by.clone().unwrap_or_default(),
                row.name.clone().unwrap_or_else(|| row.description.clone()),
            ],
        )
    })
}

fn jobs(jobs: &[Job]) -> Table {
    let newest = jobs.iter().take(SHOWN_MAX);
    newest.fold(Table::of(["job", "kind", "state", "by", "begun"]), |table, job| {
        let tone = if job.problem.is_some() { Tone::Bad } else { Tone::Plain };
        table.row(
            tone,
            [
                job.id.to_string(),
                job.kind.as_str().to_owned(),
                job.state.as_str().to_owned(),
                job.requested_by.clone(),
                words::moment(job.started_at.unwrap_or(job.created_at)),
            ],
        )
    })
}

fn snapshots(status: &Status) -> Table {
    super::snapshot::table(status.snapshots.iter().take(SHOWN_MAX))
}
