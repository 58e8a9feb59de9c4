//! What holds on SQLite alone: rebuilds, the file, and a restore under open connections.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use sqlx::{Connection, Executor, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::Notify;
use windlass::engine::{self, EngineError, Limits, Session};

use super::contract::{Target, execute, fingerprint, number, target};
use crate::harness::database::On;

/// Parents with ON DELETE CASCADE children, the shape in which a careless rebuild loses rows.
async fn with_children(target: &Target) -> Box<dyn Session> {
    let mut session = target.open().await;
    execute(session.as_mut(), "CREATE TABLE guests (id INTEGER PRIMARY KEY, name TEXT)").await;
    execute(
        session.as_mut(),
        "CREATE TABLE trips (id INTEGER PRIMARY KEY, guest INT REFERENCES guests (id) ON DELETE CASCADE)",
    )
    .await;
    execute(session.as_mut(), "INSERT INTO guests VALUES (1, 'Ada'), (2, 'Ben')").await;
    execute(session.as_mut(), "INSERT INTO trips VALUES (10, 1), (11, 1), (12, 2)").await;
    session
}

/// Goal: the children of a rebuilt table keep their rows, and enforcement is on again afterwards.
#[tokio::test]
async fn a_rebuilt_table_keeps_its_children() {
    let target = target(On::Sqlite).await;
    let mut session = with_children(&target).await;

    let rebuild = [
        "CREATE TABLE guests_next (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
        "INSERT INTO guests_next SELECT id, name FROM guests",
        "DROP TABLE guests",
        "ALTER TABLE guests_next RENAME TO guests",
    ];
    session.transact(&rebuild, &mut |_| ()).await.expect("a rebuild");

    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM trips").await, 3);
    assert_eq!(number(session.as_mut(), "PRAGMA foreign_keys").await, 1);
    session.execute("INSERT INTO trips VALUES (13, 99)").await.expect_err("enforcement is on");
}

/// Goal: a migration that leaves a reference dangling is refused, and the row is named.
#[tokio::test]
async fn a_dangling_reference_is_refused_with_its_row() {
    let target = target(On::Sqlite).await;
    let mut session = with_children(&target).await;

    let failure = session
        .transact(&["PRAGMA foreign_keys = ON", "DELETE FROM guests WHERE id = 2"], &mut |_| ())
        .await
        .expect_err("trip 12 dangles");

    assert_eq!((failure.index, failure.committed), (2, Some(false)));
    let said = failure.error.to_string();
    assert!(said.contains("row 12 of trips") && said.contains("guests"), "{said}");
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM guests").await, 2);
    assert_eq!(number(session.as_mut(), "PRAGMA foreign_keys").await, 1);
}

/// Goal: what dangled before is no reason to refuse a migration that has nothing to do with it.
#[tokio::test]
async fn an_old_dangling_reference_does_not_stop_a_migration() {
    let target = target(On::Sqlite).await;
    let mut session = with_children(&target).await;
    execute(session.as_mut(), "PRAGMA foreign_keys = OFF").await;
    execute(session.as_mut(), "DELETE FROM guests WHERE id = 2").await;
    assert_eq!(
        session.broken_references(10).await.expect("an answer"),
        ["row 12 of trips points to a row of guests that is not there"]
    );

    session.transact(&["ALTER TABLE guests ADD COLUMN note TEXT"], &mut |_| ()).await.expect("a commit");
    let failure = session.transact(&["DELETE FROM guests"], &mut |_| ()).await.expect_err("two more dangle");

    assert!(failure.error.to_string().contains("row 10 of trips"), "{}", failure.error);
}

/// A statement that ends only when it is stopped.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// Begins a transaction, and drops its future while its second statement runs.
async fn leave_in_the_middle(session: &mut dyn Session) {
    let begun = Notify::new();
    let mut seen = |_| begun.notify_one();
    tokio::select! {
        _ = session.transact(&["DELETE FROM trips", ENDLESS], &mut seen) => panic!("it has no end"),
        () = begun.notified() => {}
    }
}

/// Goal: a transaction whose future is dropped in the middle leaves nothing, and the session goes on.
#[tokio::test]
async fn a_dropped_transaction_is_rolled_back() {
    let target = target(On::Sqlite).await;
    let mut session = with_children(&target).await;

    leave_in_the_middle(session.as_mut()).await;

    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM trips").await, 3);
    assert_eq!(number(session.as_mut(), "PRAGMA foreign_keys").await, 1);
}

