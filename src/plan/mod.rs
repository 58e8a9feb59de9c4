//! Pure thinking: (catalog, history, schema facts, goal) to plan and findings.

mod backfill;
mod backward;
mod base;
mod caretaking;
mod compatibility;
mod digest;
mod drift;
mod estimate;
mod facts;
mod findings;
mod forward;
mod health;
mod interruption;
mod loss;
mod matrix;
mod retention;
mod rewrite;
mod steps;
mod trust;

pub use self::{
    backward::{Backward, backward, kept},
    base::{Branch, against_base},
    caretaking::{next_snapshot, next_verification},
    compatibility::compatibility,
    digest::digest,
    drift::{Drift, Missing, drift},
    facts::{Facts, Needs, Site},
    findings::{NEWER, of_history},
    forward::forward,
    health::health,
    loss::{Ground, not_counted, takes_away, vanishing},
    matrix::matrix,
    retention::{Retention, last_good, retention},
    rewrite::rewritten_bytes,
    steps::route,
};
