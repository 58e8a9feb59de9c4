//! What can go wrong with an archive, and what to do then.

use std::{io, path::Path};

use crate::{config::OwnSecretError, model::snapshot::SnapshotId};

/// An archive cannot be written or read. No variant holds a secret.
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
    /// The object store does not do what it is asked.
    #[error("{place}: {reason}")]
    Remote {
        /// Which object, or which part of the store.
        place: String,
        /// Why.
        reason: String,
    },
    /// The place of the snapshots cannot be used as it is configured.
    #[error("snapshots.url cannot be used: {reason}")]
    Address {
        /// Why.
        reason: String,
    },
    /// A key cannot be used as it is configured. What it is, is not told.
    #[error("{setting} cannot be used: {reason}")]
    Key {
        /// Which setting.
        setting: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The key that windlass made itself cannot be used, or not be made.
    #[error("the key of the snapshots cannot be used")]
    OwnKey(#[from] OwnSecretError),
    /// What lies there is not what its manifest says, or the manifest is not what was written.
    #[error(
        "snapshot {id} is damaged: {difference}; use another one, and keep this one's files for whoever looks into it"
    )]
    Damaged {
        /// Which.
        id: String,
        /// Where.
        difference: String,
    },
    /// It was made with a key that is not configured here.
    #[error(
        "snapshot {id} was made with another key ({made_with}); here is {ours}: name that key in snapshots.identity_file or \
         snapshots.passphrase_file (an identity file may hold several), or open the payload by hand with whoever's key it is"
    )]
    WrongKey {
        /// Which.
        id: String,
        /// The key it says it was made with.
        made_with: String,
        /// The keys that are configured.
        ours: String,
    },
    /// There is no key at all.
    #[error(
        "snapshot {id} was made with the key {made_with}, and {path} is not there: put the key back from where it is kept, or name it \
         in snapshots.identity_file"
    )]
    KeyMissing {
        /// Which.
        id: String,
        /// The key it says it was made with.
        made_with: String,
        /// Where the key would lie.
        path: String,
    },
    /// A manifest is authentic and cannot be read.
    #[error(
        "the manifest of snapshot {id} cannot be read: {reason}; its payload may still be opened by hand with age and zstd"
    )]
    Unreadable {
        /// Which.
        id: String,
        /// Why.
        reason: String,
    },
    /// What was learned of a snapshot is lost; the snapshot itself is as good as it was.
    #[error("the marks of snapshot {id} cannot be used: {reason}; the snapshot itself can")]
    Marks {
        /// Which.
        id: String,
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
    /// Whoever took what is in it has stopped, for a reason of its own.
    #[error("nobody takes what is in snapshot {id} any more")]
    Unread {
        /// Which.
        id: String,
    },
    /// It was made without a portable export.
    #[error("snapshot {0} has no export")]
    NoExport(SnapshotId),
}

impl ArchiveError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }

    pub(super) fn damaged(id: SnapshotId, difference: impl Into<String>) -> Self {
        Self::Damaged { id: id.to_string(), difference: difference.into() }
    }
}
