//! Our own database: jobs, log, audit, what the last run left. Its SQL is in this room alone.

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
}
