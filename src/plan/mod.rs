//! Pure thinking: (catalog, history, schema facts, goal) to plan and findings.

mod against;
mod analytics;
mod backfill;
mod backward;
mod base;
mod caretaking;
mod compatibility;
mod declared;
mod difference;
mod digest;
mod drift;
mod edited;
mod estimate;
mod facts;
mod findings;
mod forward;
mod health;
mod interruption;
mod loss;
mod matrix;
mod rehearsal;
mod retention;
mod rewrite;
mod risk;
mod steps;
mod trust;

pub use self::{
    against::Against,
    analytics::analytics,
    backward::{Backward, backward, kept},
    base::{Branch, against_base},
    caretaking::{next_snapshot, next_verification},
    compatibility::compatibility,
    declared::{Making, is_about_only, makes, other_order, remembered},
    difference::differences,
    digest::digest,
    drift::{Drift, DriftCount, Missing, drift},
    facts::{Facts, Needs, Site},
    findings::{NEWER, of_history},
    forward::forward,
    health::health,
    loss::{Ground, not_counted, takes_away, vanishing},
    matrix::matrix,
    rehearsal::{inputs, what_holds},
    retention::{Retention, last_good, retention},
    rewrite::rewritten_bytes,
    steps::route,
};
