//! What is in the tables at one moment, as COPY tells it.
//!
//! A line of COPY's text format stands for one row and no other: tabs part its values, NULL is `\N`, and both are escaped
//! within values (PostgreSQL manual, "COPY", "Text Format"). What a value looks like depends on settings of the session,
//! and these are set here; nothing of it depends on the machine.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{
    connect::bounded,
    custom::Expected,
    introspect::{self, PICKED},
    reading::Reading,
    refusal,
    session::PgSession,
};
use crate::engine::{
    DumpSink, EngineError, Session,
    content::{Column, Digests, Kind, Table},
};

/// One moment for everything that follows (PostgreSQL manual, "Transaction Isolation": the snapshot of the first statement).
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How values are written, whatever the server, the database and the role have set. With `row_security` off, a policy that
/// would hide rows is an error (PostgreSQL manual, "Client Connection Defaults").
const SETTINGS: &str = "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; \
     SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; SET LOCAL lc_monetary = 'C'; \
     SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; \
     SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL search_path = pg_catalog";

/// Each table that holds rows itself, with the statement that reads it: of a partitioned one the leaves, of an inherited one
/// its own rows; a foreign table's are elsewhere. Generated columns are computed again, and COPY leaves them out as well.
const RELATIONS: &str = "SELECT p.name, p.oid::text AS oid, format('COPY %I.%I %s TO STDOUT', p.nspname, p.bare, '(' || f.list || ')') AS copy, \
         coalesce(f.names, '{}') AS names, coalesce(f.types, '{}') AS types, coalesce(f.kinds, '{}') AS kinds \
     FROM picked p CROSS JOIN LATERAL ( \
         SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS list, \
                array_agg(a.attname::text ORDER BY a.attnum) AS names, \
                array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types, \
                array_agg(coalesce(b.typname, t.typname)::text ORDER BY a.attnum) AS kinds \
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype \
         WHERE a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') f \
     WHERE p.relkind = 'r' ORDER BY p.name";

/// Whether `pg_dump` writes values as [`SETTINGS`] say. It sets the other ones itself (PostgreSQL source, `setup_connection`), or by
/// its environment ([`super::dump`]); asked for before they are set here, as it begins with what this session began with.
const IS_ALIKE: &str = "SELECT current_setting('server_encoding') = 'UTF8' AND current_setting('bytea_output') = 'hex' \
     AND (current_setting('lc_monetary') IN ('C', 'POSIX') OR NOT EXISTS ( \
         SELECT FROM pg_attribute WHERE atttypid IN ('money'::regtype, 'money[]'::regtype) \
         UNION ALL SELECT FROM pg_type WHERE typbasetype IN ('money'::regtype, 'money[]'::regtype) \
         UNION ALL SELECT FROM pg_range WHERE rngsubtype = 'money'::regtype))";

/// A table, and how it is read.
pub(super) struct Relation {
    pub(super) table: Table,
    /// Its object identifier, in digits.
    oid: String,
    /// The statement that reads it.
    pub(super) copy: String,
}

/// A moment of the database, held by a transaction of a session of its own.
pub(super) struct Moment {
    session: PgSession,
    relations: Arc<[Relation]>,
    /// Whether `pg_dump` writes rows as they are read here.
    is_alike: bool,
    /// The name by which others take part in it.
    pub(super) snapshot: String,
    /// The schema's fingerprint.
    pub(super) fingerprint: String,
}

impl Moment {
    /// Holds this moment.
    pub(super) async fn begin(mut session: PgSession) -> Result<Self, EngineError> {
        let major = session.server().number.0;
        let line = session.line()?;
        bounded(run(line, BEGIN)).await?;
        let snapshot = bounded(told(line, "SELECT pg_export_snapshot()")).await?;
        let fingerprint = bounded(introspect::schema(line, major, None)).await?.fingerprint();
        let is_alike = bounded(told(line, IS_ALIKE)).await?;
        let relations = bounded(settled(line)).await?.into();
        Ok(Self { session, relations, is_alike, snapshot, fingerprint })
    }

    /// What is to be found out while `pg_dump`'s output passes.
    pub(super) fn reading(&self, export: Option<DumpSink>) -> Reading {
        let told = |relation: &Relation| Expected {
            oid: relation.oid.clone(),
            copy: relation.copy.replacen(" TO STDOUT", " FROM stdin;\n", 1),
        };
        let expected = if self.is_alike { self.relations.iter().map(told).collect() } else { Vec::new() };
        Reading::of(Arc::clone(&self.relations), expected, export)
    }

    /// Reads the tables that were not found in what passed.
    pub(super) async fn complete(&mut self, reading: Reading) -> Result<Digests, EngineError> {
        reading.complete(self.session.line()?).await
    }

    /// Lets go of it.
    pub(super) async fn end(self) {
        Box::new(self.session).close().await;
    }
}

/// The digests of every table over a session that may be used afterwards.
pub(super) async fn digests(line: &mut PgConnection) -> Result<Digests, EngineError> {
    bounded(run(line, BEGIN)).await?;
    let read = async {
        let relations = bounded(settled(line)).await?;
        Reading::of(relations.into(), Vec::new(), None).complete(line).await
    };
    let digests = read.await;
    if !matches!(digests, Err(EngineError::Lost { .. } | EngineError::TimedOut(_))) {
        bounded(run(line, "ROLLBACK")).await?;
    }
    digests
}

async fn run(line: &mut PgConnection, statement: &'static str) -> Result<(), EngineError> {
    sqlx::raw_sql(statement).execute(line).await.map(|_| ()).map_err(|error| refusal::of(&error))
}

/// The one value that a question has for an answer.
async fn told<T>(line: &mut PgConnection, question: &'static str) -> Result<T, EngineError>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let row = sqlx::raw_sql(question).fetch_one(line).await;
    row.and_then(|row| row.try_get(0)).map_err(|error| refusal::of(&error))
}

/// The tables, in a session that writes values as [`SETTINGS`] say from now on: what is in the default schema is asked for first.
async fn settled(line: &mut PgConnection) -> Result<Vec<Relation>, EngineError> {
    let found = async {
        let rows = sqlx::query(AssertSqlSafe(format!("{PICKED} {RELATIONS}")))
            .bind(None::<Vec<String>>)
            .persistent(false)
            .fetch_all(&mut *line)
            .await?;
        rows.iter().map(relation).collect::<Result<Vec<_>, sqlx::Error>>()
    };
    let relations = found.await.map_err(|error| refusal::of(&error))?;
    run(line, SETTINGS).await?;
    Ok(relations)
}

fn relation(row: &sqlx::postgres::PgRow) -> Result<Relation, sqlx::Error> {
    let (names, types): (Vec<String>, Vec<String>) = (row.try_get("names")?, row.try_get("types")?);
    let kinds: Vec<String> = row.try_get("kinds")?;
    let columns = names.into_iter().zip(types).zip(&kinds);
    let columns = columns.map(|((name, data_type), kind)| Column { name, data_type, kind: told_as(kind) }).collect();
    let table = Table { name: row.try_get("name")?, columns };
    Ok(Relation { table, oid: row.try_get("oid")?, copy: row.try_get("copy")? })
}

fn told_as(kind: &str) -> Kind {
    match kind {
        "int2" | "int4" | "int8" | "oid" => Kind::Integer,
        "float4" | "float8" => Kind::Real,
        "bool" => Kind::Truth,
        "bytea" => Kind::Bytes,
        _ => Kind::Text,
    }
}
