//! Health: one look at the target an interval, whatever the load. And what a monitoring system is told, without any.

mod board;
mod books;
mod gauges;
mod sampler;

pub use self::{
    board::{DatabaseVersion, Figures, HealthBoard, Sample, VersionAnswer},
    books::{Books, Shelf, Told},
    gauges::Gauges,
    sampler::{Reading, Sampler, not_yet},
};
