//! How far the chain goes, written beside the store.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{
    model::audit::AuditHead,
    store::{Store, StoreError},
};

/// The file beside the control store.
const FILE: &str = "audit.head";
/// The digits of its number: its size is always the same, so that it is overwritten in one piece.
const DIGITS: usize = 20;

impl Store {
    fn anchor_file(&self) -> PathBuf {
        self.path().with_file_name(FILE)
    }

    /// What was written beside the store; `None` when nothing was.
    pub(super) async fn anchor(&self) -> Result<Option<AuditHead>, StoreError> {
        let path = self.anchor_file();
        let read = on_a_thread(move || read(&path)).await;
        read.map_err(|error| self.no_anchor(&error))
    }

    /// Writes the new head, unless the one that is written says that the chain was another: then that one is the proof, and
    /// stays. What cannot be written is told: the chain itself is whole without it.
    pub(super) async fn move_anchor(&self, before: &AuditHead, after: &AuditHead) {
        match self.anchor_moved(before, after).await {
            Ok(true) => {}
            Ok(false) => tracing::error!("the audit trail is not the one that {FILE} tells of: windlass audit verify"),
            Err(error) => tracing::error!(%error, "how far the audit trail goes could not be noted beside the store"),
        }
    }

    /// False when the chain is not the one that was anchored.
    async fn anchor_moved(&self, before: &AuditHead, after: &AuditHead) -> Result<bool, StoreError> {
        match self.anchor().await? {
            Some(anchor) if anchor != *before && !self.is_in_chain(&anchor).await? => return Ok(false),
            // Somebody else of this chain was quicker.
            Some(anchor) if anchor.number >= after.number => return Ok(true),
            _ => {}
        }
        let (path, text) = (self.anchor_file(), format!("{:0DIGITS$} {}\n", after.number, after.mac));
        let written = on_a_thread(move || write(&path, &text)).await;
        written.map_err(|error| self.no_anchor(&error))?;
        Ok(true)
    }

    fn no_anchor(&self, error: &io::Error) -> StoreError {
        StoreError::AuditAnchor { path: self.anchor_file(), reason: error.to_string() }
    }

    async fn is_in_chain(&self, head: &AuditHead) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar::<_, String>("SELECT mac FROM audit WHERE number = $1")
            .bind(head.number)
            .fetch_optional(self.pool().await?)
            .await
            .map_err(|error| self.unusable(&error))?;
        Ok(found.as_deref() == Some(&head.mac))
    }
}

fn read(path: &Path) -> io::Result<Option<AuditHead>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let head = text.trim_end().parse().map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is damaged"))?;
    Ok(Some(head))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|ended| Err(io::Error::other(ended)))
}
