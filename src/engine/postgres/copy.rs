//! A copy beside the database: made like it, filled from a dump, and compared before anybody relies on it.

use std::{path::Path, process::Stdio, time::Duration};

use sqlx::{AssertSqlSafe, PgConnection};
use tokio::{io::AsyncWriteExt, process::ChildStdin, time::timeout};

use super::{
    address::Address,
    connect::{self, Purpose, bounded},
    dump, refusal,
    session::PgSession,
    tool::{self, Tool},
};
use crate::{
    engine::{DumpSource, EngineError, Session, pipe},
    model::snapshot::Manifest,
};

/// The program may take so long over one piece: it builds indexes while the rest waits.
const PIECE_MS_MAX: u64 = 60 * 60_000;

/// After the last piece it still builds indexes and checks constraints.
const END_MS_MAX: u64 = 24 * 60 * 60_000;

/// `CREATE DATABASE` copies a template, and may have to wait for its disk.
pub(super) const CREATE_MS_MAX: u64 = 10 * 60_000;

/// The statement that creates `$2` like `$1`. Only template0 may be given another locale (PostgreSQL manual, "Template
/// Databases"). The columns of later servers are looked up by name, as not every server has them.
const CREATE: &str = "SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', \
       $2, r.rolname, pg_encoding_to_char(d.encoding), d.datcollate, d.datctype) \
     || CASE t.spcname WHEN 'pg_default' THEN '' ELSE format(' TABLESPACE %I', t.spcname) END \
     || CASE j.known->>'datlocprovider' \
          WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(j.known->>'datlocale', j.known->>'daticulocale')) \
               || coalesce(format(' ICU_RULES %L', j.known->>'daticurules'), '') \
          WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', j.known->>'datlocale') ELSE '' END \
     FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba JOIN pg_tablespace t ON t.oid = d.dattablespace \
     CROSS JOIN LATERAL (SELECT to_jsonb(d) - 'datacl' AS known) j WHERE d.datname = $1";

/// The statements that give `$2` the settings, rights, limit and comment of `$1`, in order. The settings that are
/// lists of names are kept quoted, the others plain (PostgreSQL source, `variable_is_guc_list_quote`).
const LIKEN: &str = "SELECT s.text FROM ( \
     SELECT 1 AS place, format('ALTER %s SET %s TO %s', \
            CASE WHEN x.setrole = 0 THEN format('DATABASE %I', $2) \
                 ELSE format('ROLE %I IN DATABASE %I', x.setrole::regrole::text, $2) END, \
            split_part(c.setting, '=', 1), \
            CASE WHEN split_part(c.setting, '=', 1) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', \
                      'session_preload_libraries') THEN substr(c.setting, strpos(c.setting, '=') + 1) \
                 ELSE quote_literal(substr(c.setting, strpos(c.setting, '=') + 1)) END) AS text \
     FROM pg_db_role_setting x JOIN pg_database d ON d.oid = x.setdatabase CROSS JOIN unnest(x.setconfig) AS c (setting) \
     WHERE d.datname = $1 \
     UNION ALL SELECT 2, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2) \
     FROM pg_database d WHERE d.datname = $1 AND d.datacl IS NOT NULL \
     UNION ALL SELECT 3, format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, $2, \
            CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, \
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
     FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) a WHERE d.datname = $1 AND a.grantee <> d.datdba \
     UNION ALL SELECT 4, format('ALTER DATABASE %I CONNECTION LIMIT %s', $2, d.datconnlimit) \
     FROM pg_database d WHERE d.datname = $1 AND d.datconnlimit <> -1 \
     UNION ALL SELECT 5, format('COMMENT ON DATABASE %I IS %L', $2, shobj_description(d.oid, 'pg_database')) \
     FROM pg_database d WHERE d.datname = $1 AND shobj_description(d.oid, 'pg_database') IS NOT NULL \
     ) s WHERE s.text IS NOT NULL ORDER BY s.place";

/// Makes a copy of `address`'s database, fills it from a dump, and finds it good.
pub(super) async fn make(
    address: &Address,
    maintenance: &mut PgConnection,
    name: &str,
    scratch: &Path,
    source: DumpSource,
    manifest: &Manifest,
    major: u32,
) -> Result<(), EngineError> {
    let superuser = bounded(is_superuser(maintenance)).await?;
    create(maintenance, &address.database, name).await?;
    let beside = address.within(name);
    fill(&beside, scratch, source, &manifest.tool, superuser, major).await?;
    compare(&beside, manifest).await
}

async fn is_superuser(connection: &mut PgConnection) -> Result<bool, EngineError> {
    sqlx::query_scalar("SELECT current_setting('is_superuser')::bool")
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(|error| refusal::of(&error))
}

