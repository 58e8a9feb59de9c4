//! A catalog's folder: every read stays inside it and is bounded.

use std::{
    fs::{self, DirEntry, File},
    io::{self, Read},
    path::PathBuf,
};

use crate::model::finding::Finding;

/// The largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How large most scripts are at most, in bytes.
const SCRIPT_BYTES: usize = 16 * 1024;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// A file or folder, by its own name.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The last part of its path.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// The root of a catalog.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    buffer: Vec<u8>,
}

impl Folder {
    /// The catalog at `path`, links followed.
    pub fn open(path: &std::path::Path) -> io::Result<Self> {
        Ok(Self { root: path.canonicalize()?, buffer: Vec::new() })
    }

    /// The same catalog for another thread.
    pub fn beside(&self) -> Self {
        Self { root: self.root.clone(), buffer: Vec::new() }
    }

    /// Whether there is a file at `place`.
    pub fn has(&self, place: &str) -> bool {
        self.root.join(place).is_file()
    }

    /// What lies at `place`, by name. Names that begin with a dot are passed over; what cannot be used (a link out of
    /// the catalog, a pipe, a name that is not UTF-8) becomes a fault.
    pub fn list(&self, place: &str, faults: &mut Vec<Finding>) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.root.join(place))? {
            match self.entry(place, &entry?) {
                Ok(entry) => entries.extend(entry),
                Err(fault) => faults.push(fault),
            }
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn entry(&self, parent: &str, entry: &DirEntry) -> Result<Option<Entry>, Finding> {
        let name = entry.file_name();
        let place = if parent.is_empty() {
            name.to_string_lossy().into_owned()
        } else {
            format!("{parent}/{}", name.to_string_lossy())
        };
        let Ok(name) = name.into_string() else {
            return Err(Finding::critical("not-utf8", place, "the name is not UTF-8").remedy("rename it"));
        };
        if name.starts_with('.') {
            return Ok(None);
        }
        let kind = self.kind(entry, &place)?;
        Ok(Some(Entry { name, kind }))
    }

    fn kind(&self, entry: &DirEntry, place: &str) -> Result<Kind, Finding> {
        let mut file_type = entry.file_type().map_err(|error| unreadable(place, &error))?;
        if file_type.is_symlink() {
            let end = entry.path().canonicalize().map_err(|error| unreadable(place, &error))?;
            if !end.starts_with(&self.root) {
                let message = format!("the link leads out of the catalog, to {}", end.display());
                return Err(
                    Finding::critical("outside-catalog", place, message).remedy("copy the file into the catalog")
                );
            }
            file_type = end.metadata().map_err(|error| unreadable(place, &error))?.file_type();
        }
        match (file_type.is_file(), file_type.is_dir()) {
            (true, _) => Ok(Kind::File),
            (_, true) => Ok(Kind::Folder),
            _ => Err(Finding::critical("not-a-file", place, "it is neither a file nor a folder").remedy("remove it")),
        }
    }

    /// The text of the file at `place`. Never more than [`FILE_BYTES_MAX`] is read, whatever the file claims or becomes.
    pub fn read(&mut self, place: &str) -> Result<String, Finding> {
        let bytes = self.bytes(place).map_err(|error| unreadable(place, &error))?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            let message = format!("the file is larger than {} MiB", FILE_BYTES_MAX / (1024 * 1024));
            return Err(Finding::critical("too-large", place, message).remedy("split it into several migrations"));
        }
        String::from_utf8(bytes).map_err(|error| {
            let valid = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
            let line = 1 + valid.filter(|byte| **byte == b'\n').count();
            Finding::critical("not-utf8", format!("{place}:{line}"), "the file is not UTF-8").remedy("save it as UTF-8")
        })
    }

    /// At most one byte more than is allowed. They are read into a buffer that is there already, so that it costs nothing to
    /// ask how large the file is, and a copy is no larger than it must be.
    fn bytes(&mut self, place: &str) -> io::Result<Vec<u8>> {
        let file = File::open(self.root.join(place))?;
        let buffer = &mut self.buffer;
        buffer.clear();
        buffer.reserve(SCRIPT_BYTES);
        file.take(FILE_BYTES_MAX + 1).read_to_end(buffer)?;
        Ok(if buffer.len() > SCRIPT_BYTES { std::mem::take(buffer) } else { buffer.clone() })
    }
}

/// The fault of something that cannot be read.
pub fn unreadable(place: &str, error: &io::Error) -> Finding {
    let message = format!("it cannot be read: {error}");
    Finding::critical("unreadable", place, message).remedy("check that it exists and may be read")
}
