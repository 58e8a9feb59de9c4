//! A migration is one transaction, and one that fails says where.

use super::*;

/// Goal: a migration that succeeds tells of each statement and is there afterwards.
/// Method: statements that yield rows, that end in a comment, and one that has no command.
#[tokio::test]
async fn every_statement_is_seen_and_committed() {
    let target = Target::empty().await;
    let mut session = target.session().await;

    let statements = [
        "CREATE TABLE t (id INT PRIMARY KEY) -- ends in a comment",
        "-- nothing at all",
        "INSERT INTO t VALUES (1), (2) RETURNING id",
        "SELECT * FROM t",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2 $$",
    ];
    assert_eq!(migrate(&mut session, &statements).await.expect("it works"), [0, 2, 3, 4]);
    assert_eq!(number(&mut session, "SELECT count(*) FROM t").await, 2);
}

/// Goal: the failing statement is named and nothing stays.
/// Method: a unique violation after statements that yielded rows.
#[tokio::test]
async fn a_failure_in_the_middle_names_its_statement_and_leaves_nothing() {
    let target = Target::empty().await;
    let mut session = target.session().await;

    let statements = [
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "SELECT generate_series(1, 50)",
        "INSERT INTO t VALUES (1) RETURNING id",
        "INSERT INTO t VALUES (1)",
        "CREATE TABLE u (id INT)",
    ];
    let message = is_refused_with(&mut session, &statements, 3, "23505").await;
    assert!(message.contains("detail: Key (id)=(1) already exists."), "{message}");
    assert_eq!(number(&mut session, "SELECT count(*) FROM pg_class WHERE relname IN ('t', 'u')").await, 0);
    assert_eq!(migrate(&mut session, &["SELECT 1"]).await.expect("it works"), [0], "the session is of use");
}

/// Goal: where the server names a position, the statement and its line are told.
/// Method: an error of the grammar, found before anything runs, and one of the names, found on the way.
#[tokio::test]
async fn a_position_becomes_a_statement_and_a_line() {
    let target = Target::empty().await;
    let mut session = target.session().await;

    let grammar =
        ["CREATE TABLE é (id INT)", "SELECT 'é'", "CREATE TABLE u (\n  id INT,\n  nam TXT TEXT TEXT)", "SELECT 1"];
    let message = is_refused_with(&mut session, &grammar, 2, "42601").await;
    assert!(message.contains("(line 3 of the statement)"), "{message}");

    let names = ["CREATE TABLE é (id INT)", "SELECT 'é'", "SELECT id,\n wrong FROM é"];
    let message = is_refused_with(&mut session, &names, 2, "42703").await;
    assert!(message.contains("(line 2 of the statement)"), "{message}");

    let unended = ["SELECT 1", "SELECT 2", "CREATE TABLE u ("];
    is_refused_with(&mut session, &unended, 2, "42601").await;
}

/// Goal: statements without a command do not spoil the count. Method: every kind of them, and an error behind one.
#[tokio::test]
async fn comments_alone_are_no_statements() {
    let target = Target::empty().await;
    let mut session = target.session().await;

    let blanks = ["", " \n", "-- a", "-- a\n", "/* a /* b */ c */ -- d", ";", "-- a\nSELECT 1", "/* a */ SELECT '--'"];
    assert_eq!(migrate(&mut session, &blanks).await.expect("it works"), [6, 7]);

    let message =
        is_refused_with(&mut session, &["SELECT 'é'", "-- nothing", "SELECT\n  1\n  frm x"], 2, "42601").await;
    assert!(message.contains("(line 3 of the statement)"), "{message}");
}

/// Goal: a constraint that is checked at the end is not blamed on a statement.
#[tokio::test]
async fn a_failing_commit_has_the_index_after_the_last() {
    let target = Target::empty().await;
    let mut session = target.session().await;

    let statements = [
        "CREATE TABLE p (id INT PRIMARY KEY)",
        "CREATE TABLE c (p INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO c VALUES (7)",
    ];
    is_refused_with(&mut session, &statements, 3, "23503").await;
    assert_eq!(number(&mut session, "SELECT count(*) FROM pg_class WHERE relname IN ('p', 'c')").await, 0);
}

/// Goal: what a migration sets does not reach the next one, and the lock does not suffer.
#[tokio::test]
async fn settings_end_with_their_migration() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    let limits = windlass::engine::Limits { lock_timeout_ms: Some(1234), statement_timeout_ms: None };
    session.set_limits(limits).await.expect("it works");
    assert!(session.try_lock().await.expect("it works"));

    let own = session.own_settings();
    let set = ["SELECT set_config('search_path', '', false)", "SET lock_timeout = 0", "SET ROLE pg_monitor"];
    let statements: Vec<&str> = set.into_iter().chain(own.iter().map(String::as_str)).collect();
    migrate(&mut session, &statements).await.expect("it works");

    let kept = "SELECT count(*) FROM pg_settings WHERE (name, setting) IN (('lock_timeout', '1234'), \
                ('search_path', '\"$user\", public'), ('client_connection_check_interval', '1000'))";
    assert_eq!(number(&mut session, kept).await, 3);
    assert_eq!(number(&mut session, "SELECT (current_setting('role') = 'none')::int").await, 1);
    assert!(session.is_locked().await.expect("it works"));
}

