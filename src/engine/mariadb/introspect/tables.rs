//! Tables with their columns, indexes, checks and partitions; views and sequences, which the servers list beside them.

use std::{collections::BTreeMap, fmt::Write};

use super::{HOLDING_ROWS, amount, keys, scope::Scope, text, word};
use crate::{
    engine::{
        EngineError, Session,
        mariadb::{MARIADB, session::MariaSession, tables::is_ours},
    },
    model::schema::{Column, Table},
};

const TABLES: &str = "SELECT table_name, table_type, engine, row_format, table_collation, create_options, table_comment, \
                      table_rows, CAST(COALESCE(data_length, 0) + COALESCE(index_length, 0) AS SIGNED) FROM information_schema.tables";

const COLUMNS: &str = "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra, \
                       collation_name, column_comment, generation_expression FROM information_schema.columns";

const INDEXES_MARIADB: &str = "SELECT table_name, index_name, seq_in_index, column_name, collation, sub_part, non_unique, \
                               index_type, index_comment, ignored, NULL FROM information_schema.statistics";

const INDEXES_MYSQL: &str = "SELECT table_name, index_name, seq_in_index, column_name, collation, sub_part, non_unique, \
                             index_type, index_comment, is_visible, expression FROM information_schema.statistics";

const CHECKS_MARIADB: &str =
    "SELECT table_name, constraint_name, level, check_clause, NULL FROM information_schema.check_constraints";

const CHECKS_MYSQL: &str = "SELECT t.table_name, t.constraint_name, 'Table', c.check_clause, t.enforced \
                            FROM information_schema.table_constraints t JOIN information_schema.check_constraints c \
                            ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name";

const PARTITIONS: &str = "SELECT table_name, partition_ordinal_position, subpartition_ordinal_position, partition_name, \
                          subpartition_name, partition_method, partition_expression, partition_description, \
                          subpartition_method, subpartition_expression, partition_comment \
                          FROM information_schema.partitions";

/// What `create_options` of a table with partitions says (MariaDB and MySQL manuals, "The `INFORMATION_SCHEMA` TABLES Table").
const PARTITIONED: &str = "partitioned";

type Tables = BTreeMap<String, Table>;

/// Everything that `information_schema.tables` lists.
///
/// # Errors
/// The server's.
pub(super) async fn read(
    session: &mut MariaSession,
    scope: &Scope<'_>,
    objects: &mut BTreeMap<String, String>,
) -> Result<Tables, EngineError> {
    let mut tables = Tables::new();
    for row in scope.ask(session, TABLES, "table_schema", "table_name").await? {
        let (name, kind) = (word(&row, 0)?, word(&row, 1)?);
        if is_ours(name) {
            continue;
        }
        if HOLDING_ROWS.contains(&kind) {
            let options = format!(
                "{kind} engine={} row_format={} collation={} options={} comment={}",
                word(&row, 2)?,
                word(&row, 3)?,
                word(&row, 4)?,
                word(&row, 5)?,
                word(&row, 6)?
            );
            let (rows_estimate, size_bytes) = (amount(&row, 7)?, amount(&row, 8)?);
            // MySQL tells what it counted up to a day ago (MySQL manual, `information_schema_stats_expiry`).
            let is_empty = session.server().product == MARIADB && rows_estimate == 0;
            tables.insert(name.to_owned(), Table { options, rows_estimate, is_empty, size_bytes, ..Table::default() });
        } else if kind == "VIEW" || kind == "SEQUENCE" {
            let (key, definition) = shown(session, scope, kind, name).await?;
            objects.insert(key, definition);
        }
    }
    if tables.is_empty() {
        return Ok(tables);
    }
    columns(session, scope, &mut tables).await?;
    indexes(session, scope, &mut tables).await?;
    checks(session, scope, &mut tables).await?;
    if scope.names.is_none() || tables.values().any(|table| table.options.contains(PARTITIONED)) {
        partitions(session, scope, &mut tables).await?;
    }
    keys::read(session, scope, &mut tables).await?;
    Ok(tables)
}

