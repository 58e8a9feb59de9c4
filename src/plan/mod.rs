//! Pure thinking: (catalog, history, schema facts, goal) to plan and findings.

mod backfill;
mod backward;
mod caretaking;
mod compatibility;
mod digest;
mod estimate;
mod facts;
mod findings;
mod forward;
mod health;
mod interruption;
mod matrix;
mod rehearsal;
mod retention;
mod rewrite;
mod steps;
mod trust;

pub use self::{
    backward::{Backward, backward, kept},
    caretaking::{next_snapshot, next_verification},
    compatibility::compatibility,
    digest::digest,
    facts::{Facts, Needs, Site},
    findings::of_history,
    forward::forward,
    health::health,
    matrix::matrix,
    rehearsal::{inputs, what_holds},
    retention::{Retention, last_good, retention},
    rewrite::rewritten_bytes,
    steps::route,
};