/// Creates an empty copy, with the same owner, encoding, locale, tablespace, settings, rights and limit. Security
/// labels are not carried over.
pub(super) async fn create(maintenance: &mut PgConnection, live: &str, copy: &str) -> Result<(), EngineError> {
    let statements = bounded(tell(maintenance, CREATE, live, copy)).await?;
    if statements.is_empty() {
        let message = format!("database \"{live}\" does not exist");
        return Err(EngineError::Refused { code: "3D000".to_owned(), message });
    }
    for statement in statements {
        run(maintenance, statement, CREATE_MS_MAX).await?;
    }
    for statement in bounded(tell(maintenance, LIKEN, live, copy)).await? {
        bounded(run(maintenance, statement, CREATE_MS_MAX)).await?;
    }
    Ok(())
}

async fn tell(
    connection: &mut PgConnection,
    question: &'static str,
    live: &str,
    copy: &str,
) -> Result<Vec<String>, EngineError> {
    let told = sqlx::query_scalar(question).bind(live).bind(copy).persistent(false).fetch_all(connection);
    told.await.map_err(|error| refusal::of(&error))
}

/// Runs one statement, with a bound.
pub(super) async fn run(connection: &mut PgConnection, statement: String, limit_ms: u64) -> Result<(), EngineError> {
    let limit = Duration::from_millis(limit_ms);
    match timeout(limit, sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection)).await {
        Ok(done) => done.map(|_| ()).map_err(|error| refusal::of(&error)),
        Err(_) => Err(EngineError::TimedOut(limit)),
    }
}

/// Fills the copy from a dump that the program `dumped_by` wrote. Objects keep their owners if we may give them away, as a superuser may; else they are
/// all the restoring role's.
pub(super) async fn fill(
    copy: &Address,
    scratch: &Path,
    source: DumpSource,
    dumped_by: &str,
    superuser: bool,
    major: u32,
) -> Result<(), EngineError> {
    // An archive is read by the version that wrote it, or a later one.
    let tool = tool::find("pg_restore", tool::major_of(dumped_by).unwrap_or(major).max(major)).await?;
    let owners = if superuser { None } else { Some("--no-owner") };
    let arguments = ["--exit-on-error", "--no-password", "--format=custom", "--dbname", copy.database.as_str()];
    let (mut command, _secret) = tool.command(copy, scratch, arguments.into_iter().chain(owners))?;
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(|error| tool.failed(error.to_string()))?;
    let complaint = tokio::spawn(tool::complaint(child.stderr.take()));
    let fed = match child.stdin.take() {
        Some(stdin) => feed(&tool, stdin, source).await,
        None => Err(tool.failed("has no input")),
    };
    let ended = match fed {
        Ok(()) => dump::end(&tool, &mut child, END_MS_MAX).await,
        Err(error) => {
            // The copy is dropped; the program must not go on filling it.
            let _ = child.kill().await;
            Err(error)
        }
    };
    let said = complaint.await.unwrap_or_default();
    match ended {
        Ok(true) => Ok(()),
        Ok(false) => Err(tool.failed(format!("failed: {said}"))),
        Err(error) => Err(error),
    }
}

/// Gives the dump to the program. One that stops reading tells why by its exit.
async fn feed(tool: &Tool, mut stdin: ChildStdin, mut source: DumpSource) -> Result<(), EngineError> {
    let limit = Duration::from_millis(PIECE_MS_MAX);
    pipe::widen(&stdin);
    loop {
        let piece = match timeout(limit, source.recv()).await.map_err(|_| EngineError::TimedOut(limit))? {
            None => return Ok(()),
            Some(piece) => piece.map_err(|error| tool.failed(format!("was stopped: the dump is broken: {error}")))?,
        };
        match timeout(limit, stdin.write_all(&piece)).await.map_err(|_| EngineError::TimedOut(limit))? {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(|error| tool.failed(error.to_string()))?,
        }
    }
}

/// Compares the copy with the manifest, and gathers the planner's statistics, which a dump does not hold.
async fn compare(copy: &Address, manifest: &Manifest) -> Result<(), EngineError> {
    let mut session = connect::open(copy, Purpose::Work).await?;
    let difference = difference(&mut session, manifest).await;
    let analyzed = match difference {
        Ok(None) => session.execute("ANALYZE").await.map_err(|failure| failure.error).map(|_| ()),
        _ => Ok(()),
    };
    Box::new(session).close().await;
    match difference? {
        Some(difference) => Err(EngineError::Differs { difference }),
        None => analyzed,
    }
}

async fn difference(session: &mut PgSession, manifest: &Manifest) -> Result<Option<String>, EngineError> {
    let found = session.schema(None).await?.fingerprint();
    let digests = session.digests().await?;
    Ok(manifest.difference(&found, &digests))
}
