//! Where files lie: the few verbs that a folder and a bucket both know. All of them block.

use std::{
    fmt,
    io::{self, Read, Write},
    path::Path,
};

use super::{ArchiveError, measure::Measure};

/// Writes what a file is to hold, and says what it was.
pub(super) type Fill<'a> = dyn FnMut(&mut dyn Write) -> io::Result<Measure> + 'a;

/// Where files lie. A name is one of `names`, never a path.
pub(super) trait Store: fmt::Debug + Send + Sync {
    /// Where a file is, for a person.
    fn place_of(&self, name: &str) -> String;

    /// The folder of this machine that it is, if it is one.
    fn folder(&self) -> Option<&Path> {
        None
    }

    /// The names of all files; also of those that are not ours. None when there is no such place yet.
    fn names(&self) -> Result<Vec<String>, ArchiveError>;

    /// Files of a few kilobytes, each as a whole; `None` for one that is not there.
    fn small(&self, names: &[String]) -> Vec<Result<Option<Vec<u8>>, ArchiveError>>;

    /// Writes a file as a stream. It gets its name when it is whole and safe; what fails leaves nothing under that name.
    fn stream(&self, name: &str, fill: &mut Fill<'_>) -> Result<Measure, ArchiveError>;

    /// Writes a small file that is not there yet; `false` when it is.
    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, ArchiveError>;

    /// Writes a small file, in the place of what there is.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError>;

    /// A file's size; `None` when it is not there.
    fn size(&self, name: &str) -> Result<Option<u64>, ArchiveError>;

    /// Opens a file to be read; `None` when it is not there.
    fn open(&self, name: &str) -> Result<Option<Box<dyn Stored>>, ArchiveError>;

    /// Removes files, in this order; those that are gone already are none to it. What is gone stays so through a power cut.
    fn delete(&self, names: &[String]) -> Result<(), ArchiveError>;

    /// Removes what writes that were cut off left outside of [`Store::names`], and tells what it was.
    fn sweep(&self) -> Result<Vec<String>, ArchiveError>;
}

/// An open file. Whatever happens to its name, it stays the same one, or reading fails.
pub(super) trait Stored: Read + Send {
    /// Its size.
    fn size(&self) -> u64;

    /// Back to its beginning.
    fn rewind(&mut self) -> io::Result<()>;
}
