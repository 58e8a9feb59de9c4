//! Out and in again.

use std::io;

use bytes::Bytes;
use tokio::sync::mpsc;
use windlass::{
    engine::{DumpSource, Dumped, EngineError, Session},
    model::snapshot::Manifest,
};

use super::{create_our_tables, engine_for, number, open, run};
use crate::harness::{database::Database, sample};

const CONTENT: [&str; 14] = [
    "CREATE TABLE parent (id INT PRIMARY KEY, note VARCHAR(100) DEFAULT 'it''s', blob_ VARBINARY(20))",
    "CREATE TABLE child (id INT PRIMARY KEY AUTO_INCREMENT, p INT, n INT CHECK (n < 100), \
     CONSTRAINT fk FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)",
    "CREATE TABLE log (line TEXT)",
    "CREATE SEQUENCE s START WITH 10",
    "CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2",
    "CREATE PROCEDURE note(IN line TEXT) BEGIN INSERT INTO log VALUES (line); /* kept */ SELECT ';'; END",
    "CREATE VIEW a_view AS SELECT id, twice(n) AS n FROM child",
    "CREATE VIEW b_view AS SELECT id FROM a_view WHERE n > 2",
    "CREATE VIEW a_first AS SELECT id FROM b_view",
    "CREATE TRIGGER tr AFTER INSERT ON child FOR EACH ROW INSERT INTO log VALUES (CONCAT('child ', NEW.id))",
    "CREATE TRIGGER tr2 AFTER INSERT ON child FOR EACH ROW FOLLOWS tr INSERT INTO log VALUES ('second')",
    "CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO INSERT INTO log VALUES ('event')",
    "INSERT INTO parent VALUES (1, 'é \\\\ ''', 0x00FF10), (2, NULL, NULL)",
    "INSERT INTO child (p, n) VALUES (1, 1), (2, 50)",
];

/// What becomes of the database between the dump and the restore.
const DAMAGE: [&str; 8] = [
    "DROP VIEW a_first",
    "CREATE OR REPLACE VIEW a_view AS SELECT 1 AS id, 2 AS n",
    "CREATE VIEW extra AS SELECT id FROM parent",
    "DROP TRIGGER tr",
    "CREATE TRIGGER late BEFORE UPDATE ON parent FOR EACH ROW SET NEW.note = 'late'",
    "DROP PROCEDURE note",
    "DELETE FROM child",
    "CREATE TABLE newer (id INT PRIMARY KEY)",
];

/// A dump of the database, and the manifest that belongs to it.
async fn dumped(database: &Database, session: &mut dyn Session) -> (Vec<Bytes>, Manifest) {
    let engine = engine_for(&database.url);
    let (sink, mut pieces) = mpsc::channel(2);
    let scratch = database.folder.path().to_owned();
    let dumping = tokio::spawn(async move { engine.dump(&scratch, sink, None).await });
    let mut dump = Vec::new();
    while let Some(piece) = pieces.recv().await {
        dump.push(piece);
    }
    let dumped = dumping.await.expect("no panic").expect("a dump");
    assert!(dumped.tool.contains("mariadb-dump"), "{}", dumped.tool);
    let manifest = manifest(session, dumped);
    (dump, manifest)
}

fn manifest(session: &mut dyn Session, dumped: Dumped) -> Manifest {
    Manifest {
        engine: session.server().product.to_owned(),
        server_version: session.server().version.clone(),
        tool: dumped.tool,
        schema_fingerprint: dumped.fingerprint,
        tables: dumped.tables,
        ..sample::manifest()
    }
}

