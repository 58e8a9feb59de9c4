//! Health: one look at the target an interval, whatever the load.

mod board;

pub use board::{DatabaseVersion, HealthBoard, Sample, VersionAnswer};
