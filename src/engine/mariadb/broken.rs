//! Looks at the rows: how many there are, and which point nowhere.

use std::collections::BTreeMap;

use super::{
    introspect::{HOLDING_ROWS, keys},
    session::{MariaSession, SCAN_S_MAX},
    tables::is_ours,
};
use crate::engine::{EngineError, Session, Value};

/// A name in the server's quotes, whatever `sql_mode` says.
pub(super) fn name(text: &str) -> String {
    format!("`{}`", text.replace('`', "``"))
}

/// Counts the rows of every table but our own.
///
/// # Errors
/// The server's.
pub(super) async fn count_rows(session: &mut MariaSession) -> Result<BTreeMap<String, u64>, EngineError> {
    let sql = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = ?";
    let database = Value::from(session.database.as_str());
    let mut counts = BTreeMap::new();
    for row in session.query(sql, &[database]).await? {
        let table = row.text(0)?.unwrap_or_default();
        if is_ours(table) || !HOLDING_ROWS.contains(&row.text(1)?.unwrap_or_default()) {
            continue;
        }
        let rows = session.rows(&format!("SELECT COUNT(*) FROM {}", name(table)), &[], SCAN_S_MAX).await?;
        let count = rows.first().map_or(Ok(None), |row| row.int(0))?.unwrap_or_default();
        counts.insert(table.to_owned(), u64::try_from(count).unwrap_or_default());
    }
    Ok(counts)
}

/// Rows whose foreign key finds nothing. Nothing on the server looks for them: rows that come in while
/// `foreign_key_checks` is 0 are not checked afterwards (MySQL manual, "Server System Variables").
///
/// # Errors
/// The server's.
pub(super) async fn references(session: &mut MariaSession, limit: usize) -> Result<Vec<String>, EngineError> {
    let mut sentences = Vec::new();
    for ((table, _), link) in keys::links(session).await? {
        let left = limit.saturating_sub(sentences.len());
        if left == 0 {
            break;
        }
        for row in session.rows(&orphans(&table, &link, left), &[], SCAN_S_MAX).await? {
            let values = row.text(0)?.unwrap_or_default();
            let list =
                |part: fn(&(String, String)) -> &str| link.columns.iter().map(part).collect::<Vec<_>>().join(", ");
            sentences.push(format!(
                "{table} ({}) = ({values}) has no row in {} ({})",
                list(|pair| &pair.0),
                link.references,
                list(|pair| &pair.1)
            ));
        }
    }
    Ok(sentences)
}

/// The rows of `table` without the row they point to. A key with a NULL in it points nowhere on purpose (`InnoDB` checks
/// by MATCH SIMPLE: MySQL manual, "FOREIGN KEY Constraints").
fn orphans(table: &str, link: &keys::Link, limit: usize) -> String {
    let joined = |part: fn(&(String, String)) -> String, between: &str| {
        link.columns.iter().map(part).collect::<Vec<_>>().join(between)
    };
    format!(
        "SELECT CONCAT_WS(', ', {}) FROM {} c LEFT JOIN {}.{} p ON {} WHERE {} AND p.{} IS NULL LIMIT {limit}",
        joined(|pair| format!("c.{}", name(&pair.0)), ", "),
        name(table),
        name(&link.database),
        name(&link.references),
        joined(|pair| format!("p.{} = c.{}", name(&pair.1), name(&pair.0)), " AND "),
        joined(|pair| format!("c.{} IS NOT NULL", name(&pair.0)), " AND "),
        link.columns.first().map(|pair| name(&pair.1)).unwrap_or_default(),
    )
}
