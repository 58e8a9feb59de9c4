//! Our own database: jobs, log, audit trail, what the last run left. Its SQL is in this room alone.

mod audit;
mod expectations;
mod jobs;
mod ledger;
mod log;
mod open;
mod rehearsals;

pub use self::{
    ledger::{Ledger, Tally},
    log::NewLine,
    open::Store,
};

/// Our own database said no.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be used.
    #[error("the control store {path} cannot be used: {reason}")]
    Unusable {
        /// The file.
        path: String,
        /// The driver's words.
        reason: String,
    },
    /// A row is not what this windlass writes.
    #[error("the control store {path} holds what this windlass cannot read: {reason}")]
    Shape {
        /// The file.
        path: String,
        /// What.
        reason: String,
    },
    /// A line of the audit trail cannot be written.
    #[error("the audit trail cannot be written, so nothing was done: {reason}")]
    Unrecorded {
        /// Why.
        reason: String,
    },
    /// The key of the audit trail cannot be used.
    #[error("the key of the audit trail cannot be used: {reason}")]
    AuditKey {
        /// Why.
        reason: String,
    },
    /// The key of the audit trail is missing, and there are lines that it sealed.
    #[error(
        "{} is missing, the key under which the audit trail is sealed; put it back from a copy. To begin anew without it, stop \
         windlass and move {store} (with its -wal and -shm) and audit.head to another folder: the jobs of the past go with them",
        .path.display()
    )]
    NoAuditKey {
        /// Where it was.
        path: std::path::PathBuf,
        /// The control store.
        store: String,
    },
    /// The note beside the store of how far the audit trail goes cannot be used.
    #[error("{} cannot be used: {reason}", .path.display())]
    AuditAnchor {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
}