fn source(pieces: Vec<Result<Bytes, io::Error>>) -> DumpSource {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        for piece in pieces {
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    receiver
}

fn whole(dump: &[Bytes]) -> DumpSource {
    source(dump.iter().cloned().map(Ok).collect())
}

/// Nothing of a restore stays beside the database, and no credentials stay in the scratch folder.
async fn nothing_is_left_beside(database: &Database, session: &mut dyn Session) {
    let beside =
        "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE CONCAT(DATABASE(), '\\_\\_%')";
    assert_eq!(number(session, beside).await, Some(0));
    assert_eq!(std::fs::read_dir(database.folder.path()).expect("the folder").count(), 0);
}

/// Goal: a restore brings everything back, the other way round too. Method: dump, damage everything, restore, look.
#[tokio::test]
async fn a_restore_brings_everything_back() {
    let (database, mut session) = open().await;
    let engine = engine_for(&database.url);
    create_our_tables(&*engine, &mut *session).await;
    run(&mut *session, &CONTENT).await;
    run(&mut *session, &["UPDATE windlass_lock SET epoch = 3"]).await;
    let (dump, manifest) = dumped(&database, &mut *session).await;
    run(&mut *session, &DAMAGE).await;
    run(&mut *session, &["UPDATE windlass_lock SET epoch = 9"]).await;
    assert!(session.try_lock().await.expect("an answer"));

    let restored = engine.restore(session, database.folder.path(), whole(&dump), &manifest, None).await;
    let mut session = restored.unwrap_or_else(|failed| panic!("{}", failed.error));

    assert_eq!(session.schema(None).await.expect("a schema").fingerprint(), manifest.schema_fingerprint);
    assert_eq!(session.digests().await.expect("digests"), manifest.tables);
    assert_eq!(number(&mut *session, "SELECT epoch FROM windlass_lock").await, Some(9), "the epoch only rises");
    let orphan = session.execute("INSERT INTO child (p, n) VALUES (99, 1)").await.expect_err("no such parent");
    assert!(matches!(&orphan.error, EngineError::Refused { code, .. } if code == "1452"), "{orphan}");
    run(&mut *session, &["INSERT INTO child (p, n) VALUES (1, 9)", "CALL note('x')"]).await;
    assert_eq!(number(&mut *session, "SELECT COUNT(*) FROM log").await, Some(4 + 3));
    assert_eq!(number(&mut *session, "SELECT COUNT(*) FROM a_first").await, Some(2));
    assert_eq!(
        number(&mut *session, "SELECT note = 'é \\\\ ''' AND blob_ = 0x00FF10 FROM parent WHERE id = 1").await,
        Some(1)
    );
    let same = "SELECT @@sql_mode = @@global.sql_mode AND @@time_zone = @@global.time_zone";
    assert_eq!(number(&mut *session, same).await, Some(1), "the session is as it was");
    assert!(session.is_locked().await.expect("an answer"));
    nothing_is_left_beside(&database, &mut *session).await;
}

/// Goal: a restore that cannot be trusted changes nothing. Method: wrong manifests, a broken dump, an early end.
#[tokio::test]
async fn a_restore_that_differs_changes_nothing() {
    let (database, mut session) = open().await;
    let engine = engine_for(&database.url);
    run(&mut *session, &CONTENT).await;
    let (dump, good) = dumped(&database, &mut *session).await;
    run(&mut *session, &DAMAGE).await;
    let before = session.schema(None).await.expect("a schema").fingerprint();

    let mut other_schema = good.clone();
    other_schema.schema_fingerprint = "0".repeat(64);
    let mut other_rows = good.clone();
    other_rows.tables.get_mut("child").expect("a digest").rows = 77;
    let bad_sql = || source(vec![Ok("CREATE TABLE ok (a INT);\nCREATE NONSENSE;\n".into())]);
    let early = || source(vec![Ok(dump[0].clone()), Err(io::Error::other("the archive is torn"))]);
    let traces = tempfile::tempdir().expect("a folder");
    let trace = traces.path().join("trace");
    let shell = || source(vec![Ok(format!("\\! touch {}\n", trace.display()).into())]);
    for (source, manifest, word) in [
        (whole(&dump), &other_schema, "the schema's fingerprint is"),
        (whole(&dump), &other_rows, "table child has 2 rows of hash"),
        (bad_sql(), &good, "NONSENSE"),
        (early(), &good, "torn"),
        (shell(), &good, ""),
    ] {
        let failed =
            engine.restore(session, database.folder.path(), source, manifest, None).await.err().expect("a refusal");
        assert!(failed.error.to_string().contains(word), "{}", failed.error);
        session = failed.session.expect("the session comes back");
        assert_eq!(session.schema(None).await.expect("a schema").fingerprint(), before, "{word}");
        nothing_is_left_beside(&database, &mut *session).await;
    }
    assert!(!trace.exists(), "the client ran a shell");
}

/// Goal: a restore whose tables cannot be exchanged in time puts the triggers back. Method: another session reads a table.
#[tokio::test]
async fn a_restore_that_cannot_exchange_the_tables_goes_back() {
    let (database, mut session) = open().await;
    let engine = engine_for(&database.url);
    run(&mut *session, &CONTENT).await;
    let (dump, manifest) = dumped(&database, &mut *session).await;
    run(&mut *session, &DAMAGE).await;
    let before = session.schema(None).await.expect("a schema").fingerprint();
    let mut reader = engine.open().await.expect("a session");
    run(&mut *reader, &["START TRANSACTION", "SELECT COUNT(*) FROM log"]).await;
    let limits = windlass::engine::Limits { lock_timeout_ms: Some(1_000), statement_timeout_ms: None };
    session.set_limits(limits).await.expect("limits");

    let failed =
        engine.restore(session, database.folder.path(), whole(&dump), &manifest, None).await.err().expect("a refusal");

    assert!(matches!(&failed.error, EngineError::Blocked { code, .. } if code == "1205"), "{}", failed.error);
    let mut session = failed.session.expect("the session comes back");
    assert_eq!(session.schema(None).await.expect("a schema").fingerprint(), before);
    nothing_is_left_beside(&database, &mut *session).await;
}

/// Goal: credentials of any spelling reach the tools, and only through their file. Method: an account with an awkward password.
#[tokio::test]
async fn an_awkward_password_reaches_the_tools() {
    let (database, mut session) = open().await;
    run(&mut *session, &CONTENT).await;
    let name = database.url.rsplit_once('/').expect("a name").1;
    let user = format!("d{}", &name[name.len() - 10..]);
    run(
        &mut *session,
        &[&format!(r##"CREATE USER {user} IDENTIFIED BY 'a "#;\\n\' %é= '"##), &format!("GRANT ALL ON *.* TO {user}")],
    )
    .await;
    let server = database.url.split_once('@').expect("a server").1;
    let url = format!("mariadb://{user}:a%20%22%23%3B%5Cn%27%20%25%C3%A9%3D%20@{server}");
    let other = Database { on: database.on, url, folder: tempfile::tempdir().expect("a folder") };

    let (dump, _) = dumped(&other, &mut *session).await;

    assert!(dump.concat().ends_with(b"-- Dump completed\n"));
    assert_eq!(std::fs::read_dir(other.folder.path()).expect("the folder").count(), 0);
}

/// Goal: a dump that cannot be made says why. Method: no such database; nobody who takes the dump.
#[tokio::test]
async fn a_dump_that_fails_says_why() {
    let (database, mut session) = open().await;
    run(&mut *session, &CONTENT).await;
    let (sink, pieces) = mpsc::channel(2);
    drop(pieces);
    let failed = engine_for(&database.url).dump(database.folder.path(), sink, None).await.expect_err("nobody takes it");
    assert!(matches!(failed, EngineError::Tool { .. }), "{failed}");

    run(&mut *session, &["CREATE VIEW broken_view AS SELECT id FROM parent", "RENAME TABLE parent TO elsewhere"]).await;
    let (sink, mut pieces) = mpsc::channel(2);
    let drain = tokio::spawn(async move { while pieces.recv().await.is_some() {} });
    let failed =
        engine_for(&database.url).dump(database.folder.path(), sink, None).await.expect_err("a view without a table");
    assert!(failed.to_string().contains("broken_view"), "{failed}");
    drain.await.expect("no panic");
    nothing_is_left_beside(&database, &mut *session).await;
}
