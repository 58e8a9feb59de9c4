//! Archives: a manifest and a payload in a folder.

/// An archive cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// What lies there is not what its manifest says.
    #[error("snapshot {id} is damaged: {difference}")]
    Damaged {
        /// Which.
        id: String,
        /// Where.
        difference: String,
    },
    /// No such snapshot.
    #[error("there is no snapshot {0}")]
    Missing(crate::model::snapshot::SnapshotId),
}
