//! What goes between an engine and whoever keeps its dumps.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender};

use crate::model::snapshot::TableDigest;

/// A dump on its way, piece by piece; the channel is bounded, so that neither end runs ahead.
pub type DumpSink = Sender<Bytes>;

/// The other end of a [`DumpSink`]; it ends when the dump is whole, or with an error when it is not.
pub type DumpSource = Receiver<Result<Bytes, std::io::Error>>;

/// What a dump holds: the state of the database at its moment, and nothing of what came after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dumped {
    /// The tool that made it, with its version.
    pub tool: String,
    /// The schema's fingerprint.
    pub fingerprint: String,
    /// What is in each table of the application.
    pub tables: BTreeMap<String, TableDigest>,
}

/// The room that a database takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// What it takes now, its indexes and what is free within its files included.
    pub database_bytes: u64,
    /// What is left for an ordinary account where it lies; `None` when that cannot be seen from here.
    pub free_bytes: Option<u64>,
    /// The folder in which it lies, when it can be seen from here.
    pub place: Option<String>,
}
