//! A dump while somebody writes.

use tokio::sync::{mpsc, oneshot};

use super::*;

on_every_engine!(a_dump_under_load_is_one_moment_and_comes_back_as_it_was);

/// Rows that are there before anybody writes: enough for the dump to take a while.
const ROWS: i64 = 20_000;

/// Goal: what is restored is exactly what the dump's manifest tells, with every row that was acknowledged before the dump began.
/// Method: a writer moves money between two rows and adds one to each of two tables, in transactions, while the dump goes on;
/// then everything is changed, and restored.
async fn a_dump_under_load_is_one_moment_and_comes_back_as_it_was(on: On) {
    let target = target(on).await;
    let mut session = target.open_with_our_tables().await;
    for table in ["debit", "credit"] {
        execute(
            session.as_mut(),
            &format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, n INTEGER, note VARCHAR(80))"),
        )
        .await;
    }
    for from in (0..ROWS).step_by(1_000) {
        let rows: Vec<String> = (from..from + 1_000).map(|id| format!("({id}, 1, 'row {id} of many')")).collect();
        execute(session.as_mut(), &format!("INSERT INTO debit VALUES {}", rows.join(", "))).await;
    }
    let (stop, stopped) = oneshot::channel();
    let (told, mut acknowledged) = mpsc::channel(1_000_000);
    let writing = tokio::spawn(write(target.open().await, stopped, told));
    let first = acknowledged.recv().await.expect("the first row");

    let dumped = target.dump(session.as_mut()).await;

    stop.send(()).expect("the writer");
    writing.await.expect("the writer");
    for sql in
        ["DELETE FROM debit WHERE id > 7", "UPDATE credit SET n = 0", "ALTER TABLE credit ADD COLUMN later INTEGER"]
    {
        execute(session.as_mut(), sql).await;
    }
    assert!(session.try_lock().await.expect("an answer"));
    let restored = target.restore(session, &dumped).await;
    let mut session = restored.unwrap_or_else(|failure| panic!("{}", failure.error));
    assert_eq!(session.digests().await.expect("digests"), dumped.manifest.tables);
    assert_eq!(fingerprint(session.as_mut()).await, dumped.manifest.schema_fingerprint);
    let credits = number(session.as_mut(), "SELECT count(*) FROM credit").await;
    let debits = number(session.as_mut(), "SELECT count(*) FROM debit").await;
    assert_eq!(debits, ROWS + credits, "both halves of each transaction");
    assert_eq!(
        number(session.as_mut(), "SELECT COALESCE(max(id) - min(id) + 1, 0) FROM credit").await,
        credits,
        "no gap"
    );
    assert!(number(session.as_mut(), "SELECT max(id) FROM credit").await >= first, "what was acknowledged before");
}

/// Writes until it is stopped, and tells each row once it is committed.
async fn write(mut writer: Box<dyn Session>, mut stopped: oneshot::Receiver<()>, told: mpsc::Sender<i64>) {
    let mut id = ROWS;
    while stopped.try_recv().is_err() {
        let debit = format!("INSERT INTO debit VALUES ({id}, 1, 'later')");
        let credit = format!("INSERT INTO credit VALUES ({id}, -1, 'later')");
        // SQLite may be busy for longer than a statement waits; that row is tried again.
        if writer.transact(&[&debit, &credit], &mut |_| ()).await.is_ok() {
            told.try_send(id).expect("room");
            id += 1;
        }
    }
    writer.close().await;
}
