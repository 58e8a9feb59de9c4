//! What can go wrong with an archive, and what to do then.

use std::{io, path::Path};

use crate::model::snapshot::SnapshotId;

/// An archive cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// What lies there is not what its manifest says.
    #[error(
        "snapshot {id} is damaged: {difference}; use another one, and keep this one's files for whoever looks into it"
    )]
    Damaged {
        /// Which.
        id: String,
        /// Where.
        difference: String,
    },
    /// A manifest is there and cannot be read.
    #[error("the manifest {path} cannot be read: {reason}; its payload may still be opened by hand with zstd")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The folder, or a file in it, is a symbolic link: what is written through it would land somewhere else.
    #[error("{path} is a symbolic link; name the place it leads to in the configuration")]
    Link {
        /// Which.
        path: String,
    },
    /// A snapshot is never written over.
    #[error("there is a snapshot {0} already")]
    Exists(SnapshotId),
    /// No such snapshot.
    #[error("there is no snapshot {0}")]
    Missing(SnapshotId),
}

impl ArchiveError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }

    pub(super) fn damaged(id: SnapshotId, difference: impl Into<String>) -> Self {
        Self::Damaged { id: id.to_string(), difference: difference.into() }
    }
}
