//! Reads the catalog's files for a format, and keeps what is found on the way.

use std::{collections::BTreeMap, io, path::Path};

use super::{
    draft::Source,
    folder::{self, Entry, Folder},
};
use crate::{model::finding::Finding, sql::Dialect};

/// A file that belongs into a catalog, in whatever case, and is not read.
const README: &str = "README.md";

/// A file that belongs into a catalog, and is read where it means something. Only this spelling is.
pub const RELEASES: &str = "releases.toml";
/// What is told beside scripts.
pub const METADATA: &str = "metadata.json";

/// A catalog that is being read.
#[derive(Debug)]
pub struct Reader {
    /// Its root.
    pub folder: Folder,
    /// How its SQL is read, and which of its scripts are meant.
    pub dialect: Dialect,
    /// What `${name}` stands for, by name.
    pub placeholders: BTreeMap<String, String>,
    /// What was found so far, faults and all.
    pub findings: Vec<Finding>,
}

impl Reader {
    /// A reader of the catalog at `path`, and what lies in its root.
    pub fn open(path: &Path, dialect: Dialect) -> io::Result<(Self, Vec<Entry>)> {
        let mut reader =
            Self { folder: Folder::open(path)?, dialect, placeholders: BTreeMap::new(), findings: Vec::new() };
        let entries = reader.folder.list("", &mut reader.findings)?;
        Ok((reader, entries))
    }

    /// Another reader of the same catalog, for a share of it, with nothing found yet.
    pub fn beside(&self) -> Self {
        Self {
            folder: self.folder.beside(),
            dialect: self.dialect,
            placeholders: self.placeholders.clone(),
            findings: Vec::new(),
        }
    }

    /// What lies in a folder of the catalog; nothing, with a fault, when it cannot be read.
    pub fn list(&mut self, place: &str) -> Vec<Entry> {
        let listed = self.folder.list(place, &mut self.findings);
        listed.unwrap_or_else(|error| {
            self.findings.push(folder::unreadable(place, &error));
            Vec::new()
        })
    }

    /// The text of a file; `None`, with a fault, when it cannot be used.
    pub fn source(&mut self, place: &str) -> Option<Source> {
        match self.folder.read(place) {
            Ok(text) => Some(Source { file: place.into(), text }),
            Err(fault) => {
                self.findings.push(fault);
                None
            }
        }
    }

    /// Tells a fault.
    pub fn fault(
        &mut self,
        rule: &str,
        place: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.findings.push(Finding::critical(rule, place, message).remedy(remedy));
    }

    /// Tells of something that is not part of any migration, unless it belongs in a catalog.
    pub fn stray(&mut self, place: &str) {
        if !place.eq_ignore_ascii_case(README) && place != RELEASES {
            let message = "it is not part of any migration and is not read";
            self.findings.push(Finding::info("stray-file", place, message));
        }
    }
}
