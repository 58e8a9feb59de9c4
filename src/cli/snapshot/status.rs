//! `windlass snapshot status`

use chrono::{DateTime, Utc};

use crate::{
    cli::{call::Call, exit::Exit, failure::Failure, output::Page, words},
    model::{
        archive::{ArchiveStatus, Brief, LastVerified},
        snapshot::Scheme,
    },
};

pub(super) async fn run(call: &Call) -> Result<Exit, Failure> {
    let status = call.place()?.archive_status().await?;
    call.output.result(&status, |page| overview(page, &status));
    Ok(if status.problems.is_empty() { Exit::Fine } else { Exit::Critical })
}

fn overview(page: Page, status: &ArchiveStatus) -> Page {
    let sealed = match status.encryption {
        Scheme::Age => "sealed with age",
        Scheme::None => "NOT encrypted (snapshots.encryption)",
    };
    let page = page
        .line(format!("snapshots      {} in {}, {}", status.count, status.place, words::size(status.bytes)))
        .line(format!("new ones are   {sealed}"))
        .line(format!("newest         {}", brief(status.newest.as_ref())))
        .line(format!("last good      {}", brief(status.last_good.as_ref())))
        .line(format!("last verified  {}", verified(status.last_verified.as_ref())))
        .line(format!("next snapshot  {}", due(status.next_snapshot_at)))
        .line(format!("next look      {}", due(status.next_verification_at)));
    status.problems.iter().fold(page, |page, problem| page.line(format!("problem        {problem}")))
}

fn brief(brief: Option<&Brief>) -> String {
    brief.map_or_else(
        || "none".to_owned(),
        |Brief { id, created_at, db_version, .. }| {
            format!("{id} of {}, database {}", words::moment(*created_at), words::version(db_version.as_ref()))
        },
    )
}

fn verified(last: Option<&LastVerified>) -> String {
    last.map_or_else(
        || "none".to_owned(),
        |LastVerified { id, at, restore_ms, .. }| {
            let restored = restore_ms.map(|ms| format!(", restored in {}", words::duration(ms))).unwrap_or_default();
            format!("{id} at {}{restored}", words::moment(*at))
        },
    )
}

fn due(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "only when somebody asks".to_owned(), words::moment)
}
