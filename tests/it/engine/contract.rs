//! The rules that every engine keeps, written once.

use std::time::Duration;

use windlass::engine::{EngineError, Limits, Session, Value};

use super::target::{Target, create_our_tables, execute, fingerprint, number, target};
use crate::harness::database::On;

/// The contract of one engine: a test for each rule, which is a function over [`Target`].
macro_rules! contract {
    ($engine:ident, $on:ident) => {
        mod $engine {
            contract!($on:
            our_tables_are_created_twice_without_harm,
            nulls_go_in_and_come_out,
            every_row_comes_as_a_question_gives_it,
            a_failed_transaction_leaves_nothing_and_names_its_statement,
            a_transaction_tells_each_statement,
            the_lock_excludes_a_second_session_and_is_freed_with_its_own,
            the_fence_stops_a_run_whose_epoch_has_passed,
            the_clock_and_the_heartbeat_agree,
            a_slow_statement_is_stopped,
            every_change_of_the_schema_moves_the_fingerprint,
            our_tables_are_not_part_of_the_schema,
            names_narrow_the_schema,
            rows_are_counted,
            a_dump_restores_to_the_same_schema_and_rows,
            a_dump_that_is_not_the_manifests_leaves_the_database_alone,
            );
        }
    };
    ($on:ident: $($rule:ident),* $(,)?) => {
        $(#[tokio::test] async fn $rule() { super::$rule(super::target(super::On::$on).await).await; })*
    };
}

contract!(sqlite, Sqlite);
contract!(postgres, Postgres);
contract!(mariadb, MariaDb);

/// Goal: whoever comes second finds our tables, and the one row of the lock, as they are.
async fn our_tables_are_created_twice_without_harm(target: Target) {
    let mut session = target.open().await;
    let words = target.engine.words();
    assert_eq!(number(session.as_mut(), words.count_foreign_tables).await, 0);

    create_our_tables(&target, session.as_mut()).await;
    session.write("UPDATE windlass_lock SET epoch = ? WHERE id = 1", &[Value::Int(7)]).await.expect("the row");
    create_our_tables(&target, session.as_mut()).await;

    assert_eq!(number(session.as_mut(), "SELECT epoch FROM windlass_lock").await, 7);
    for table in ["schema_version", "migration_history", "windlass_lock", "windlass_journal"] {
        let rows = session.query(words.count_table, &[table.into()]).await.expect("a count");
        assert_eq!(rows[0].int(0).expect("an integer"), Some(1), "{table}");
    }
    assert_eq!(number(session.as_mut(), words.count_foreign_tables).await, 0);
    session.execute("CREATE TABLE guests (id INTEGER PRIMARY KEY)").await.expect("a table of the application");
    assert_eq!(number(session.as_mut(), words.count_foreign_tables).await, 1);
}

/// Goal: all rows of a table are what a question gives, value for value, and in its order.
/// Method: rows that come the other way round, with NULLs, quotes, control characters and the largest integer in them.
async fn every_row_comes_as_a_question_gives_it(target: Target) {
    let mut session = target.open_with_our_tables().await;
    let columns = "migration_number, version, description, success, error_message, execution_time_ms";
    assert!(session.every_row(columns, "migration_history", "migration_number").await.expect("none").is_empty());
    let insert = "INSERT INTO migration_history (migration_number, version, description, success, error_message) \
                  VALUES (?, ?, ?, ?, ?)";
    for number in (1..=120_i64).rev() {
        let error = (number % 2 == 0).then(|| format!("line {number}\n\t\"it's\" \\ 🚢 \u{1}"));
        let binds = [
            i64::from(i32::MAX - 200).saturating_add(number).into(),
            "1.0.0".into(),
            "".into(),
            true.into(),
            error.into(),
        ];
        assert_eq!(session.write(insert, &binds).await.expect("a row"), 1);
    }

    let asked = format!("SELECT {columns} FROM migration_history ORDER BY migration_number");
    let asked = session.query(&asked, &[]).await.expect("the rows");
    let every = session.every_row(columns, "migration_history", "migration_number").await.expect("the rows");

    assert_eq!(asked.len(), 120);
    assert_eq!(every, asked);
}

/// Goal: NULL is not an empty text, a truth is read as 0 or 1, and a count of rows is told.
async fn nulls_go_in_and_come_out(target: Target) {
    let mut session = target.open_with_our_tables().await;
    let insert = "INSERT INTO migration_history (migration_number, version, description, success, error_message, \
                  execution_time_ms) VALUES (?, ?, ?, ?, ?, ?)";
    let binds = [1_i64.into(), "1.0.0".into(), "it's \"quoted\" 🚢".into(), false.into(), Value::Null, Value::Null];
    assert_eq!(session.write(insert, &binds).await.expect("a row"), 1);

    let read = "SELECT version, description, success, error_message, execution_time_ms, rollback_available \
                FROM migration_history WHERE migration_number = ?";
    let rows = session.query(read, &[Value::Int(1)]).await.expect("the row");

    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].text(0).expect("text"), Some("1.0.0"));
    assert_eq!(rows[0].text(1).expect("text"), Some("it's \"quoted\" 🚢"));
    assert_eq!(rows[0].int(2).expect("a truth"), Some(0));
    assert_eq!(rows[0].text(3).expect("nothing"), None);
    assert_eq!(rows[0].int(4).expect("nothing"), None);
    assert_eq!(rows[0].int(5).expect("a default"), Some(1));
    assert!(session.query(read, &[Value::Int(2)]).await.expect("no row").is_empty());
}

