//! One statement where it stands.

use super::scene::Scene;
use crate::{
    model::{migration::StatementKind, plan::Route},
    sql::{Act, Words},
};

/// A statement, what has gone before it, and what stands beside it.
pub struct Case<'a> {
    /// What the statements before have done.
    pub scene: &'a Scene<'a>,
    /// What it does.
    pub act: &'a Act,
    /// All of its words.
    pub words: &'a Words,
    /// Its place among those of its migration.
    pub at: usize,
    /// What all of its migration do.
    pub acts: &'a [Act],
    /// What it does to transactions.
    pub kind: StatementKind,
    /// What all of its migration do to transactions.
    pub kinds: &'a [StatementKind],
    /// How its migration is run.
    pub route: Route,
}

impl<'a> Case<'a> {
    /// What the statements before it in its migration do.
    pub fn before(&self) -> &'a [Act] {
        &self.acts[..self.at]
    }

    /// What the statements behind it in its migration do.
    pub fn behind(&self) -> &'a [Act] {
        &self.acts[self.at + 1..]
    }
}
