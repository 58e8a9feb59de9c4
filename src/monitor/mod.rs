//! Health: one look at the target an interval, whatever the load.

mod board;
mod sampler;

pub use self::{
    board::{DatabaseVersion, Figures, HealthBoard, Sample, VersionAnswer},
    sampler::{Sampler, not_yet},
};
