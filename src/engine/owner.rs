//! Who holds the target's lock.

/// Who holds the target's lock, as the server itself tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The server's own name for the session; for a file, the process.
    pub connection: String,
    /// What it told of itself, where that is not in our tables.
    pub beat: Option<Beat>,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The epoch of the run that gave it.
    pub epoch: i64,
    /// What it was doing.
    pub doing: String,
    /// How long ago.
    pub silent_ms: u64,
}
