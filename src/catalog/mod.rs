//! Migrations on disk.
//!
//! A format (`format/`, a file for each layout) turns files into drafts; everything after that is the same for all of
//! them: the versions of numbered histories (`releases.rs`), duplicates and order (`order.rs`), statements and
//! checksums (`build.rs`). Every fault is collected and told at once.

mod backfill;
mod build;
mod dependencies;
mod draft;
mod error;
mod fields;
mod folder;
mod format;
mod metadata;
mod name;
mod order;
mod reader;
mod releases;
mod scaffold;
mod shares;
mod topology;
mod words;

use std::path::Path;

pub use error::CatalogError;
pub use folder::FILE_BYTES_MAX;
pub use name::{NAME_CHARS_MAX, NotAName};
pub use scaffold::scaffold;

use crate::{
    config::CatalogFormat,
    model::{
        catalog::Catalog,
        finding::{Finding, Severity},
    },
    sql::Dialect,
};
use reader::Reader;

/// Reads all migrations of a folder, in the order in which they are applied.
///
/// Blocks on the file system: from async code call it on a blocking thread. Each file is read once. An empty folder
/// is an empty catalog. What is odd but harmless comes back as the catalog's findings.
///
/// # Errors
/// [`CatalogError::Folder`] when the folder cannot be read; [`CatalogError::Faults`] with everything that is wrong
/// in it, by the order of the stages: files, names and metadata, versions, dependencies, statements.
pub fn load(path: &Path, format: CatalogFormat, dialect: Dialect) -> Result<Catalog, CatalogError> {
    let unreadable = |source| CatalogError::Folder { path: path.display().to_string(), source };
    let (mut reader, entries) = Reader::open(path, dialect).map_err(unreadable)?;
    let format = format::choose(format, &mut reader, &entries);
    let mut drafts = (format.read)(&mut reader, &entries);
    releases::assign(&mut reader, &mut drafts, &entries);
    let drafts = order::arrange(drafts, &mut reader.findings);
    let mut migrations = Vec::with_capacity(drafts.len());
    for (built, findings) in shares::in_shares(drafts, |drafts| build::migrations(drafts, dialect, format.opt_out)) {
        migrations.extend(built);
        reader.findings.extend(findings);
    }
    let (faults, findings) = by_weight(reader.findings);
    if faults.is_empty() { Ok(Catalog { migrations, findings }) } else { Err(CatalogError::Faults(faults)) }
}

/// What blocks, and the rest.
fn by_weight(findings: Vec<Finding>) -> (Vec<Finding>, Vec<Finding>) {
    findings.into_iter().partition(|finding| finding.severity == Severity::Critical)
}