/// Goal: a session that is dropped within a statement stops it, and the lock is free only when it has stopped.
/// Method: the endless statement holds the write lock too, so that a successor that has the lock can write at once.
#[tokio::test]
async fn the_lock_outlives_its_session_until_the_statement_is_over() {
    let target = target(On::Sqlite).await;
    let (mut first, mut second) = (with_children(&target).await, target.open().await);
    assert!(first.try_lock().await.expect("an answer"));
    leave_in_the_middle(first.as_mut()).await;

    drop(first);

    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !second.try_lock().await.expect("an answer") {
        assert!(tokio::time::Instant::now() < deadline, "the statement goes on");
    }
    let limits = Limits { lock_timeout_ms: Some(0), ..Limits::default() };
    second.set_limits(limits).await.expect("limits");
    second.transact(&["DELETE FROM trips WHERE id = 10"], &mut |_| ()).await.expect("nobody else writes");
    assert_eq!(number(second.as_mut(), "SELECT count(*) FROM trips").await, 2);
}

async fn application(target: &Target) -> SqliteConnection {
    let path = target.database.folder.path().join("app.db");
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.expect("the application")
}

/// Goal: the application's connections stay good over a restore, and a reader's transaction sees one state.
#[tokio::test]
async fn a_restore_keeps_the_connections_of_the_application() {
    let target = target(On::Sqlite).await;
    let mut session = with_children(&target).await;
    let dumped = target.dump(session.as_mut()).await;
    execute(session.as_mut(), "DELETE FROM trips").await;
    let mut reader = application(&target).await;
    let trips = "SELECT count(*) FROM trips";
    reader.execute("BEGIN").await.expect("a read transaction");
    assert_eq!(reader.fetch_one(trips).await.expect("a count").get::<i64, _>(0), 0);

    let restored = target.restore(session, &dumped).await;

    restored.unwrap_or_else(|failure| panic!("{}", failure.error));
    assert_eq!(reader.fetch_one(trips).await.expect("a count").get::<i64, _>(0), 0, "its transaction still stands");
    reader.execute("COMMIT").await.expect("the end of it");
    assert_eq!(reader.fetch_one(trips).await.expect("a count").get::<i64, _>(0), 3);
}

/// Goal: a restore does not bring back an epoch that has passed.
#[tokio::test]
async fn a_restore_keeps_the_epoch_of_the_run() {
    let target = target(On::Sqlite).await;
    let mut session = target.open_with_our_tables().await;
    let dumped = target.dump(session.as_mut()).await;
    execute(session.as_mut(), "UPDATE windlass_lock SET epoch = 9").await;

    let restored = target.restore(session, &dumped).await;

    let mut session = restored.unwrap_or_else(|failure| panic!("{}", failure.error));
    assert_eq!(number(session.as_mut(), "SELECT epoch FROM windlass_lock").await, 9);
}

/// Goal: an existing file keeps its rollback journal, also through a restore of another page size.
#[tokio::test]
async fn the_mode_and_pages_of_an_existing_file_are_left() {
    let other = target(On::Sqlite).await;
    let mut session = with_children(&other).await;
    let dumped = other.dump(session.as_mut()).await;
    let target = target(On::Sqlite).await;
    let mut owner = {
        let path = target.database.folder.path().join("app.db");
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).page_size(8_192);
        SqliteConnection::connect_with(&options).await.expect("the application")
    };
    owner.execute("CREATE TABLE own (id INTEGER)").await.expect("a table");
    owner.close().await.expect("goodbye");

    let restored = target.restore(target.open().await, &dumped).await;

    let mut session = restored.unwrap_or_else(|failure| panic!("{}", failure.error));
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM trips").await, 3);
    assert_eq!(number(session.as_mut(), "PRAGMA page_size").await, 8_192);
    assert_eq!(number(session.as_mut(), "PRAGMA synchronous").await, 3, "EXTRA");
    let mode = session.query("PRAGMA journal_mode", &[]).await.expect("a mode");
    assert_eq!(mode[0].text(0).expect("text"), Some("delete"));
    let again = target.dump(session.as_mut()).await;
    assert_eq!(again.manifest.tables, dumped.manifest.tables);
    assert_eq!(again.manifest.schema_fingerprint, dumped.manifest.schema_fingerprint);
}

/// Goal: a new file is private, in WAL mode and durable; its folder is private as well.
#[tokio::test]
async fn a_new_file_is_private_and_durable() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/app.db");
    let engine = engine::at(&format!("sqlite://{}", path.display()).into()).expect("an engine");

    let mut session = engine.open().await.expect("a session");

    assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(folder.path().join("data")).expect("the folder").permissions().mode() & 0o777, 0o700);
    assert_eq!(number(session.as_mut(), "PRAGMA synchronous").await, 2, "FULL");
    let mode = session.query("PRAGMA journal_mode", &[]).await.expect("a mode");
    assert_eq!(mode[0].text(0).expect("text"), Some("wal"));
}

/// Goal: a look at a database that is not there answers as an empty one, and creates nothing.
#[tokio::test]
async fn a_look_at_a_missing_file_creates_nothing() {
    let target = target(On::Sqlite).await;

    let mut session = target.engine.open_to_read().await.expect("a stand-in");

    assert!(session.schema(None).await.expect("a schema").tables.is_empty());
    assert_eq!(number(session.as_mut(), target.engine.words().count_foreign_tables).await, 0);
    assert!(!session.is_locked().await.expect("an answer"));
    session.execute("CREATE TABLE t (i)").await.expect_err("it takes no writes");
    assert_eq!(std::fs::read_dir(target.database.folder.path()).expect("the folder").count(), 0);
}

