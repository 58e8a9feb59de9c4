//! `windlass compatibility`

use semver::Version;
use serde::Serialize;

use super::{
    call::Call,
    exit::Exit,
    failure::Failure,
    output::Page,
    table::{Table, Tone},
    words,
};
use crate::{
    catalog, engine,
    model::{
        catalog::Catalog,
        compatibility::{Compatibility, CompatibilityPolicy},
    },
};

/// Whether the application can work with one version of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The version of the database.
    pub db_version: Version,
    /// How many migrations lead to it from the version before.
    pub migrations: usize,
    /// The oldest application that can work with everything applied up to it; `None` for any.
    pub min_runtime_version: Option<Version>,
    /// The newest; `None` for any.
    pub max_runtime_version: Option<Version>,
    /// Whether this application can.
    pub compatible: bool,
}

/// The whole matrix, with how it stands now.
#[derive(Serialize)]
struct Matrix<'a> {
    compatibility: &'a Compatibility,
    versions: &'a [Row],
}

/// Every version of the catalog, oldest first, against an application that requires `required`.
#[must_use]
pub fn matrix(catalog: &Catalog, application: &Version, required: &Version, policy: CompatibilityPolicy) -> Vec<Row> {
    let mut versions: Vec<&Version> = catalog.migrations.iter().map(|m| &m.identity.version).collect();
    versions.sort();
    versions.dedup();
    versions
        .into_iter()
        .map(|version| {
            let applied = || catalog.migrations.iter().filter(|m| m.identity.version <= *version);
            let min = applied().filter_map(|m| m.min_runtime_version.as_ref()).max();
            let max = applied().filter_map(|m| m.max_runtime_version.as_ref()).min();
            let compatible = match policy {
                CompatibilityPolicy::Exact => version == required,
                CompatibilityPolicy::Range => {
                    min.is_none_or(|min| min <= application) && max.is_none_or(|max| application <= max)
                }
            };
            Row {
                db_version: version.clone(),
                migrations: applied().filter(|m| m.identity.version == *version).count(),
                min_runtime_version: min.cloned(),
                max_runtime_version: max.cloned(),
                compatible,
            }
        })
        .collect()
}

pub(super) async fn run(call: &Call) -> Result<Exit, Failure> {
    let app = call.app()?;
    let now = app.enquiry.compatibility().await?;
    let settings = &app.config.catalog;
    let dialect = engine::at(&app.config.target.url)?.dialect();
    let catalog = catalog::load(&settings.path, settings.format, dialect)?;
    let versions = matrix(&catalog, &now.backend_version, &now.required_db_version, app.config.policy.compatibility);
    call.output.result(&Matrix { compatibility: &now, versions: &versions }, |page| table(page, &now, &versions));
    Ok(Exit::Fine)
}

fn table(page: Page, now: &Compatibility, versions: &[Row]) -> Page {
    let header = Table::of(["database", "migrations", "application from", "to", "fits", ""]);
    let rows = versions.iter().fold(header, |table, row| {
        let any = |version: &Option<Version>| version.as_ref().map_or_else(|| "any".to_owned(), Version::to_string);
        let here = now.actual_db_version.as_ref() == Some(&row.db_version);
        let wanted = now.required_db_version == row.db_version;
        let mark = match (here, wanted) {
            (true, true) => "now, required",
            (true, false) => "now",
            (false, true) => "required",
            (false, false) => "",
        };
        table.row(
            if row.compatible { Tone::Good } else { Tone::Plain },
            [
                row.db_version.to_string(),
                row.migrations.to_string(),
                any(&row.min_runtime_version),
                any(&row.max_runtime_version),
                if row.compatible { "yes" } else { "no" }.to_owned(),
                mark.to_owned(),
            ],
        )
    });
    page.table(&rows).line(format!(
        "application {} with a database at {}: {}",
        now.backend_version,
        words::version(now.actual_db_version.as_ref()),
        now.reason
    ))
}
