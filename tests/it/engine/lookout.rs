//! What stands beside a session: it sees who is in the way, and can end whoever holds the lock.

use std::time::Duration;

use windlass::engine::{Blocker, Limits, Lookout, Session};

use super::target::{Target, target};
use crate::harness::{database::On, eventually, on_every_engine};

on_every_engine!(
    whoever_holds_a_row_or_a_table_is_named,
    the_holder_of_the_lock_is_known_and_can_be_ended_where_it_is_a_session,
);

async fn a_table(target: &Target) -> Box<dyn Session> {
    let mut session = target.open().await;
    session.execute("CREATE TABLE cabins (id INTEGER PRIMARY KEY, n INTEGER)").await.expect("a table");
    session.execute("INSERT INTO cabins VALUES (1, 0)").await.expect("a row");
    session
}

async fn seen(lookout: &mut Box<dyn Lookout>, session: &str) -> Vec<Blocker> {
    let lookout = tokio::sync::Mutex::new(lookout);
    eventually("somebody is in the way", async || {
        let found = lookout.lock().await.blockers(session).await.expect("an answer");
        (!found.is_empty()).then_some(found)
    })
    .await
}

/// Method: one session keeps a row; another wants the row, then the whole table.
async fn whoever_holds_a_row_or_a_table_is_named(on: On) {
    let target = target(on).await;
    let mut idler = a_table(&target).await;
    let mut lookout = target.engine.lookout().await.expect("a lookout");
    if on == On::Sqlite {
        // Who has the file in this very process is no stranger to it.
        idler.execute("BEGIN IMMEDIATE").await.expect("a transaction");
        assert_eq!(lookout.blockers(idler.connection_id()).await.expect("an answer"), []);
        return;
    }
    idler.execute("START TRANSACTION").await.expect("a transaction");
    idler.execute("UPDATE cabins SET n = 1 WHERE id = 1").await.expect("a lock");

    for wanted in ["UPDATE cabins SET n = 2 WHERE id = 1", "ALTER TABLE cabins ADD COLUMN m INTEGER"] {
        let mut worker = target.open().await;
        let limits = Limits { lock_timeout_ms: Some(60_000), statement_timeout_ms: None };
        worker.set_limits(limits).await.expect("limits");
        assert_eq!(lookout.blockers(worker.connection_id()).await.expect("an answer"), []);
        let session = worker.connection_id().to_owned();
        let work = tokio::spawn(async move { worker.execute(wanted).await.map(drop) });

        let found = seen(&mut lookout, &session).await;

        assert_eq!(found[0].session, format!("session {}", idler.connection_id()), "{wanted}: {found:?}");
        assert!(found[0].age.is_some_and(|age| age < Duration::from_mins(1)), "{wanted}: {found:?}");
        assert!(found[0].user.is_some() && found[0].to_string().contains("idle in transaction"), "{wanted}: {found:?}");
        target.engine.cancel(&session).await.expect("it is told to stop");
        assert!(work.await.expect("its end").is_err(), "{wanted}");
    }
    lookout.close().await;
}

async fn the_holder_of_the_lock_is_known_and_can_be_ended_where_it_is_a_session(on: On) {
    let target = target(on).await;
    let (mut first, mut second) = (target.open().await, target.open().await);
    assert_eq!(second.lock_owner().await.expect("an answer"), None);
    assert!(first.try_lock().await.expect("an answer"));

    let owner = second.lock_owner().await.expect("an answer").expect("somebody");
    let is_ended = second.end_lock_owner(&owner).await.expect("it is told to end");

    let named = first.connection_id().split('.').next().expect("a name").to_owned();
    assert_eq!((owner.connection, is_ended), (named, on != On::Sqlite));
    if is_ended {
        let second = tokio::sync::Mutex::new(second);
        eventually("the lock is free", async || second.lock().await.try_lock().await.expect("an answer").then_some(()))
            .await;
        assert!(first.query("SELECT 1", &[]).await.is_err(), "its session is gone");
    } else {
        assert!(!second.try_lock().await.expect("an answer"));
    }
}
