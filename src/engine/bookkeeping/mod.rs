//! Our own tables in the target, written once for every engine: version, history, lock row, journal, backfill, restore.

pub mod archive;
pub mod backfill;
pub mod history;
pub mod journal;
pub mod lock;
pub mod restoring;
mod tables;
pub mod undoing;

pub use tables::{LAYOUT, ensure, is_ours, present, remove};
