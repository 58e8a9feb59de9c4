//! What holds on SQLite alone: rebuilds, the file, and a restore under open connections.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use sqlx::{Connection, Executor, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::Notify;
use windlass::engine::{self, EngineError, Limits, Session};

use super::target::{Target, execute, number, target};
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

/// Goal: saying goodbye does not wait for a statement that nobody waits for.
#[tokio::test]
async fn a_goodbye_in_the_middle_of_a_statement_stops_it() {
    let target = target(On::Sqlite).await;
    let mut session = with_children(&target).await;
    leave_in_the_middle(session.as_mut()).await;

    tokio::time::timeout(Duration::from_secs(10), session.close()).await.expect("it is closed");

    assert_eq!(number(target.open().await.as_mut(), "SELECT count(*) FROM trips").await, 3);
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

/// Goal: a dump taken while the application writes is of one moment, in either journal mode.
/// Method: every write moves a coin between two rows, so that any one moment has the same sum; the file has enough pages for
/// several steps of the copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_under_a_busy_writer_is_of_one_moment() {
    for mode in ["WAL", "DELETE"] {
        let target = target(On::Sqlite).await;
        let mut session = target.open().await;
        execute(session.as_mut(), &format!("PRAGMA journal_mode = {mode}")).await;
        execute(session.as_mut(), "CREATE TABLE coins (id INTEGER PRIMARY KEY, n INT, filler BLOB)").await;
        let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) \
                    INSERT INTO coins SELECT i, 100, zeroblob(3000) FROM n";
        execute(session.as_mut(), fill).await;
        let mut writer = application(&target).await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let writing = tokio::spawn(async move {
            let mut stopped = stopped;
            let mut moves = 0_u32;
            while stopped.try_recv().is_err() {
                let moving = "UPDATE coins SET n = n + CASE id WHEN 1 THEN 1 ELSE -1 END WHERE id IN (1, 6000)";
                moves += u32::from(writer.execute(moving).await.is_ok());
                // A look at the rows leaves the file to other readers for a while.
                writer.fetch_one("SELECT sum(n * length(filler)) FROM coins").await.expect("a sum");
            }
            moves
        });

        let mut bytes = Vec::new();
        let (sink, mut source) = tokio::sync::mpsc::channel::<bytes::Bytes>(4);
        let receive = async {
            while let Some(piece) = source.recv().await {
                bytes.extend_from_slice(&piece);
            }
        };
        let (dumped, ()) = tokio::join!(target.engine.dump(target.scratch(), sink, None), receive);
        dumped.expect("a dump");
        stop.send(()).expect("the writer");
        assert!(writing.await.expect("the writer") > 0, "{mode}: nothing was written meanwhile");

        let copy = target.scratch().join("copy.db");
        std::fs::write(&copy, bytes).expect("the copy");
        let mut copy =
            SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(copy)).await.expect("it opens");
        let sum: i64 = copy.fetch_one("SELECT sum(n) FROM coins").await.expect("a sum").get(0);
        let checked: String = copy.fetch_one("PRAGMA integrity_check").await.expect("an answer").get(0);
        assert_eq!((sum, checked.as_str()), (600_000, "ok"), "{mode}");
    }
}

/// Goal: estimates cost a page or two, and are near for tables whose rows are numbered without gaps.
#[tokio::test]
async fn rows_and_bytes_are_estimated() {
    let target = target(On::Sqlite).await;
    let mut session = with_children(&target).await;
    execute(session.as_mut(), "CREATE TABLE keyed (k TEXT PRIMARY KEY) WITHOUT ROWID").await;
    execute(session.as_mut(), "INSERT INTO keyed VALUES ('a'), ('b')").await;

    let schema = session.schema(None).await.expect("a schema");

    let estimates: Vec<_> = schema.tables.values().map(|table| (table.rows_estimate, table.size_bytes)).collect();
    assert_eq!(estimates, [(2, 4_096), (2, 4_096), (3, 4_096)], "guests, keyed, trips");
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
