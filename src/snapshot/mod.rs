//! Archives: a manifest and a payload in a folder.
//!
//! ```text
//! 01J9Z3M8T6W1X0Y5V4Q2N7KCBD.json        the manifest; written last: without it there is no snapshot
//! 01J9Z3M8T6W1X0Y5V4Q2N7KCBD.db.zst      the payload: the native dump, compressed with zstd
//! 01J9Z3M8T6W1X0Y5V4Q2N7KCBD.db.zst.part on its way, or left over from a crash
//! ```
//!
//! Every file is for its owner alone (mode 600, the folder 700), and is on the disk before its name is: content, fsync,
//! rename, fsync of the folder.

mod error;
mod folder;
mod names;
mod read;
mod write;

pub use self::{
    error::ArchiveError,
    folder::{Folder, Listing},
    write::Written,
};