/// Goal: writes of a session that only looks are refused as what they are.
#[tokio::test]
async fn a_session_that_looks_cannot_write() {
    let target = target(On::Sqlite).await;
    drop(with_children(&target).await);

    let mut session = target.engine.open_to_read().await.expect("a session");

    let failure = session.execute("DELETE FROM trips").await.expect_err("it may not");
    assert!(matches!(failure.error, EngineError::ReadOnly { .. }), "{}", failure.error);
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM trips").await, 3);
}

/// Goal: a file that is no database is told from a server that does not answer.
#[tokio::test]
async fn a_file_that_is_no_database_is_named_so() {
    let target = target(On::Sqlite).await;
    let path = target.database.folder.path().join("app.db");
    std::fs::write(&path, "a letter to the harbour master, which is quite a bit longer than any header ".repeat(40))
        .expect("a file");

    let Err(error) = target.engine.open().await else { panic!("a letter was opened") };

    assert!(error.to_string().contains("not a SQLite database"), "{error}");
    let Err(EngineError::Address { .. }) = engine::at(&"sqlite::memory:".to_owned().into()) else {
        panic!("a database in memory was taken")
    };
}

/// Goal: a table that was altered and renamed reads as one that was created so.
#[tokio::test]
async fn the_way_to_a_schema_does_not_show() {
    let (altered, created) = (target(On::Sqlite).await, target(On::Sqlite).await);
    let (mut altered, mut created) = (altered.open().await, created.open().await);

    for sql in [
        "CREATE TABLE ship(id INTEGER PRIMARY KEY AUTOINCREMENT, nme text)",
        "alter table ship add column tons int not null default 5 check (tons > 0)",
        "ALTER TABLE ship RENAME COLUMN nme TO name",
        "CREATE TABLE trip(ship INT REFERENCES ship(id))",
        "ALTER TABLE ship RENAME TO vessels",
    ] {
        execute(altered.as_mut(), sql).await;
    }
    for sql in [
        "CREATE TABLE vessels (\n  id INTEGER PRIMARY KEY AUTOINCREMENT, -- its number\n  name TEXT,\n  tons INT NOT NULL \
         DEFAULT 5 CHECK(tons>0)\n)",
        "CREATE TABLE trip (\"ship\" INT REFERENCES vessels (id))",
    ] {
        execute(created.as_mut(), sql).await;
    }

    let (altered, created) = (altered.schema(None).await.expect("one"), created.schema(None).await.expect("two"));
    assert_eq!(altered.tables, {
        let mut tables = created.tables.clone();
        for (name, table) in &mut tables {
            (table.rows_estimate, table.size_bytes) =
                (altered.tables[name].rows_estimate, altered.tables[name].size_bytes);
        }
        tables
    });
    assert_eq!(altered.fingerprint(), created.fingerprint());
}

/// Goal: what the pragmas do not tell moves the fingerprint as well.
#[tokio::test]
async fn what_only_the_text_tells_moves_the_fingerprint() {
    let target = target(On::Sqlite).await;
    let mut session = target.open().await;
    execute(session.as_mut(), "CREATE TABLE parents (id INTEGER PRIMARY KEY)").await;
    let mut seen = std::collections::BTreeSet::new();
    let variants = [
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT COLLATE NOCASE, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (b <> ')'), p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (b <> ']'), p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT AS (a + 1), p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT AS (a + 1) STORED, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents ON DELETE SET NULL)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL ON CONFLICT IGNORE, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents) STRICT",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents) WITHOUT ROWID",
        "CREATE TABLE t (a INTEGER, b TEXT, p INT REFERENCES parents, PRIMARY KEY (a, b))",
        "CREATE VIRTUAL TABLE t USING fts5 (a, b)",
    ];
    for sql in variants {
        execute(session.as_mut(), sql).await;
        assert!(seen.insert(fingerprint(session.as_mut()).await), "{sql}");
        execute(session.as_mut(), "DROP TABLE t").await;
    }
    execute(session.as_mut(), variants[0]).await;
    for sql in [
        "CREATE INDEX i ON t (b)",
        "CREATE INDEX i ON t (b DESC)",
        "CREATE INDEX i ON t (b COLLATE NOCASE)",
        "CREATE INDEX i ON t (lower(b))",
        "CREATE INDEX i ON t (b) WHERE p > 1",
        "CREATE UNIQUE INDEX i ON t (b) WHERE p > 1",
    ] {
        execute(session.as_mut(), sql).await;
        assert!(seen.insert(fingerprint(session.as_mut()).await), "{sql}");
        execute(session.as_mut(), "DROP INDEX i").await;
    }
}