/// Goal: an error in the middle of a transaction undoes all of it, and the error says which statement it was.
async fn a_failed_transaction_leaves_nothing_and_names_its_statement(target: Target) {
    let mut session = target.open().await;
    session.execute("CREATE TABLE guests (id INTEGER PRIMARY KEY)").await.expect("a table");
    let mut told = Vec::new();

    let failure = session
        .transact(
            &["INSERT INTO guests VALUES (1)", "INSERT INTO guests VALUES (2)", "INSERT INTO guests VALUES (1)"],
            &mut |index| told.push(index),
        )
        .await
        .expect_err("a second row 1");

    assert_eq!((failure.index, failure.committed), (2, Some(false)));
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM guests").await, 0);
    assert_eq!(told.iter().filter(|index| **index >= 2).count(), 0);
    session.transact(&["INSERT INTO guests VALUES (3)"], &mut |_| ()).await.expect("the session still works");
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM guests").await, 1);
}

/// Goal: progress is told once for each statement, in order.
async fn a_transaction_tells_each_statement(target: Target) {
    let mut session = target.open().await;
    session.execute("CREATE TABLE guests (id INTEGER PRIMARY KEY)").await.expect("a table");
    let mut told = Vec::new();

    let statements = ["INSERT INTO guests VALUES (1), (2)", "UPDATE guests SET id = id + 10", "DELETE FROM guests"];
    session.transact(&statements, &mut |index| told.push(index)).await.expect("a commit");

    assert_eq!(told, [0, 1, 2]);
    assert_eq!(session.execute("INSERT INTO guests VALUES (1), (2)").await.expect("rows"), 2);
    assert_eq!(session.execute("CREATE TABLE cabins (id INTEGER)").await.expect("a table"), 0);
}

/// Goal: one holder at a time, seen by everybody, and no trace of one that is gone.
async fn the_lock_excludes_a_second_session_and_is_freed_with_its_own(target: Target) {
    let (mut first, mut second) = (target.open().await, target.open().await);
    let mut looker = target.engine.open_to_read().await.expect("a session to look");
    assert!(!looker.is_locked().await.expect("an answer"));

    assert!(first.try_lock().await.expect("an answer"));
    assert!(!second.try_lock().await.expect("an answer"));
    assert!(first.is_locked().await.expect("an answer"));
    assert!(looker.is_locked().await.expect("an answer"));

    drop(first);
    lock_becomes_free(looker.as_mut()).await;
    assert!(second.try_lock().await.expect("an answer"));
    second.unlock().await.expect("given back");
    assert!(!looker.is_locked().await.expect("an answer"));
    second.unlock().await.expect("nothing to give back");
}

/// A dropped session is gone once its server, or its thread, has seen it.
async fn lock_becomes_free(looker: &mut dyn Session) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while looker.is_locked().await.expect("an answer") {
        assert!(tokio::time::Instant::now() < deadline, "the lock outlives its session");
        tokio::task::yield_now().await;
    }
}

