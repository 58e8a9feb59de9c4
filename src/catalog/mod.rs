//! Migrations on disk.
//!
//! A format (`format/`, a file for each layout) turns files into drafts; everything after that is the same for all of
//! them: the versions of numbered histories (`releases.rs`), duplicates and order (`order.rs`), statements and
//! checksums (`build.rs`). Every fault is collected and told at once.

mod backfill;
mod build;
mod declared;
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
mod template;
mod testing;
mod topology;
mod words;

use std::{collections::HashMap, path::Path};

pub use declared::declared;
pub use error::CatalogError;
pub use folder::FILE_BYTES_MAX;
pub use name::{NAME_CHARS_MAX, NotAName};
pub use scaffold::{Scaffold, scaffold};
pub use template::{Blanks, Files, Template};
pub use testing::tests;

use crate::{
    config::{self, CatalogFormat},
    model::{
        catalog::Catalog,
        checksum::Checksum,
        finding::{Finding, Severity},
    },
    sql::Dialect,
};
use build::Cutting;
use draft::Draft;
use folder::{Entry, Kind};
use reader::{METADATA, Reader};

/// What was applied, by identity, with what its text was then.
pub type Known = HashMap<String, Checksum>;

/// A catalog whose files are read and whose scripts are not cut into statements yet.
#[derive(Debug)]
pub struct Uncut {
    drafts: Vec<Draft>,
    findings: Vec<Finding>,
    dialect: Dialect,
    opt_out: &'static str,
    has_own_metadata: bool,
}

/// Reads all migrations of a folder, in the order in which they are applied.
///
/// As [`read`], then [`Uncut::cut`] with nothing known.
///
/// # Errors
/// As those two.
pub fn load(path: &Path, format: CatalogFormat, dialect: Dialect) -> Result<Catalog, CatalogError> {
    let settings = config::Catalog { path: path.to_owned(), format, ..config::Catalog::default() };
    read(&settings, dialect)?.cut(&Known::new())
}

/// Reads the files of a folder, and puts the migrations in order.
///
/// Blocks on the file system: from async code call it on a blocking thread. Each file is read once.
///
/// # Errors
/// [`CatalogError::Folder`] when the folder cannot be read. What is wrong in it is told by [`Uncut::cut`].
pub fn read(settings: &config::Catalog, dialect: Dialect) -> Result<Uncut, CatalogError> {
    let config::Catalog { path, format, placeholders, .. } = settings;
    let unreadable = |source| CatalogError::Folder { path: path.display().to_string(), source };
    let (mut reader, mut entries) = Reader::open(path, dialect).map_err(unreadable)?;
    entries.retain(|entry| !declared::is_declared(&entry.name));
    reader.placeholders.clone_from(placeholders);
    let format = format::choose(*format, &mut reader, &entries);
    let has_own_metadata = format.has_own_metadata();
    let is_metadata = |entry: &Entry| entry.kind == Kind::File && entry.name == METADATA;
    let metadata = entries.extract_if(.., |entry| !has_own_metadata && is_metadata(entry)).next();
    let mut drafts = (format.read)(&mut reader, &entries);
    releases::assign(&mut reader, &mut drafts, &entries);
    if metadata.is_some() {
        metadata::describe(&mut reader, &mut drafts);
    }
    let drafts = order::arrange(drafts, &mut reader.findings);
    Ok(Uncut { drafts, findings: reader.findings, dialect, opt_out: format.opt_out, has_own_metadata })
}

impl Uncut {
    /// How many migrations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.drafts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// Cuts the scripts. What is `known` and has not changed by a byte since is left uncut, and has no statements: it was cut
    /// when it was applied, and takes longer to cut again than everything else that is read. So do this for a look alone.
    ///
    /// An empty folder is an empty catalog. What is odd but harmless comes back as the catalog's findings.
    ///
    /// # Errors
    /// [`CatalogError::Faults`] with everything that is wrong, by the order of the stages: files, names and metadata,
    /// versions, dependencies, statements.
    pub fn cut(self, known: &Known) -> Result<Catalog, CatalogError> {
        let Self { drafts, mut findings, dialect, opt_out, has_own_metadata } = self;
        let mut migrations = Vec::with_capacity(drafts.len());
        let cutting = Cutting { dialect, opt_out, has_own_metadata, known };
        for (built, found) in shares::in_shares(drafts, |drafts| build::migrations(drafts, cutting)) {
            migrations.extend(built);
            findings.extend(found);
        }
        let (faults, findings) = by_weight(findings);
        if faults.is_empty() { Ok(Catalog { migrations, findings }) } else { Err(CatalogError::Faults(faults)) }
    }
}

/// What blocks, and the rest.
fn by_weight(findings: Vec<Finding>) -> (Vec<Finding>, Vec<Finding>) {
    findings.into_iter().partition(|finding| finding.severity == Severity::Critical)
}
