//! MariaDB: what only this engine has to show.

mod restore;
mod schema;

use std::sync::Arc;

use secrecy::SecretString;
use windlass::engine::{self, Engine, EngineError, Limits, Session, Value};

use crate::harness::database::{Database, On, fresh};

/// The engine for a test's database.
fn engine_for(url: &str) -> Arc<dyn Engine> {
    engine::at(&SecretString::from(url)).expect("a usable URL")
}

/// A fresh database and a session that may write.
async fn open() -> (Database, Box<dyn Session>) {
    let database = fresh(On::MariaDb).await;
    let session = engine_for(&database.url).open().await.expect("a session");
    (database, session)
}

/// Runs statements that must succeed.
async fn run(session: &mut dyn Session, statements: &[&str]) {
    for statement in statements {
        if let Err(failed) = session.execute(statement).await {
            panic!("{statement}: {failed}");
        }
    }
}

/// The one integer that a query gives.
async fn number(session: &mut dyn Session, sql: &str) -> Option<i64> {
    let rows = session.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows[0].int(0).expect("an integer")
}

async fn create_our_tables(engine: &dyn Engine, session: &mut dyn Session) {
    run(session, engine.words().create_tables).await;
}

/// What opening says is wrong.
async fn refusal(url: &str) -> EngineError {
    engine_for(url).open().await.err().unwrap_or_else(|| panic!("{url} opened"))
}

/// Goal: rows-only statements happen together. Method: two inserts, each seen, both there.
#[tokio::test]
async fn statements_of_a_transaction_commit_together() {
    let (_database, mut session) = open().await;
    run(&mut *session, &["CREATE TABLE t (a INT PRIMARY KEY)"]).await;

    let mut seen = Vec::new();
    let statements = ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"];
    session.transact(&statements, &mut |index| seen.push(index)).await.expect("both statements");

    assert_eq!(seen, [0, 1]);
    assert_eq!(number(&mut *session, "SELECT COUNT(*) FROM t").await, Some(2));
}

/// Goal: a failing statement takes the ones before it along. Method: the second of three violates a key.
#[tokio::test]
async fn a_failing_statement_is_named_and_nothing_stays() {
    let (_database, mut session) = open().await;
    run(&mut *session, &["CREATE TABLE t (a INT PRIMARY KEY)"]).await;

    let statements = ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"];
    let failed = session.transact(&statements, &mut |_| {}).await.expect_err("a duplicate key");

    assert_eq!((failed.index, failed.committed), (1, Some(false)));
    assert!(matches!(&failed.error, EngineError::Refused { code, .. } if code == "1062"), "{failed}");
    assert_eq!(number(&mut *session, "SELECT COUNT(*) FROM t").await, Some(0));
    assert_eq!(number(&mut *session, "SELECT @@in_transaction").await, Some(0));
}

/// Goal: a session that is killed says so ever after, and what it had begun is rolled back. Method: another session kills it.
#[tokio::test]
async fn a_killed_session_is_lost_and_its_transaction_rolled_back() {
    let (database, mut session) = open().await;
    run(&mut *session, &["CREATE TABLE t (a INT PRIMARY KEY)"]).await;
    let suicide = format!("KILL {}", session.connection_id());

    let failed = session.transact(&["INSERT INTO t VALUES (1)", &suicide], &mut |_| {}).await.expect_err("it is gone");
    assert_eq!((failed.index, failed.committed), (1, Some(false)));

    let later = session.query("SELECT 1", &[]).await.expect_err("it stays gone");
    assert!(matches!(later, EngineError::Lost { .. }), "{later}");
    let mut other = engine_for(&database.url).open().await.expect("a session");
    assert_eq!(number(&mut *other, "SELECT COUNT(*) FROM t").await, Some(0));
}

/// Goal: one statement at a time, whatever it holds. Method: a body with semicolons, a versioned comment, several results.
#[tokio::test]
async fn any_statement_runs_as_it_stands() {
    let (_database, mut session) = open().await;
    run(
        &mut *session,
        &[
            "CREATE TABLE t (a INT PRIMARY KEY)",
            "CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (1); SELECT 1; SELECT 2, 3; END",
            "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = NEW.a + 1; SET @seen = 1; END",
            "/*!50003 INSERT INTO t VALUES (5) */",
            "CALL p()",
        ],
    )
    .await;
    assert_eq!(number(&mut *session, "SELECT SUM(a) = 8 FROM t").await, Some(1));

    let local = session.execute("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t").await.expect_err("a local file");
    assert!(matches!(local.error, EngineError::Refused { .. }), "{local}");
    assert_eq!(number(&mut *session, "SELECT 1").await, Some(1));
}

