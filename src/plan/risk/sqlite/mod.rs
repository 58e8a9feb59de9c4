//! To come.

use super::{Case, Trip, general::Newer};

/// What is newer.
pub const NEWER: &[Newer] = &[];

/// What a statement risks.
pub fn trips(_case: &Case<'_>) -> Vec<Trip> {
    Vec::new()
}
