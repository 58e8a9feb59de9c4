//! `windlass analytics`

use super::{
    call::Call,
    exit::Exit,
    failure::Failure,
    output::Page,
    table::{Table, Tone},
    words,
};
use crate::model::analytics::{Analytics, KindTimes, MigrationTimes, Times};

pub(super) async fn run(call: &Call) -> Result<Exit, Failure> {
    let analytics = call.place()?.analytics().await?;
    call.output.result(&analytics, |page| overview(page, &analytics));
    Ok(Exit::Fine)
}

fn overview(page: Page, analytics: &Analytics) -> Page {
    if analytics.jobs == 0 {
        return page.line("nothing was done here yet");
    }
    let kinds = Table::of(["job", "succeeded", "failed", "paused", "interrupted", "least", "median", "most", "last"]);
    let kinds = analytics.kinds.iter().fold(kinds, |table, kind| table.row(Tone::Plain, of_kind(kind)));
    let migrations = Table::of(["migration", "direction", "done", "failed", "least", "median", "most"]);
    let migrations =
        analytics.migrations.iter().fold(migrations, |table, one| table.row(Tone::Plain, of_migration(one)));
    page.table(&kinds).table(&migrations)
}

fn of_kind(kind: &KindTimes) -> [String; 9] {
    let [least, median, most] = times(kind.times);
    [
        kind.kind.as_str().to_owned(),
        kind.succeeded.to_string(),
        kind.failed.to_string(),
        kind.paused.to_string(),
        kind.interrupted.to_string(),
        least,
        median,
        most,
        kind.last_at.map(words::moment).unwrap_or_default(),
    ]
}

fn of_migration(migration: &MigrationTimes) -> [String; 7] {
    let [least, median, most] = times(migration.times);
    [
        migration.id.clone(),
        migration.direction.as_str().to_owned(),
        migration.succeeded.to_string(),
        migration.failed.to_string(),
        least,
        median,
        most,
    ]
}

fn times(times: Option<Times>) -> [String; 3] {
    times.map_or_else(Default::default, |times| [times.least_ms, times.median_ms, times.most_ms].map(words::duration))
}