/// Goal: two runs exclude each other, and a dead one is no obstacle. Method: two sessions; the holder is dropped.
#[tokio::test]
async fn the_lock_excludes_and_is_free_when_its_session_is_gone() {
    let (database, mut holder) = open().await;
    let engine = engine_for(&database.url);
    let mut other = engine.open().await.expect("a session");
    let mut watcher = engine.open_to_read().await.expect("a session");

    assert!(holder.try_lock().await.expect("an answer"));
    assert!(holder.try_lock().await.expect("an answer"), "asking again changes nothing");
    assert!(!other.try_lock().await.expect("an answer"));
    assert!(watcher.is_locked().await.expect("an answer"));

    holder.unlock().await.expect("an answer");
    assert!(!watcher.is_locked().await.expect("an answer"), "given back once although asked for twice");
    assert!(holder.try_lock().await.expect("an answer"));
    let id = holder.connection_id().to_owned();
    drop(holder);
    session_must_vanish(&mut *watcher, &id).await;
    assert!(other.try_lock().await.expect("an answer"));
}

async fn session_must_vanish(session: &mut dyn Session, id: &str) {
    let sql = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE id = {id}");
    for _ in 0..10_000 {
        if number(session, &sql).await == Some(0) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the server still has session {id}");
}

/// Goal: the fence fails when the epoch has moved, whatever a migration did to its session.
/// Method: the same UPDATE with the right epoch and a wrong one, in every mixture of modes.
#[tokio::test]
async fn the_fence_holds_in_every_sql_mode() {
    let (database, mut session) = open().await;
    create_our_tables(&*engine_for(&database.url), &mut *session).await;
    run(&mut *session, &["UPDATE windlass_lock SET epoch = 7 WHERE id = 1"]).await;
    let fence = |epoch: i64| format!("UPDATE windlass_lock SET epoch = CASE WHEN epoch = {epoch} THEN {epoch} END");

    for mode in [
        "SET sql_mode = DEFAULT",
        "SET sql_mode = ''",
        "SET check_constraint_checks = 0",
        "SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'",
        "SET sql_mode = 'TRADITIONAL'",
    ] {
        run(&mut *session, &[mode]).await;
        session.transact(&[&fence(7)], &mut |_| {}).await.expect("our own epoch");
        let failed = session.transact(&[&fence(6)], &mut |_| {}).await.expect_err("another epoch");
        assert!(matches!(failed.error, EngineError::Refused { .. }), "{mode}: {failed}");
        assert_eq!(number(&mut *session, "SELECT epoch FROM windlass_lock").await, Some(7), "{mode}");
    }
}

/// Goal: our tables can be asked for again and again, and moments are right in any time zone.
/// Method: create twice; stamp in one zone, read in another.
#[tokio::test]
async fn our_tables_and_clock_do_not_depend_on_the_time_zone() {
    let (database, mut session) = open().await;
    let engine = engine_for(&database.url);
    let words = engine.words();
    create_our_tables(&*engine, &mut *session).await;
    create_our_tables(&*engine, &mut *session).await;
    assert_eq!(number(&mut *session, words.count_foreign_tables).await, Some(0));
    let count = session.query(words.count_table, &["windlass_lock".into()]).await.expect("a count");
    assert_eq!(count[0].int(0).expect("a count"), Some(1));

    run(&mut *session, &["SET time_zone = '+09:00'"]).await;
    let stamp = format!("UPDATE windlass_lock SET heartbeat = {}, since = {} WHERE id = ?", words.clock, words.clock);
    assert_eq!(session.write(&stamp, &[Value::Int(1)]).await.expect("a stamp"), 1);
    run(&mut *session, &["SET time_zone = '-07:00'"]).await;

    let elapsed = number(&mut *session, &format!("SELECT {}", words.elapsed_ms)).await.expect("a heartbeat");
    assert!((0..60_000).contains(&elapsed), "{elapsed} ms");
    let (before, after) = words.epoch_ms;
    let off = format!("SELECT {before}since{after} DIV 60000 - UNIX_TIMESTAMP() DIV 60 FROM windlass_lock");
    assert!((-1..=0).contains(&number(&mut *session, &off).await.expect("a moment")));
}

/// Goal: values come back as they went. Method: every kind, and NULL into every kind of column.
#[tokio::test]
async fn values_are_bound_and_read() {
    let (_database, mut session) = open().await;
    run(&mut *session, &["CREATE TABLE t (n BIGINT, u BIGINT UNSIGNED, b BOOLEAN, s TEXT, k BLOB, d DECIMAL(9,2), w TIMESTAMP(3) NULL)"])
        .await;
    let insert = "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)";
    let row = [
        Value::Int(-5),
        Value::Int(9),
        Value::Bool(true),
        "é ` ? \\".into(),
        "bytes".into(),
        "1.50".into(),
        "2024-02-29 12:00:00.125".into(),
    ];
    assert_eq!(session.write(insert, &row).await.expect("a row"), 1);
    assert_eq!(session.write(insert, &vec![Value::Null; 7]).await.expect("a row of nothing"), 1);

    for text in ["SELECT * FROM t WHERE n IS NOT NULL", "SELECT * FROM t WHERE n = ?"] {
        let binds: &[Value] = if text.contains('?') { &[Value::Int(-5)] } else { &[] };
        let rows = session.query(text, binds).await.expect("rows");
        let mut expected = row.to_vec();
        expected[2] = Value::Int(1);
        assert_eq!(rows[0].0, expected, "{text}");
    }
    let nothing = session.query("SELECT * FROM t WHERE n IS NULL", &[]).await.expect("rows");
    assert_eq!(nothing[0].0, vec![Value::Null; 7]);
    let big = session.query("SELECT 18446744073709551615", &[]).await.expect_err("no room");
    assert!(matches!(big, EngineError::Shape { .. }), "{big}");
}

/// Goal: a waiting statement gives up, and the server's own limits come back. Method: a lock held by another session.
#[tokio::test]
async fn limits_are_kept_by_the_server() {
    let (database, mut session) = open().await;
    let mut other = engine_for(&database.url).open().await.expect("a session");
    run(&mut *session, &["CREATE TABLE t (a INT)", "LOCK TABLES t WRITE"]).await;
    let limits = Limits { lock_timeout_ms: Some(20), statement_timeout_ms: Some(600_500) };

    other.set_limits(limits).await.expect("limits");
    assert_eq!(number(&mut *other, "SELECT @@lock_wait_timeout").await, Some(1));
    assert_eq!(number(&mut *other, "SELECT @@max_statement_time = 600.5").await, Some(1));
    let failed = other.execute("ALTER TABLE t ADD b INT").await.expect_err("a table lock");
    assert!(matches!(&failed.error, EngineError::Blocked { code, .. } if code == "1205"), "{failed}");

    other.set_limits(Limits::default()).await.expect("no limits");
    assert_eq!(number(&mut *other, "SELECT @@lock_wait_timeout = @@global.lock_wait_timeout").await, Some(1));
    assert_eq!(number(&mut *other, "SELECT @@max_statement_time = 0").await, Some(1));
}

/// Goal: a script sees the server's own settings. Method: compare the session's with the global ones.
#[tokio::test]
async fn the_session_is_as_the_servers_own_client_would_have_it() {
    let (_database, mut session) = open().await;
    for variable in ["sql_mode", "time_zone", "foreign_key_checks", "unique_checks"] {
        let sql = format!("SELECT @@session.{variable} = @@global.{variable}");
        assert_eq!(number(&mut *session, &sql).await, Some(1), "{variable}");
    }
    assert_eq!(number(&mut *session, "SELECT @@character_set_client = 'utf8mb4' AND @@autocommit").await, Some(1));
}

/// Goal: a look cannot write. Method: try.
#[tokio::test]
async fn a_session_for_looking_cannot_write() {
    let (database, mut session) = open().await;
    run(&mut *session, &["CREATE TABLE t (a INT)"]).await;
    let mut reader = engine_for(&database.url).open_to_read().await.expect("a session");
    for sql in ["INSERT INTO t VALUES (1)", "CREATE TABLE u (a INT)", "DROP TABLE t"] {
        let failed = reader.execute(sql).await.expect_err(sql);
        assert!(matches!(&failed.error, EngineError::Refused { code, .. } if code == "1792"), "{failed}");
    }
}

/// Goal: whoever cannot get in learns why, and no secret is said. Method: wrong password, no database, closed port, bad URLs.
#[tokio::test]
async fn a_closed_door_says_why_and_keeps_the_secret() {
    const SECRET: &str = "s3cr3t-canary";
    let (database, mut session) = open().await;
    let name = database.url.rsplit_once('/').expect("a name").1;
    let user = format!("u{}", &name[name.len() - 10..]);
    run(&mut *session, &[&format!("CREATE USER {user} IDENTIFIED BY 'other'")]).await;
    let server = database.url.split_once('@').expect("a server").1.split_once('/').expect("a server").0;

    let closed = format!("mysql://root:{SECRET}@127.0.0.1:1/{name}");
    for (url, word) in [
        (format!("mysql://{user}:{SECRET}@{server}/{name}?ssl-mode=preferred"), "Access denied"),
        (format!("mariadb://root@{server}/no_such_database_{name}"), "Unknown database"),
        (closed, "refused"),
    ] {
        let error = refusal(&url).await;
        assert!(matches!(error, EngineError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(!format!("{error} {error:?} {}", engine_for(&url).address()).contains(SECRET), "{error}");
    }
    for url in ["mysql://h", "mysql://h/", "mysql://u:s3cr3t-canary@h:x/d", "mysql://h/d?s3cr3t-canary=1", "mysql:u/d"]
    {
        let error = engine::at(&SecretString::from(url)).err().expect("no such address");
        assert!(matches!(error, EngineError::Address { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    }
    assert_eq!(engine_for("mariadb://a%40b:p%2F@[::1]/d%20b").address(), "mariadb://a@b@::1:3306/d b");
}