/// Goal: a write under an epoch that has passed fails by itself, and takes its transaction with it.
async fn the_fence_stops_a_run_whose_epoch_has_passed(target: Target) {
    let mut session = target.open_with_our_tables().await;
    session.execute("CREATE TABLE guests (id INTEGER PRIMARY KEY)").await.expect("a table");
    session.write("UPDATE windlass_lock SET epoch = 7 WHERE id = 1", &[]).await.expect("an epoch");
    let clock = target.engine.words().clock;
    let fence = |epoch: i64| {
        format!(
            "UPDATE windlass_lock SET epoch = CASE WHEN epoch = {epoch} THEN {epoch} END, heartbeat = {clock} WHERE id = 1"
        )
    };

    session.transact(&[&fence(7), "INSERT INTO guests VALUES (1)"], &mut |_| ()).await.expect("the epoch holds");
    let failure = session
        .transact(&["INSERT INTO guests VALUES (2)", &fence(6)], &mut |_| ())
        .await
        .expect_err("the epoch has passed");

    assert_eq!((failure.index, failure.committed), (1, Some(false)));
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM guests").await, 1);
    assert_eq!(number(session.as_mut(), "SELECT epoch FROM windlass_lock").await, 7);
}

/// Goal: the words for time give milliseconds by one clock, that of the database.
async fn the_clock_and_the_heartbeat_agree(target: Target) {
    let mut session = target.open_with_our_tables().await;
    let words = target.engine.words();
    let beat = format!("UPDATE windlass_lock SET heartbeat = {}, since = {} WHERE id = 1", words.clock, words.clock);
    session.write(&beat, &[]).await.expect("a beat");
    session
        .write(
            "INSERT INTO schema_version (version, migration_number, backend_version) VALUES ('1.0.0', 1, '1.0.0')",
            &[],
        )
        .await
        .expect("a row");

    let elapsed_ms = number(session.as_mut(), &format!("SELECT {}", words.elapsed_ms)).await;
    let (before, after) = words.epoch_ms;
    let applied_ms = number(session.as_mut(), &format!("SELECT {before}applied_at{after} FROM schema_version")).await;

    assert!((0..60_000).contains(&elapsed_ms), "{elapsed_ms}");
    assert!(applied_ms > 1_700_000_000_000, "{applied_ms}");
}

/// Goal: the limit that is set for a statement ends it, and the session goes on.
async fn a_slow_statement_is_stopped(target: Target) {
    let mut session = target.open().await;
    session.set_limits(Limits { statement_timeout_ms: Some(200), ..Limits::default() }).await.expect("limits");

    let endless = match target.database.on {
        On::Sqlite => "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        On::Postgres => "SELECT pg_sleep(60)",
        On::MariaDb => {
            "SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c"
        }
    };
    session.execute(endless).await.expect_err("it takes too long");

    session.set_limits(Limits::default()).await.expect("limits");
    assert_eq!(number(session.as_mut(), "SELECT 1").await, 1);
}

/// DDL that every engine takes, in an order in which each finds what it needs.
const CHANGES: [&str; 13] = [
    "CREATE TABLE guests (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, berth INTEGER)",
    "ALTER TABLE guests ADD COLUMN note VARCHAR(200)",
    "ALTER TABLE guests ADD COLUMN paid INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE guests RENAME COLUMN note TO remark",
    "CREATE INDEX guests_by_name ON guests (name)",
    "CREATE UNIQUE INDEX guests_by_berth ON guests (berth)",
    "CREATE TABLE trips (id INTEGER PRIMARY KEY, guest INTEGER NOT NULL, price INTEGER, CONSTRAINT paid CHECK (price > 0), \
     CONSTRAINT of_guest FOREIGN KEY (guest) REFERENCES guests (id) ON DELETE CASCADE)",
    "CREATE VIEW names AS SELECT name FROM guests",
    "DROP VIEW names",
    "CREATE VIEW names AS SELECT name, berth FROM guests",
    "ALTER TABLE guests DROP COLUMN remark",
    "ALTER TABLE trips RENAME TO voyages",
    "DROP TABLE voyages",
];

/// Goal: a schema that differs has another fingerprint, and looking twice gives the same one.
async fn every_change_of_the_schema_moves_the_fingerprint(target: Target) {
    let mut session = target.open().await;
    let mut last = fingerprint(session.as_mut()).await;
    for sql in CHANGES {
        execute(session.as_mut(), sql).await;
        let now = fingerprint(session.as_mut()).await;
        assert_ne!(now, last, "{sql}");
        assert_eq!(now, fingerprint(session.as_mut()).await, "{sql}");
        last = now;
    }
}

