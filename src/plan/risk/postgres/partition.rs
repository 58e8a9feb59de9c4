//! Partitions (PostgreSQL manual, "Partition Maintenance"; ALTER TABLE, `ATTACH PARTITION`, `DETACH PARTITION`).

use super::Lock;
use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::Words,
};

/// What it costs that a partition comes or goes.
pub fn of(case: &Case<'_>, table: &str, words: &Words) -> Option<Trip> {
    let mut words = words.clone();
    let verb = words.take_any(&["attach", "detach"])?;
    words.take("partition").then_some(())?;
    let partition = words.name()?.to_lowercase();
    match verb.as_str() {
        "detach" if !words.has_any(&["concurrently"]) && !case.scene.is_made(table) => {
            Some(detached(table, &partition))
        }
        "attach" if !case.scene.is_idle(&partition) && !has_check(case, &partition) => {
            Some(attached(case, table, &partition))
        }
        _ => None,
    }
}

fn detached(table: &str, partition: &str) -> Trip {
    let message = format!(
        "DETACH PARTITION {}; it waits for every statement that uses the table, and all others wait behind it",
        Lock::AccessExclusive.taken_on(table)
    );
    let remedy = format!(
        "ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY, alone in a migration (PostgreSQL 14 and later)"
    );
    Trip::new(Rule::DetachNotConcurrent, message, remedy)
}

/// Whether a valid CHECK may prove what the bounds ask for.
fn has_check(case: &Case<'_>, partition: &str) -> bool {
    let proves = |words: &String| words.to_lowercase().starts_with("check") && !words.contains("NOT VALID");
    case.scene.table(partition).is_some_and(|table| table.constraints.values().any(proves))
}

fn attached(case: &Case<'_>, table: &str, partition: &str) -> Trip {
    let message = format!(
        "ATTACH PARTITION {} while every row of it is read{}{}",
        Lock::AccessExclusive.taken_on(partition),
        case.scene.sized(partition),
        case.scene.lasting(partition)
    );
    let remedy = format!(
        "first ADD CONSTRAINT c CHECK (… IS NOT NULL AND the bounds) NOT VALID on {partition} and VALIDATE it in the \
         next migration; then {table} believes it"
    );
    Trip::new(Rule::AttachScans, message, remedy)
}
