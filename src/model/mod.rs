//! Every noun windlass speaks of, and every legal transition. No I/O, no `async`.

pub mod archive;
pub mod archived;
pub mod backfill;
pub mod catalog;
pub mod checksum;
pub mod compatibility;
pub mod digest;
pub mod finding;
pub mod health;
pub mod history;
pub mod job;
pub mod loss;
pub mod migration;
pub mod order;
pub mod plan;
pub mod progress;
pub mod report;
pub mod schema;
pub mod snapshot;
pub mod status;
pub mod trust;
