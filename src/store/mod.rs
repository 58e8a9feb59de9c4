//! Our own database: jobs, log, audit. Its SQL is in this room alone.

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
}
