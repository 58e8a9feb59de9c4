//! What a dump tells of its rows: from its own text where that is written as ours is, and from the server where it is not.

use super::*;
use crate::{
    engine::target::{self, execute, fingerprint, number},
    harness::PATIENCE,
};

/// Rows in many chunks, a large object between them and the next table, times with zones, bytes, a table without columns.
const MADE: [&str; 9] = [
    "CREATE TABLE cargo (id INT PRIMARY KEY, z TIMESTAMPTZ, b BYTEA, t TEXT, twice INT GENERATED ALWAYS AS (id * 2) STORED)",
    "INSERT INTO cargo SELECT x, '2024-02-29 12:00+05'::timestamptz + x * interval '1 hour', decode(md5(x::text), 'hex'), \
     repeat(E'tab\\t ⚓\\n', x % 7) FROM generate_series(1, 30000) x",
    "SELECT lo_from_bytea(0, decode(repeat('00ff0a', 100000), 'hex'))",
    "CREATE TABLE nothing ()",
    "INSERT INTO nothing DEFAULT VALUES",
    "CREATE TABLE void_hold (id INT)",
    "CREATE TABLE \"Order\" (\"select\" INT, \"c\"\"d\" TEXT)",
    "INSERT INTO \"Order\" VALUES (1, E'\\\\N'), (2, NULL)",
    "CREATE DOMAIN price AS NUMERIC(10, 2)",
];

/// What a session of this database begins with, beside what makes it another text than ours everywhere.
const ELSEWHERE: [&str; 3] = ["timezone = 'Asia/Kolkata'", "datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'"];

/// A database whose sessions begin with these settings, besides.
async fn with_rows(settings: &[&str]) -> (target::Target, Box<dyn Session>) {
    let target = target::target(On::Postgres).await;
    let mut session = target.open().await;
    for sql in MADE {
        execute(session.as_mut(), sql).await;
    }
    let name = target.database.url.rsplit_once('/').expect("a name").1;
    for setting in ELSEWHERE.iter().chain(settings) {
        execute(session.as_mut(), &format!("ALTER DATABASE \"{name}\" SET {setting}")).await;
    }
    // It tells what it read when it ends: making an index is reading as well.
    session.close().await;
    let session = target.open().await;
    (target, session)
}

/// Waits until every other session has ended, and so has told what it read.
async fn alone(session: &mut dyn Session) {
    const OTHERS: &str =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = async { while number(session, OTHERS).await > 0 {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("the other sessions end");
}

/// Dumps, compares, restores into a scratch database; gives how often the table `cargo` was read for the dump.
async fn times_read(target: &target::Target, session: &mut dyn Session) -> i64 {
    const READ: &str = "SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables WHERE relname = 'cargo'";
    alone(session).await;
    let before = number(session, READ).await;

    let dumped = target.dump(session).await;

    alone(session).await;
    let read = number(session, READ).await - before;
    assert_eq!(dumped.manifest.tables["cargo"].rows, 30_000);
    assert_eq!(dumped.manifest.tables["nothing"].rows, 1);
    assert_eq!(dumped.manifest.tables, session.digests().await.expect("digests"));
    assert_eq!(dumped.manifest.schema_fingerprint, fingerprint(session).await);
    target.engine.trial(target.scratch(), pieces(&dumped), &dumped.manifest).await.expect("a copy that is the same");
    read
}

/// A dump, in pieces that end anywhere.
fn pieces(dumped: &target::Dumped) -> windlass::engine::DumpSource {
    let (sink, source) = tokio::sync::mpsc::channel(4);
    let pieces: Vec<_> = dumped.bytes.chunks(10_007).map(bytes::Bytes::copy_from_slice).collect();
    tokio::spawn(async move {
        for piece in pieces {
            if sink.send(Ok(piece)).await.is_err() {
                break;
            }
        }
    });
    source
}

/// Goal: rows are read once, and told as a session of ours would read them, wherever the application's sessions are at home.
#[tokio::test]
async fn a_dump_tells_its_rows_from_its_own_text() {
    let (target, mut session) = with_rows(&[]).await;
    assert_eq!(times_read(&target, session.as_mut()).await, 1);
}

/// Goal: where the program would write values in another way than ours, they are read once more, and told rightly.
#[tokio::test]
async fn rows_that_a_dump_writes_otherwise_are_read_from_the_server() {
    let (target, mut session) = with_rows(&["bytea_output = 'escape'"]).await;
    assert_eq!(times_read(&target, session.as_mut()).await, 2, "bytea");

    let (target, mut session) = with_rows(&["lc_monetary = 'C.UTF-8'"]).await;
    execute(session.as_mut(), "CREATE TABLE prices (p MONEY)").await;
    execute(session.as_mut(), "INSERT INTO prices VALUES (12.5), (NULL)").await;
    assert_eq!(times_read(&target, session.as_mut()).await, 2, "money");
}
