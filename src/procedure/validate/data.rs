//! Foreign keys hold, and master data is there.

use std::collections::{BTreeMap, BTreeSet};

use super::Seen;
use crate::{
    engine::{EngineError, Session},
    model::{
        finding::Finding,
        migration::{Statement, StatementKind},
    },
    plan::Facts,
    sql,
};

/// Broken references that are told one by one.
const BROKEN_MAX: usize = 20;
/// Rows up to which references are checked without `deep`.
const SHALLOW_ROWS_MAX: u64 = 1_000_000;

/// Rows that point nowhere.
pub(super) async fn references(seen: &Seen<'_>, session: &mut dyn Session) -> Result<Vec<Finding>, EngineError> {
    let rows: u64 = seen.schema.tables.values().map(|table| table.rows_estimate).sum();
    if !seen.deep && rows > SHALLOW_ROWS_MAX {
        let told = format!("about {rows} rows: foreign keys were not checked row by row");
        return Ok(vec![
            Finding::info("references-unchecked", seen.target.name.to_string(), told)
                .remedy("check them when there is time: windlass validate --deep"),
        ]);
    }
    let broken = session.broken_references(BROKEN_MAX).await?;
    Ok(broken
        .into_iter()
        .map(|told| {
            Finding::critical("reference-broken", seen.target.name.to_string(), told)
                .remedy("add the row that is pointed to, or remove the row that points")
        })
        .collect())
}

/// Tables that a migration filled and that are empty now. Only where the server's estimate says so is it counted.
pub(super) async fn master_data(
    seen: &Seen<'_>,
    facts: &Facts<'_>,
    session: &mut dyn Session,
) -> Result<Vec<Finding>, EngineError> {
    let filled = filled(seen, facts);
    let suspects = filled.iter().filter(|name| seen.schema.tables.get(*name).is_some_and(|t| t.rows_estimate == 0));
    if suspects.count() == 0 {
        return Ok(Vec::new());
    }
    let rows = session.count_rows().await?;
    let empty = filled.into_iter().filter(|name| rows.get(name) == Some(&0));
    Ok(empty
        .map(|name| {
            Finding::warning("master-data-empty", name, "a migration filled this table and it is empty")
                .remedy("bring its rows back from a snapshot, or empty it by a migration if that is meant")
        })
        .collect())
}

/// The tables that the applied migrations insert rows of their own into, as far as they are still there.
fn filled(seen: &Seen<'_>, facts: &Facts<'_>) -> BTreeSet<String> {
    let is_insert = |statement: &&Statement| {
        statement.kind == StatementKind::Rows
            && statement.sql.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("insert"))
            && statement.sql.to_ascii_uppercase().contains("VALUES")
    };
    let tables: BTreeMap<String, &String> =
        seen.schema.tables.keys().map(|name| (name.to_ascii_lowercase(), name)).collect();
    facts
        .applied()
        .filter_map(|(_, migration)| migration)
        .flat_map(|migration| migration.up.statements.iter().filter(is_insert))
        .filter_map(|statement| sql::names(seen.target.engine.dialect(), &statement.sql).into_iter().next())
        .filter_map(|name| tables.get(&name.to_ascii_lowercase()).map(|table| (*table).clone()))
        .collect()
}
