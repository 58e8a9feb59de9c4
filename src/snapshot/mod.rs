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

/// STUB
pub struct Folder;
/// STUB
pub struct Written {
    /// x
    pub payload: String,
    /// x
    pub payload_bytes: u64,
    /// x
    pub payload_sha256: String,
    /// x
    pub dump_bytes: u64,
    /// x
    pub dump_sha256: String,
}
#[allow(missing_docs, clippy::all, clippy::pedantic)]
impl Folder {
    pub fn at(_: &std::path::Path) -> Self {
        Self
    }
    pub async fn write(
        &self,
        _: crate::model::snapshot::SnapshotId,
        _: &str,
        mut r: tokio::sync::mpsc::Receiver<bytes::Bytes>,
        _: impl Fn(u64),
    ) -> Result<Written, ArchiveError> {
        while r.recv().await.is_some() {}
        Ok(Written {
            payload: String::new(),
            payload_bytes: 0,
            payload_sha256: String::new(),
            dump_bytes: 0,
            dump_sha256: String::new(),
        })
    }
    pub async fn discard(&self, _: crate::model::snapshot::SnapshotId) {}
    pub async fn publish(&self, _: &crate::model::snapshot::Manifest) -> Result<(), ArchiveError> {
        Ok(())
    }
    pub async fn list(&self) -> Result<Vec<crate::model::snapshot::Manifest>, ArchiveError> {
        Ok(vec![])
    }
    pub async fn find(
        &self,
        id: crate::model::snapshot::SnapshotId,
    ) -> Result<crate::model::snapshot::Manifest, ArchiveError> {
        Err(ArchiveError::Missing(id))
    }
    pub async fn verify(&self, _: crate::model::snapshot::SnapshotId) -> Result<(), ArchiveError> {
        Ok(())
    }
    pub async fn read(
        &self,
        _: crate::model::snapshot::SnapshotId,
        _: tokio::sync::mpsc::Sender<Result<bytes::Bytes, std::io::Error>>,
    ) -> Result<(), ArchiveError> {
        Ok(())
    }
    pub async fn scratch(&self) -> Result<std::path::PathBuf, ArchiveError> {
        Ok(tempdir_stub())
    }
    pub async fn sweep(&self) -> Result<(), ArchiveError> {
        Ok(())
    }
}
fn tempdir_stub() -> std::path::PathBuf {
    let p = std::env::temp_dir().join(format!("windlass-stub-{}", ulid::Ulid::generate()));
    let _ = std::fs::create_dir(&p);
    p
}
