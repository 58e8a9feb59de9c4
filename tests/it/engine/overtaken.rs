//! A restore belongs to the run that ordered it: it changes nothing once another has been there, and gives the database no
//! epoch that has passed.

use windlass::engine::{EngineError, Session};

use super::target::{Dumped, Target, create_our_tables, execute, number, target};
use crate::harness::{database::On, eye::Eye, on_every_engine};

on_every_engine!(
    a_restore_of_a_run_that_was_overtaken_changes_nothing,
    a_restore_whose_session_was_ended_changes_nothing,
    the_epoch_of_the_run_is_there_at_once,
    a_snapshot_without_our_tables_gets_them,
);

const OURS: i64 = 7;

/// A dump of one row under epoch 3, and a second row that came after it; the session has the lock, and our epoch.
async fn begun(on: On) -> (Target, Box<dyn Session>, Dumped) {
    let target = target(on).await;
    let mut session = target.open_with_our_tables().await;
    execute(session.as_mut(), "CREATE TABLE cabins (id INTEGER PRIMARY KEY)").await;
    execute(session.as_mut(), "INSERT INTO cabins VALUES (1)").await;
    epoch_is(session.as_mut(), 3).await;
    let dumped = target.dump(session.as_mut()).await;
    execute(session.as_mut(), "INSERT INTO cabins VALUES (2)").await;
    epoch_is(session.as_mut(), OURS).await;
    assert!(session.try_lock().await.expect("an answer"));
    (target, session, dumped)
}

async fn epoch_is(session: &mut dyn Session, epoch: i64) {
    execute(session, &format!("UPDATE windlass_lock SET epoch = {epoch} WHERE id = 1")).await;
}

async fn cabins(target: &Target) -> i64 {
    Eye::on(&target.database).await.number("SELECT count(*) FROM cabins").await
}

/// Nothing that a restore makes beside the database is left.
async fn nothing_is_left_beside(target: &Target) {
    let mut eye = Eye::on(&target.database).await;
    let beside = match target.database.on {
        On::Sqlite => return,
        On::Postgres => "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '\\_\\_%'",
        On::MariaDb => {
            "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE CONCAT(DATABASE(), '\\_\\_%')"
        }
    };
    assert_eq!(eye.number(beside).await, 0);
    assert_eq!(eye.number("SELECT count(*) FROM windlass_lock WHERE id = 3").await, 0);
}

/// Method: raise the epoch before the restore, in either journal mode of a file.
async fn a_restore_of_a_run_that_was_overtaken_changes_nothing(on: On) {
    let modes: &[&str] = if on == On::Sqlite { &["WAL", "DELETE"] } else { &[""] };
    for mode in modes {
        let (target, mut session, dumped) = begun(on).await;
        if on == On::Sqlite {
            execute(session.as_mut(), &format!("PRAGMA journal_mode = {mode}")).await;
        }
        epoch_is(session.as_mut(), OURS + 1).await;

        let failed = target.restore_under(session, &dumped, OURS).await.err().expect("a refusal");

        assert!(matches!(failed.error, EngineError::Fenced { ours: OURS }), "{mode}: {}", failed.error);
        assert_eq!(cabins(&target).await, 2, "{mode}");
        let mut session = failed.session.expect("its session");
        assert_eq!(number(session.as_mut(), "SELECT epoch FROM windlass_lock WHERE id = 1").await, OURS + 1);

        epoch_is(session.as_mut(), OURS).await;
        let restored = target.restore_under(session, &dumped, OURS).await;
        restored.unwrap_or_else(|failed| panic!("{mode}: {}", failed.error));
        assert_eq!(cabins(&target).await, 1, "{mode}");
    }
}

/// Method: end the session at the server; whoever had the lock since is not known, nor what they did.
async fn a_restore_whose_session_was_ended_changes_nothing(on: On) {
    if on == On::Sqlite {
        return; // nobody can end it
    }
    let (target, session, dumped) = begun(on).await;
    let end = match on {
        On::MariaDb => format!("KILL {}", session.connection_id()),
        _ => format!("SELECT pg_terminate_backend({})", session.connection_id()),
    };
    Eye::on(&target.database).await.run(&end).await;

    let failed = target.restore_under(session, &dumped, OURS).await.err().expect("a refusal");

    assert!(!matches!(failed.error, EngineError::Differs { .. }), "{}", failed.error);
    assert_eq!(cabins(&target).await, 2);
    nothing_is_left_beside(&target).await;
}

/// Method: restore a dump of an earlier epoch, and look before the run says anything of itself.
async fn the_epoch_of_the_run_is_there_at_once(on: On) {
    let (target, session, dumped) = begun(on).await;

    let restored = target.restore_under(session, &dumped, OURS).await;

    let mut session = restored.unwrap_or_else(|failed| panic!("{}", failed.error));
    assert!(session.is_locked().await.expect("an answer"));
    let mut eye = Eye::on(&target.database).await;
    assert_eq!(eye.number("SELECT epoch FROM windlass_lock WHERE id = 1").await, OURS);
    assert_eq!(cabins(&target).await, 1);
    nothing_is_left_beside(&target).await;
}

/// Goal: going back to before the first run does not bring epochs back that have passed.
async fn a_snapshot_without_our_tables_gets_them(on: On) {
    let target = target(on).await;
    let mut session = target.open().await;
    execute(session.as_mut(), "CREATE TABLE cabins (id INTEGER PRIMARY KEY)").await;
    let dumped = target.dump(session.as_mut()).await;
    create_our_tables(&target, session.as_mut()).await;
    epoch_is(session.as_mut(), OURS).await;
    assert!(session.try_lock().await.expect("an answer"));

    let restored = target.restore_under(session, &dumped, OURS).await;

    let mut session = restored.unwrap_or_else(|failed| panic!("{}", failed.error));
    assert_eq!(number(session.as_mut(), "SELECT epoch FROM windlass_lock WHERE id = 1").await, OURS);
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM migration_history").await, 0);
    nothing_is_left_beside(&target).await;
}
