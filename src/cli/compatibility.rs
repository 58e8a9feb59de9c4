//! `windlass compatibility`

use semver::Version;

use super::{
    call::Call,
    exit::Exit,
    failure::Failure,
    output::Page,
    table::{Table, Tone},
    words,
};
use crate::model::compatibility::{Compatibility, Matrix, VersionFit};

pub(super) async fn run(call: &Call) -> Result<Exit, Failure> {
    let matrix = call.place()?.matrix().await?;
    call.output.result(&matrix, |page| overview(page, &matrix));
    if matrix.versions.is_none() {
        call.output.note("a server tells how it stands now; against every version, ask where the catalog is");
    }
    Ok(Exit::Fine)
}

fn overview(page: Page, Matrix { compatibility: now, versions }: &Matrix) -> Page {
    let header = Table::of(["database", "migrations", "application from", "to", "fits", ""]);
    let rows = versions.iter().flatten().fold(header, |table, fit| {
        let tone = if fit.compatible { Tone::Good } else { Tone::Plain };
        table.row(tone, row(fit, now))
    });
    page.table(&rows).line(format!(
        "application {} with a database at {}: {}",
        now.backend_version,
        words::version(now.actual_db_version.as_ref()),
        now.reason
    ))
}

fn row(fit: &VersionFit, now: &Compatibility) -> [String; 6] {
    let any = |version: &Option<Version>| version.as_ref().map_or_else(|| "any".to_owned(), Version::to_string);
    let here = now.actual_db_version.as_ref() == Some(&fit.db_version);
    let wanted = now.required_db_version == fit.db_version;
    let mark = match (here, wanted) {
        (true, true) => "now, required",
        (true, false) => "now",
        (false, true) => "required",
        (false, false) => "",
    };
    [
        fit.db_version.to_string(),
        fit.migrations.to_string(),
        any(&fit.min_runtime_version),
        any(&fit.max_runtime_version),
        if fit.compatible { "yes" } else { "no" }.to_owned(),
        mark.to_owned(),
    ]
}
