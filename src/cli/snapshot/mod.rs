//! `windlass snapshot`

mod create;
mod list;
mod prune;
mod restore;
mod status;
mod verify;

use clap::Subcommand;

pub(super) use self::list::table;
use super::{call::Call, exit::Exit, failure::Failure};
use crate::model::snapshot::SnapshotId;

/// Restorable copies
#[derive(Debug, Subcommand)]
pub enum Snapshot {
    /// Make one
    Create(create::Create),
    /// Show all, newest first
    List,
    /// Show one, with how to open it by hand
    Show {
        /// Which
        id: SnapshotId,
    },
    /// Show how they stand: the last good one, the last that was tried, what is due
    Status,
    /// Read them again and compare them with their manifests
    Verify(verify::Verify),
    /// Put one in the place of the database, or of another one
    Restore(restore::Restore),
    /// Let go of old ones; never of the last good one, nor of one that is needed to go back
    Prune(prune::Prune),
}

pub(super) async fn run(snapshot: Snapshot, call: &Call) -> Result<Exit, Failure> {
    match snapshot {
        Snapshot::Create(words) => create::run(words, call).await,
        Snapshot::List => list::list(call).await,
        Snapshot::Show { id } => list::show(id, call).await,
        Snapshot::Status => status::run(call).await,
        Snapshot::Verify(words) => verify::run(&words, call).await,
        Snapshot::Restore(words) => restore::run(words, call).await,
        Snapshot::Prune(words) => prune::run(words, call).await,
    }
}
