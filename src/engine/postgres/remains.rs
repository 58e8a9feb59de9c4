//! What statements that run in several transactions leave of themselves when they do not come to their end.
//!
//! `CREATE INDEX CONCURRENTLY` leaves an invalid index, which a later `IF NOT EXISTS` takes for done; `REINDEX … CONCURRENTLY`
//! leaves one beside the index, called `…_ccnew` or `…_ccold` (PostgreSQL manual, "Building Indexes Concurrently" and
//! "Rebuilding Indexes Concurrently"); `DETACH PARTITION … CONCURRENTLY` leaves a partition that only `FINALIZE` takes out
//! (manual, "ALTER TABLE").

use super::swap::quoted;
use crate::{
    engine::{EngineError, Session, Value},
    sql::{self, Dialect},
};

/// The first server that detaches partitions concurrently (PostgreSQL 14 release notes).
const DETACH_SINCE: u32 = 14;

/// Indexes that are not valid, not part of what the system keeps for itself, and that nobody is building now.
const INVALID: &str = r"SELECT n.nspname::text, i.relname::text FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = i.relnamespace
    WHERE NOT x.indisvalid AND i.relkind = 'i' AND n.nspname NOT LIKE 'pg\_%'
      AND NOT EXISTS (SELECT 1 FROM pg_stat_progress_create_index g WHERE g.index_relid = i.oid OR g.relid = t.oid)";

/// An index by the name that the statement gives it.
const BY_NAME: &str = "lower(i.relname) = ANY (string_to_array(?, chr(10)))";

/// What a rebuild leaves beside an index, or beside the indexes of a table.
const BESIDE: &str = "i.relname ~ '_cc(new|old)[0-9]*$' AND (lower(t.relname) = ANY (string_to_array(?, chr(10))) \
                      OR lower(regexp_replace(i.relname, '_cc(new|old)[0-9]*$', '')) = ANY (string_to_array(?, chr(10))))";

const DETACHING: &str = "SELECT pn.nspname::text, p.relname::text, cn.nspname::text, c.relname::text FROM pg_inherits h
    JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
    JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
    WHERE h.inhdetachpending AND lower(p.relname) = ANY (string_to_array(?, chr(10)))
      AND lower(c.relname) = ANY (string_to_array(?, chr(10)))";

/// The statements that take out, or finish, what an interrupted `statement` left of itself.
pub(super) async fn of(session: &mut dyn Session, statement: &str) -> Result<Vec<String>, EngineError> {
    let names = sql::names(Dialect::Postgres, statement);
    let is_about = |word: &str| names.iter().any(|name| name == word) || word_in(statement, word);
    if !is_about("concurrently") {
        return Ok(Vec::new());
    }
    let names = Value::from(names.iter().map(|name| name.to_ascii_lowercase()).collect::<Vec<_>>().join("\n"));
    if word_in(statement, "detach") {
        return detaching(session, names).await;
    }
    let (which, binds) =
        if word_in(statement, "reindex") { (BESIDE, vec![names.clone(), names]) } else { (BY_NAME, vec![names]) };
    let rows = session.query(&format!("{INVALID} AND {which} ORDER BY 1, 2"), &binds).await?;
    let dropped = rows.iter().map(|row| {
        let (schema, name) = (row.text(0)?.unwrap_or_default(), row.text(1)?.unwrap_or_default());
        Ok(format!("DROP INDEX CONCURRENTLY IF EXISTS {}.{}", quoted(schema), quoted(name)))
    });
    dropped.collect()
}

async fn detaching(session: &mut dyn Session, names: Value) -> Result<Vec<String>, EngineError> {
    if session.server().number.0 < DETACH_SINCE {
        return Ok(Vec::new());
    }
    let rows = session.query(DETACHING, &[names.clone(), names]).await?;
    let finished = rows.iter().map(|row| {
        let name = |column| row.text(column).map(|text| quoted(text.unwrap_or_default()));
        let (parent, child) = (format!("{}.{}", name(0)?, name(1)?), format!("{}.{}", name(2)?, name(3)?));
        Ok(format!("ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE"))
    });
    finished.collect()
}

fn word_in(statement: &str, word: &str) -> bool {
    statement.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|one| one.eq_ignore_ascii_case(word))
}
