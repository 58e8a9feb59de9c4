//! Indexes (PostgreSQL manual: CREATE INDEX, "Building Indexes Concurrently"; DROP INDEX).

use super::Lock;
use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::Act,
};

/// An index that is built while nobody may write.
pub fn created(case: &Case<'_>) -> Option<Trip> {
    let Act::CreateIndex { table, kind, concurrently: false, only, .. } = case.act else { return None };
    let is_partitioned = case.scene.table(table).is_some_and(|table| table.options.contains("partitioned by"));
    if case.scene.is_idle(table) || (is_partitioned && *only) {
        return None;
    }
    let unique = if kind.is_some() { "UNIQUE " } else { "" };
    let message = format!(
        "CREATE INDEX {} while the index is built{}{}",
        Lock::Share.taken_on(table),
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy = if is_partitioned {
        format!(
            "CREATE {unique}INDEX … ON ONLY {table}, then CREATE {unique}INDEX CONCURRENTLY on each partition, and \
             ALTER INDEX … ATTACH PARTITION"
        )
    } else {
        format!("CREATE {unique}INDEX CONCURRENTLY … ON {table}, alone in a migration")
    };
    Some(Trip::new(Rule::IndexNotConcurrent, message, remedy))
}

/// Indexes that are dropped while nobody may use their table.
pub fn dropped(case: &Case<'_>) -> Vec<Trip> {
    let Act::DropIndex { indexes, concurrently: false, .. } = case.act else { return Vec::new() };
    let trip = |index: &String| {
        let table = case.scene.table_of_index(index)?;
        if case.scene.is_idle(&table) || case.scene.is_made_index(index) {
            return None;
        }
        let message = format!(
            "DROP INDEX {}; it waits for every statement that uses the table, and all others wait behind it",
            Lock::AccessExclusive.taken_on(&table)
        );
        let remedy = format!("DROP INDEX CONCURRENTLY {index}, alone in a migration");
        Some(Trip::new(Rule::DropIndexNotConcurrent, message, remedy))
    };
    indexes.iter().filter_map(trip).collect()
}
