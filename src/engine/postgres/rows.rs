//! Rows counted, and rows that point nowhere.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{introspect::PICKED, refusal};
use crate::engine::EngineError;

/// So many tables are counted by one question.
const TABLES_PER_QUESTION: usize = 50;

/// One SELECT for each table. An inheriting table is counted by itself, a partitioned one with its partitions; what a
/// foreign table shows is elsewhere.
const COUNTS: &str = "SELECT format('SELECT %L::text, count(*) FROM %s %I.%I', p.name, \
     CASE p.relkind WHEN 'r' THEN 'ONLY' ELSE '' END, p.nspname, p.bare) \
     FROM picked p WHERE p.relkind IN ('r', 'p') ORDER BY p.name";

/// One SELECT for each foreign key that the server does not vouch for: NOT VALID, or with its triggers switched off
/// (PostgreSQL manual, "ALTER TABLE", the forms NOT VALID and DISABLE TRIGGER). A key with a NULL in it
/// points nowhere rightly (MATCH SIMPLE). Partitions are looked at through their parent.
const SUSPECTS: &str = "SELECT p.name, k.conname::text, r.relname::text, \
     format('SELECT count(*) FROM %s %I.%I c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s f WHERE %s)', \
       CASE p.relkind WHEN 'r' THEN 'ONLY' ELSE '' END, p.nspname, p.bare, \
       string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ' ORDER BY u.place), k.confrelid::regclass, \
       string_agg(format('f.%I = c.%I', b.attname, a.attname), ' AND ' ORDER BY u.place)) \
     FROM picked p JOIN pg_constraint k ON k.conrelid = p.oid AND k.contype = 'f' AND k.conparentid = 0 \
     JOIN pg_class r ON r.oid = k.confrelid \
     CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u (here, there, place) \
     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.here \
     JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.there \
     WHERE NOT k.convalidated \
        OR EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgenabled IN ('D', 'R')) \
     GROUP BY p.name, p.relkind, p.nspname, p.bare, k.oid, k.conname, k.confrelid, r.relname ORDER BY p.name, k.conname";

/// Counts the rows of every table, all at one moment.
pub(super) async fn count(connection: &mut PgConnection) -> Result<BTreeMap<String, u64>, EngineError> {
    counted(connection).await.map_err(|error| refusal::of(&error))
}

async fn counted(connection: &mut PgConnection) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let mut moment = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let questions: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("{PICKED} {COUNTS}")))
        .bind(None::<Vec<String>>)
        .persistent(false)
        .fetch_all(&mut *moment)
        .await?;
    let mut counts = BTreeMap::new();
    for batch in questions.chunks(TABLES_PER_QUESTION) {
        let question = batch.join(" UNION ALL ");
        let rows: Vec<(String, i64)> =
            sqlx::query_as(AssertSqlSafe(question)).persistent(false).fetch_all(&mut *moment).await?;
        counts.extend(rows.into_iter().map(|(name, rows)| (name, u64::try_from(rows).unwrap_or_default())));
    }
    moment.rollback().await?;
    Ok(counts)
}

/// Tells of rows without the row they refer to.
pub(super) async fn broken_references(connection: &mut PgConnection, limit: usize) -> Result<Vec<String>, EngineError> {
    broken(connection, limit).await.map_err(|error| refusal::of(&error))
}

async fn broken(connection: &mut PgConnection, limit: usize) -> Result<Vec<String>, sqlx::Error> {
    let suspects: Vec<(String, String, String, String)> = sqlx::query_as(AssertSqlSafe(format!("{PICKED} {SUSPECTS}")))
        .bind(None::<Vec<String>>)
        .persistent(false)
        .fetch_all(&mut *connection)
        .await?;
    let mut sentences = Vec::new();
    for (table, constraint, parent, question) in suspects {
        if sentences.len() >= limit {
            break;
        }
        let rows: i64 =
            sqlx::query_scalar(AssertSqlSafe(question)).persistent(false).fetch_one(&mut *connection).await?;
        if rows > 0 {
            sentences.push(format!("{rows} rows of {table} point to no row of {parent} ({constraint})"));
        }
    }
    Ok(sentences)
}