/// Goal: what windlass adds to a database is no drift.
async fn our_tables_are_not_part_of_the_schema(target: Target) {
    let mut session = target.open().await;
    execute(session.as_mut(), CHANGES[0]).await;
    let before = fingerprint(session.as_mut()).await;

    create_our_tables(&target, session.as_mut()).await;

    assert_eq!(fingerprint(session.as_mut()).await, before);
    assert_eq!(session.count_rows().await.expect("counts").into_keys().collect::<Vec<_>>(), ["guests"]);
}

/// Goal: a look at what one statement names does not depend on the rest.
async fn names_narrow_the_schema(target: Target) {
    let mut session = target.open().await;
    execute(session.as_mut(), CHANGES[0]).await;
    let only = ["guests".to_owned()];
    let before = session.schema(Some(&only)).await.expect("a schema");

    execute(session.as_mut(), "CREATE TABLE cabins (id INTEGER PRIMARY KEY)").await;

    assert_eq!(before.tables.keys().collect::<Vec<_>>(), ["guests"]);
    assert_eq!(session.schema(Some(&only)).await.expect("a schema"), before);
    assert!(session.schema(Some(&["nobody".to_owned()])).await.expect("a schema").tables.is_empty());
}

/// Goal: the exact number of rows of each table of the application.
async fn rows_are_counted(target: Target) {
    let mut session = target.open().await;
    execute(session.as_mut(), CHANGES[0]).await;
    execute(session.as_mut(), "CREATE TABLE cabins (id INTEGER PRIMARY KEY)").await;
    execute(session.as_mut(), "INSERT INTO cabins VALUES (1), (5), (9)").await;

    let counts = session.count_rows().await.expect("counts");

    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [("cabins".to_owned(), 3), ("guests".to_owned(), 0)]);
    assert_eq!(session.broken_references(10).await.expect("an answer"), Vec::<String>::new());
}

async fn fill(session: &mut dyn Session) {
    for sql in &CHANGES[..8] {
        execute(session, sql).await;
    }
    execute(session, "INSERT INTO guests (id, name, berth) VALUES (1, 'Ada ⚓', 7), (2, 'it''s', NULL)").await;
    execute(session, "INSERT INTO trips (id, guest, price) VALUES (10, 1, 300), (11, 1, 400), (12, 2, NULL)").await;
}

/// Goal: a restore brings back schema and rows, drops what came later, and the session still holds the lock.
async fn a_dump_restores_to_the_same_schema_and_rows(target: Target) {
    let mut session = target.open_with_our_tables().await;
    fill(session.as_mut()).await;
    let dumped = target.dump(session.as_mut()).await;
    execute(session.as_mut(), "DELETE FROM trips").await;
    execute(session.as_mut(), "ALTER TABLE guests ADD COLUMN later INTEGER").await;
    execute(session.as_mut(), "CREATE TABLE latecomers (id INTEGER PRIMARY KEY)").await;
    assert!(session.try_lock().await.expect("an answer"));

    let restored = target.restore(session, &dumped).await;

    let mut session = restored.unwrap_or_else(|failure| panic!("{}", failure.error));
    assert_eq!(fingerprint(session.as_mut()).await, dumped.manifest.schema_fingerprint);
    assert_eq!(session.digests().await.expect("digests"), dumped.manifest.tables);
    let names = session.query("SELECT name FROM guests ORDER BY id", &[]).await.expect("rows");
    assert_eq!(names[0].text(0).expect("text"), Some("Ada ⚓"));
    let mut other = target.open().await;
    assert!(!other.try_lock().await.expect("an answer"), "the lock was lost on the way");
    assert!(session.is_locked().await.expect("an answer"));
}

/// Goal: what differs from its manifest never becomes the database.
async fn a_dump_that_is_not_the_manifests_leaves_the_database_alone(target: Target) {
    let mut session = target.open_with_our_tables().await;
    fill(session.as_mut()).await;
    let mut dumped = target.dump(session.as_mut()).await;
    execute(session.as_mut(), "DELETE FROM trips WHERE id = 12").await;
    dumped.manifest.tables.get_mut("trips").expect("a digest").rows = 1_000;

    let Err(failure) = target.restore(session, &dumped).await else { panic!("a wrong count was taken") };

    assert!(matches!(failure.error, EngineError::Differs { .. }), "{}", failure.error);
    let mut session = failure.session.expect("the session");
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM trips").await, 2);
    assert_eq!(fingerprint(session.as_mut()).await, dumped.manifest.schema_fingerprint);
}
