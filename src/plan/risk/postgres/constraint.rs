//! Constraints (PostgreSQL manual, ALTER TABLE: `ADD table_constraint`, `NOT VALID`, `VALIDATE CONSTRAINT`).

use super::Lock;
use crate::{
    model::{plan::Route, risk::Rule},
    plan::risk::{Case, Trip},
    sql::Words,
};

/// A constraint that reads the whole table, or builds an index, under a strong lock.
pub fn added(case: &Case<'_>, table: &str, definition: &Words) -> Option<Trip> {
    let mut words = definition.clone();
    let kind = words.next_word()?;
    match kind.as_str() {
        "foreign" => foreign_key(case, table, &words),
        _ if case.scene.is_idle(table) => None,
        "unique" | "primary" if !words.has(&["using", "index"]) => Some(unique(case, table, &kind)),
        "exclude" => Some(exclusion(case, table)),
        "check" if !words.has(&["not", "valid"]) && !words.has(&["not", "enforced"]) => Some(check(case, table)),
        "not" if !words.has(&["not", "valid"]) => Some(not_null(case, table)),
        _ => None,
    }
}

fn unique(case: &Case<'_>, table: &str, kind: &str) -> Trip {
    let (what, key) =
        if kind == "primary" { ("PRIMARY KEY", "PRIMARY KEY") } else { ("a UNIQUE constraint", "UNIQUE") };
    let message = format!(
        "adding {what} {} while its index is built{}{}",
        Lock::AccessExclusive.taken_on(table),
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy = format!(
        "CREATE UNIQUE INDEX CONCURRENTLY i ON {table} (…) in a migration of its own, then ALTER TABLE {table} ADD \
         CONSTRAINT i {key} USING INDEX i"
    );
    Trip::new(Rule::UniqueWithoutIndex, message, remedy)
}

fn exclusion(case: &Case<'_>, table: &str) -> Trip {
    let message = format!(
        "an exclusion constraint {} while its index is built{}{}; there is no way to build it beforehand",
        Lock::AccessExclusive.taken_on(table),
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy =
        "add it while the table is small or nobody uses it, or make a new table with it and move the rows in batches";
    Trip::new(Rule::ExclusionConstraint, message, remedy)
}

fn check(case: &Case<'_>, table: &str) -> Trip {
    let message = format!(
        "adding a CHECK {} while every row is read{}{}",
        Lock::AccessExclusive.taken_on(table),
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    Trip::new(Rule::CheckScans, message, in_two_steps(table, "c CHECK (…)"))
}

/// `ADD CONSTRAINT … NOT NULL`, which PostgreSQL 18 knows.
fn not_null(case: &Case<'_>, table: &str) -> Trip {
    let message = format!(
        "NOT NULL {} while every row is read{}{}",
        Lock::AccessExclusive.taken_on(table),
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    Trip::new(Rule::NotNullScans, message, in_two_steps(table, "n NOT NULL c"))
}

/// A foreign key, which is looked up for every row.
pub fn foreign_key(case: &Case<'_>, table: &str, words: &Words) -> Option<Trip> {
    if words.has(&["not", "valid"]) || words.has(&["not", "enforced"]) || case.scene.is_idle(table) {
        return None;
    }
    let mut rest = words.clone();
    let _ = rest.up_to(&["references"]);
    rest.take("references");
    let parent = rest.name().map(|name| name.to_lowercase()).filter(|parent| parent != table);
    let tables = parent.map_or_else(|| table.to_owned(), |parent| format!("{table} and {parent}"));
    let message = format!(
        "adding a foreign key {} while every row of {table} is looked up{}{}",
        Lock::ShareRowExclusive.taken_on(&tables),
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    Some(Trip::new(Rule::ForeignKeyScans, message, in_two_steps(table, "f FOREIGN KEY (…) REFERENCES …")))
}

/// How a constraint is added without a scan under the lock.
fn in_two_steps(table: &str, what: &str) -> String {
    let name = what.split(' ').next().unwrap_or_default();
    format!(
        "ALTER TABLE {table} ADD CONSTRAINT {what} NOT VALID; then, in the next migration, ALTER TABLE {table} \
         VALIDATE CONSTRAINT {name}, which lets others read and write"
    )
}

/// A constraint that is validated in the transaction that added it, whose lock is held to its end.
pub fn validated(case: &Case<'_>, table: &str, words: &Words) -> Option<Trip> {
    let mut words = words.clone();
    if case.route != Route::Whole || !(words.take("validate") && words.take("constraint")) {
        return None;
    }
    let name = words.name()?.to_lowercase();
    if !case.scene.is_unproven_here(table, &name) || case.scene.is_idle(table) {
        return None;
    }
    let message = format!(
        "{name} is validated in the transaction that adds it: the lock of ADD CONSTRAINT on {table} is kept while \
         every row is read{}{}",
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy = "move VALIDATE CONSTRAINT into the next migration: there it lets others read and write";
    Some(Trip::new(Rule::ValidateWithOthers, message, remedy))
}