/// A view or sequence as SHOW CREATE prints it: without the database's name, as long as it is the session's own.
async fn shown(
    session: &mut MariaSession,
    scope: &Scope<'_>,
    kind: &str,
    name: &str,
) -> Result<(String, String), EngineError> {
    let rows = scope.show(session, &format!("SHOW CREATE {kind} `{}`", name.replace('`', "``"))).await?;
    let definition = rows.first().map_or(Ok(""), |row| word(row, 1))?;
    let definition = text::unqualified(&text::without_definer(definition), scope.database);
    Ok((format!("{} {name}", kind.to_lowercase()), definition))
}

async fn columns(session: &mut MariaSession, scope: &Scope<'_>, tables: &mut Tables) -> Result<(), EngineError> {
    for row in scope.ask(session, COLUMNS, "table_schema", "table_name").await? {
        let Some(table) = tables.get_mut(word(&row, 0)?) else { continue };
        let extra = format!(
            "{} collation={} generated={} comment={}",
            word(&row, 6)?,
            word(&row, 7)?,
            word(&row, 9)?,
            word(&row, 8)?
        );
        table.columns.push(Column {
            name: word(&row, 2)?.to_owned(),
            data_type: word(&row, 3)?.to_owned(),
            nullable: word(&row, 4)? == "YES",
            default: row.text(5)?.map(ToOwned::to_owned),
            extra,
        });
    }
    Ok(())
}

async fn indexes(session: &mut MariaSession, scope: &Scope<'_>, tables: &mut Tables) -> Result<(), EngineError> {
    let mariadb = session.server().product == MARIADB;
    let (select, usable) = if mariadb { (INDEXES_MARIADB, "NO") } else { (INDEXES_MYSQL, "YES") };
    for row in scope.ask(session, select, "table_schema", "table_name").await? {
        let Some(table) = tables.get_mut(word(&row, 0)?) else { continue };
        let index = table.indexes.entry(word(&row, 1)?.to_owned()).or_default();
        if index.is_empty() {
            let unique = if row.int(6)? == Some(0) { "unique " } else { "" };
            let ignored = if word(&row, 9)? == usable { "" } else { " ignored" };
            *index = format!("{unique}{}{ignored} comment={} on", word(&row, 7)?, word(&row, 8)?);
        }
        let prefix = row.int(5)?.map_or(String::new(), |length| format!("({length})"));
        let order = if word(&row, 4)? == "D" { " desc" } else { "" };
        let _ = match row.text(3)? {
            Some(column) => write!(index, " {column}{prefix}{order}"),
            None => write!(index, " ({}){order}", word(&row, 10)?),
        };
    }
    Ok(())
}

async fn checks(session: &mut MariaSession, scope: &Scope<'_>, tables: &mut Tables) -> Result<(), EngineError> {
    let rows = if session.server().product == MARIADB {
        scope.ask(session, CHECKS_MARIADB, "constraint_schema", "table_name").await?
    } else {
        scope.ask(session, CHECKS_MYSQL, "t.constraint_schema", "t.table_name").await?
    };
    for row in rows {
        let Some(table) = tables.get_mut(word(&row, 0)?) else { continue };
        let (name, level) = (word(&row, 1)?, word(&row, 2)?.to_lowercase());
        let enforced = if word(&row, 4)? == "NO" { " not enforced" } else { "" };
        // MariaDB lets a column's check and a table's check share a name.
        let words = table.constraints.entry(name.to_owned()).or_default();
        let _ = write!(words, "{level} check ({}){enforced};", word(&row, 3)?);
    }
    Ok(())
}

async fn partitions(session: &mut MariaSession, scope: &Scope<'_>, tables: &mut Tables) -> Result<(), EngineError> {
    for row in scope.ask(session, PARTITIONS, "partition_name IS NOT NULL AND table_schema", "table_name").await? {
        let Some(table) = tables.get_mut(word(&row, 0)?) else { continue };
        table.options.push_str("\npartition");
        for column in 3..=10 {
            let _ = write!(table.options, " {}", row.text(column)?.unwrap_or("-"));
        }
    }
    Ok(())
}
