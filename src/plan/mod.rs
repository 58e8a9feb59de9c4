//! Pure thinking: (catalog, history, schema facts, goal) to plan and findings.

mod backfill;
mod backward;
mod compatibility;
mod estimate;
mod facts;
mod findings;
mod forward;
mod health;
mod interruption;
mod matrix;
mod steps;
mod trust;

pub use self::{
    backward::{Backward, backward, kept},
    compatibility::compatibility,
    facts::{Facts, Needs, Site},
    findings::of_history,
    forward::forward,
    health::health,
    matrix::matrix,
    steps::route,
};
