//! Statements as such: what commits, and what does not say what it may cost.

use crate::{
    model::{migration::StatementKind, risk::Rule},
    plan::risk::{Case, Trip},
};

/// The second of several statements that each commit (MariaDB manual, "SQL statements That Cause an Implicit Commit").
pub fn not_atomic(case: &Case<'_>) -> Option<Trip> {
    let commits = |kind: &&StatementKind| **kind == StatementKind::ImplicitCommit;
    let before = case.kinds[..case.at].iter().filter(commits).count();
    if case.kind != StatementKind::ImplicitCommit || before != 1 {
        return None;
    }
    let all = case.kinds.iter().filter(commits).count();
    let message = format!(
        "{all} statements of this migration each commit by themselves: when a later one fails, the earlier ones have \
         happened, and windlass finishes or undoes them"
    );
    Some(Trip::new(
        Rule::NotAtomic,
        message,
        "one schema change for each migration: then it has happened, or it has not",
    ))
}

/// A change of a large table that lets the server choose how, which may be a copy.
pub fn no_algorithm(case: &Case<'_>, table: &str) -> Option<Trip> {
    if !case.scene.is_large(table) || says_how(case) || case.words.has(&["lock", "="]) {
        return None;
    }
    let message = format!(
        "the server may choose to copy {table}{} while nobody may write to it: the statement does not say otherwise",
        case.scene.sized(table)
    );
    let remedy = "add , ALGORITHM=INSTANT (or, where that is refused, ALGORITHM=INPLACE, LOCK=NONE): what cannot be done so is \
         refused at once";
    Some(Trip::new(Rule::NoAlgorithm, message, remedy))
}

/// Whether it names a way that is no copy.
fn says_how(case: &Case<'_>) -> bool {
    let ways = ["instant", "nocopy", "inplace"];
    ways.iter().any(|way| case.words.has(&["algorithm", "=", way]) || case.words.has(&["algorithm", way]))
}