/// Goal: a session that ends inside a statement is known to have rolled back, and stays lost.
/// Method: the migration ends its own session.
#[tokio::test]
async fn a_lost_session_is_lost_for_good() {
    let target = Target::empty().await;
    let mut session = target.session().await;

    let statements = ["CREATE TABLE t (id INT)", "SELECT pg_terminate_backend(pg_backend_pid())"];
    let failure = migrate(&mut session, &statements).await.expect_err("it ended");
    assert!(matches!(failure.error, EngineError::Lost { .. }), "{failure}");
    assert_eq!(failure.committed, Some(false));
    assert!(matches!(session.query("SELECT 1", &[]).await, Err(EngineError::Lost { .. })));
    assert_eq!(number(&mut target.session().await, "SELECT count(*) FROM pg_class WHERE relname = 't'").await, 0);
}

/// Goal: what refuses transactions runs alone.
#[tokio::test]
async fn a_statement_alone_is_outside_any_transaction() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    migrate(&mut session, &["CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1), (1)"]).await.expect("it works");

    session.execute("CREATE INDEX CONCURRENTLY i ON t (id)").await.expect("it works");
    assert_eq!(session.execute("UPDATE t SET id = 2").await.expect("it works"), 2);
    let failure = session.execute("CREATE UNIQUE INDEX CONCURRENTLY u ON t (id)").await.expect_err("twice 2");
    assert_eq!((failure.index, failure.committed), (0, Some(false)));
    let schema = session.schema(Some(&["t".to_owned(), "u".to_owned()])).await.expect("it works");
    assert!(schema.objects["index u"].contains("invalid"), "{schema:?}");
    assert!(schema.tables["t"].indexes["u"].contains("invalid"), "{schema:?}");
}

/// Goal: a statement that wants the client's data fails, and the session with it.
#[tokio::test]
async fn copy_from_stdin_does_not_hang() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    let failure = migrate(&mut session, &["CREATE TABLE t (id INT)", "COPY t FROM STDIN"]).await.expect_err("no data");
    assert!(matches!(failure.error, EngineError::Lost { .. }), "{failure}");
    assert_eq!(number(&mut target.session().await, "SELECT count(*) FROM pg_class WHERE relname = 't'").await, 0);
}

/// Goal: the limits are the server's.
#[tokio::test]
async fn a_statement_is_cut_at_its_limit() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    let limits = windlass::engine::Limits { lock_timeout_ms: None, statement_timeout_ms: Some(50) };
    session.set_limits(limits).await.expect("it works");
    let failure = session.execute("SELECT pg_sleep(30)").await.expect_err("too long");
    assert!(matches!(failure.error, EngineError::Refused { ref code, .. } if code == "57014"), "{failure}");
    session.set_limits(windlass::engine::Limits::default()).await.expect("it works");
    session.execute("SELECT pg_sleep(0.1)").await.expect("it works");
}

/// Goal: NULL fits a column of any type, and every kind of value comes back.
#[tokio::test]
async fn values_go_in_and_come_out() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    session
        .execute("CREATE TABLE t (i INT, s SMALLINT, b BOOLEAN, v VARCHAR(5), w TIMESTAMPTZ)")
        .await
        .expect("it works");
    let insert = "INSERT INTO t VALUES (?, ?, ?, ?, ?)";
    for row in [vec![Value::Null; 5], vec![7.into(), Value::Int(8), true.into(), "x".into(), Value::Null]] {
        assert_eq!(session.write(insert, &row).await.expect("it works"), 1);
    }
    let rows =
        session.query("SELECT i, s, b, v, w IS NULL FROM t WHERE i = ?", &[Value::Int(7)]).await.expect("it works");
    assert_eq!(rows[0].0, [Value::Int(7), Value::Int(8), Value::Int(1), "x".into(), Value::Int(1)]);
    let failure = session.query("SELECT now() WHERE 1 = ?", &[Value::Int(1)]).await.expect_err("no kind of ours");
    assert!(matches!(failure, EngineError::Shape { column: 0, .. }), "{failure}");
    // Without values the server answers in text.
    let rows = session.query("SELECT DATE '2026-11-30', 1.50", &[]).await.expect("it works");
    assert_eq!(rows[0].0, ["2026-11-30".into(), "1.50".into()]);
}
