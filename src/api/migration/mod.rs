//! What administrators ask and order: one file for each endpoint.

pub mod analytics;
pub mod logs;
pub mod plan;
pub mod progress;
pub mod prune;
pub mod rehearse;
pub mod restore_snapshot;
pub mod rollback;
pub mod snapshot;
pub mod snapshot_status;
pub mod snapshots;
pub mod start;
pub mod status;
pub mod stop;
pub mod validate;
pub mod verify_snapshot;
pub mod verify_upgrade;
