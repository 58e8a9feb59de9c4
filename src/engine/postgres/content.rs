//! What is in the tables at one moment, read by COPY.
//!
//! A line of COPY's text format stands for one row and no other: tabs part its values, NULL is `\N`, and both are escaped
//! within values (PostgreSQL manual, "COPY", "Text Format"). What a value looks like depends on settings of the session,
//! and these are set here; nothing of it depends on the machine.

use std::{collections::BTreeMap, time::Duration};

use futures_util::StreamExt;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tokio::time::timeout;

use super::{
    connect::bounded,
    copy_text,
    introspect::{self, PICKED},
    refusal,
    session::PgSession,
};
use crate::engine::{
    DumpSink, EngineError, Session,
    content::{self, Column, Digests, Export, Kind, RowBytes, Table, Tally},
};

/// The server may be silent so long within a table.
const SILENT_MS_MAX: u64 = 15 * 60_000;

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
const RELATIONS: &str = "SELECT p.name, format('COPY %I.%I%s TO STDOUT', p.nspname, p.bare, '(' || f.list || ')') AS copy, \
         coalesce(f.names, '{}') AS names, coalesce(f.types, '{}') AS types, coalesce(f.kinds, '{}') AS kinds \
     FROM picked p CROSS JOIN LATERAL ( \
         SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS list, \
                array_agg(a.attname::text ORDER BY a.attnum) AS names, \
                array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types, \
                array_agg(coalesce(b.typname, t.typname)::text ORDER BY a.attnum) AS kinds \
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype \
         WHERE a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') f \
     WHERE p.relkind = 'r' ORDER BY p.name";

/// A table, and how it is read.
struct Relation {
    table: Table,
    copy: String,
}

/// A moment of the database, held by a transaction of a session of its own.
pub(super) struct Moment {
    session: PgSession,
    relations: Vec<Relation>,
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
        let snapshot = bounded(exported(line)).await?;
        let fingerprint = bounded(introspect::schema(line, major, None)).await?.fingerprint();
        let relations = bounded(settled(line)).await?;
        Ok(Self { session, relations, snapshot, fingerprint })
    }

    /// Reads every table, into `export` as well if there is one.
    pub(super) async fn read(&mut self, export: Option<DumpSink>) -> Result<Digests, EngineError> {
        let tables = || self.relations.iter().map(|relation| relation.table.clone()).collect::<Vec<_>>();
        let mut lines = export.map(|sink| (Export::of("PostgreSQL", &tables()), sink));
        let digests = read(self.session.line()?, &self.relations, lines.as_mut()).await?;
        if let Some((lines, sink)) = lines {
            content::deliver(&sink, lines.end()).await?;
        }
        Ok(digests)
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
        read(line, &relations, None).await
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

async fn exported(line: &mut PgConnection) -> Result<String, EngineError> {
    let row = sqlx::raw_sql("SELECT pg_export_snapshot()").fetch_one(line).await;
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
    Ok(Relation { table: Table { name: row.try_get("name")?, columns }, copy: row.try_get("copy")? })
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

async fn read(
    line: &mut PgConnection,
    relations: &[Relation],
    mut export: Option<&mut (Export, DumpSink)>,
) -> Result<Digests, EngineError> {
    let mut digests = BTreeMap::new();
    for relation in relations {
        if let Some((lines, _)) = &mut export {
            lines.turn_to(&relation.table);
        }
        let tally = read_one(line, relation, export.as_deref_mut()).await?;
        digests.insert(relation.table.name.clone(), tally.digest());
    }
    Ok(digests)
}

async fn read_one(
    line: &mut PgConnection,
    relation: &Relation,
    mut export: Option<&mut (Export, DumpSink)>,
) -> Result<Tally, EngineError> {
    let limit = Duration::from_millis(SILENT_MS_MAX);
    let late = |_| EngineError::TimedOut(limit);
    let failed = |error: sqlx::Error| refusal::of(&error);
    let mut pieces = timeout(limit, line.copy_out_raw(&relation.copy)).await.map_err(late)?.map_err(failed)?;
    let mut tally = Tally::default();
    let mut parts = copy_text::Lines::default();
    let mut row = RowBytes::default();
    while let Some(piece) = timeout(limit, pieces.next()).await.map_err(late)? {
        let piece = piece.map_err(failed)?;
        match &mut export {
            None => parts.of(&piece, |text| tally.take_in(text)),
            Some((lines, sink)) => {
                parts.of(&piece, |text| {
                    tally.take_in(text);
                    copy_text::values(text, &relation.table.columns, &mut row);
                    lines.row(row.cells());
                });
                if let Some(full) = lines.full() {
                    content::deliver(sink, full).await?;
                }
            }
        }
    }
    Ok(tally)
}
