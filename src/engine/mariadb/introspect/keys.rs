//! Foreign keys.

use std::collections::BTreeMap;

use super::{scope::Scope, word};
use crate::{
    engine::{EngineError, mariadb::session::MariaSession},
    model::schema::{ForeignKey, Table},
};

const COLUMNS: &str = "SELECT table_name, constraint_name, ordinal_position, column_name, referenced_table_schema, \
                       referenced_table_name, referenced_column_name FROM information_schema.key_column_usage";

const RULES: &str = "SELECT table_name, constraint_name, match_option, update_rule, delete_rule \
                     FROM information_schema.referential_constraints";

/// A foreign key, column by column.
#[derive(Default)]
pub(in crate::engine::mariadb) struct Link {
    /// The database it points into.
    pub database: String,
    /// The table it points to.
    pub references: String,
    /// Its columns, each with the one it points to.
    pub columns: Vec<(String, String)>,
}

/// The foreign keys of the session's database, by table and name.
///
/// # Errors
/// The server's.
pub(in crate::engine::mariadb) async fn links(
    session: &mut MariaSession,
) -> Result<BTreeMap<(String, String), Link>, EngineError> {
    let database = session.database.clone();
    found(session, &Scope { database: &database, names: None }).await
}

async fn found(session: &mut MariaSession, scope: &Scope<'_>) -> Result<BTreeMap<(String, String), Link>, EngineError> {
    let mut links: BTreeMap<(String, String), Link> = BTreeMap::new();
    for row in scope.ask(session, COLUMNS, "referenced_table_name IS NOT NULL AND table_schema", "table_name").await? {
        let link = links.entry((word(&row, 0)?.to_owned(), word(&row, 1)?.to_owned())).or_default();
        word(&row, 4)?.clone_into(&mut link.database);
        word(&row, 5)?.clone_into(&mut link.references);
        link.columns.push((word(&row, 3)?.to_owned(), word(&row, 6)?.to_owned()));
    }
    Ok(links)
}

/// Puts the foreign keys into their tables.
///
/// # Errors
/// The server's.
pub(super) async fn read(
    session: &mut MariaSession,
    scope: &Scope<'_>,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), EngineError> {
    let mut rules = BTreeMap::new();
    for row in scope.ask(session, RULES, "constraint_schema", "table_name").await? {
        let words = format!("on update {} on delete {} match {}", word(&row, 3)?, word(&row, 4)?, word(&row, 2)?);
        rules.insert((word(&row, 0)?.to_owned(), word(&row, 1)?.to_owned()), words);
    }
    for (place, link) in found(session, scope).await? {
        let rules = rules.remove(&place).unwrap_or_default();
        let (table, name) = place;
        let Some(table) = tables.get_mut(&table) else { continue };
        let here = link.database == scope.database;
        let references = if here { link.references } else { format!("{}.{}", link.database, link.references) };
        let (columns, referenced_columns) = link.columns.into_iter().unzip();
        table.foreign_keys.insert(name, ForeignKey { columns, references, referenced_columns, rules });
    }
    Ok(())
}
