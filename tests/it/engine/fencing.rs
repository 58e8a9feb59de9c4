//! A run that was overtaken writes nothing any more: neither history nor journal, by whichever statement it tries.

use ulid::Ulid;
use windlass::engine::{
    EngineError, Session, Words,
    bookkeeping::{
        history,
        journal::{self, Place, Planned, Signature},
        lock,
    },
};

use super::target::{Target, target};
use crate::harness::{database::On, on_every_engine};

on_every_engine!(every_write_of_a_run_that_was_overtaken_is_refused, a_mark_needs_no_strict_mode);

const OURS: i64 = 7;

fn planned(seq: u32) -> Planned {
    Planned {
        seq,
        direction: windlass::model::migration::Direction::Up,
        name: format!("v1.0.{seq}_01_cabins"),
        number: i64::from(seq),
        version: format!("1.0.{seq}"),
        description: "cabins".to_owned(),
        checksum: None,
        bytes_sha256: None,
        rollback_available: true,
    }
}

fn signature(run: Ulid) -> Signature {
    Signature { run, backend_version: "1.0.0".to_owned(), applied_by: "ada".to_owned(), epoch: OURS }
}

async fn epoch_is(session: &mut dyn Session, epoch: i64) {
    session.write("UPDATE windlass_lock SET epoch = ? WHERE id = 1", &[epoch.into()]).await.expect("an epoch");
}

async fn rows(session: &mut dyn Session) -> Vec<String> {
    let mut all = Vec::new();
    for sql in [
        "SELECT statement, state, checksum FROM windlass_journal ORDER BY run_id, seq, statement",
        "SELECT migration_number, version FROM migration_history ORDER BY id",
        "SELECT migration_number, version FROM schema_version ORDER BY id",
    ] {
        all.extend(session.query(sql, &[]).await.expect("rows").iter().map(|row| format!("{row:?}")));
    }
    all
}

/// A run with one statement done and one begun, under [`OURS`].
async fn in_flight(target: &Target) -> (Box<dyn Session>, Place) {
    let mut session = target.open_with_our_tables().await;
    epoch_is(session.as_mut(), OURS).await;
    let run = Ulid::generate();
    let place = |statement| Place { run, seq: 1, statement };
    journal::plan_run(session.as_mut(), &signature(run), &[planned(1), planned(2)]).await.expect("a plan");
    journal::intend(session.as_mut(), place(1), OURS, "SELECT 1", Some("f")).await.expect("an intent");
    journal::mark_done(session.as_mut(), place(1), OURS).await.expect("a mark");
    journal::intend(session.as_mut(), place(2), OURS, "SELECT 2", Some("f")).await.expect("an intent");
    (session, place(2))
}

/// Records a failure behind the fence.
async fn fails(session: &mut dyn Session, words: &Words, place: Place) -> Result<(), EngineError> {
    let [first, second] = history::record_failed(words, place.run, place.seq, "it failed");
    let outcome = session.transact(&[&lock::fence(words, OURS), &first, &second], &mut |_| ()).await;
    outcome.map_err(|failed| if failed.index == 0 { EngineError::Fenced { ours: OURS } } else { failed.error })
}

/// Method: raise the epoch behind a run's back, then try each of its writes; every row stays as it was.
async fn every_write_of_a_run_that_was_overtaken_is_refused(on: On) {
    let target = target(on).await;
    let (mut session, place) = in_flight(&target).await;
    let session = session.as_mut();
    let words = target.engine.words();
    epoch_is(session, OURS + 1).await;
    let before = rows(session).await;
    let checksum = windlass::model::checksum::Checksum { bytes: "b".to_owned(), tokens: "m".to_owned() };
    let next = Place { statement: 3, ..place };
    let (run, seq) = (place.run, place.seq);

    let tried = [
        ("plan", journal::plan_run(session, &signature(Ulid::generate()), &[planned(1)]).await),
        ("intend", journal::intend(session, next, OURS, "SELECT 3", None).await),
        ("mark", journal::mark_done(session, place, OURS).await),
        ("withdraw", journal::withdraw(session, place, OURS).await),
        ("renew", journal::renew(session, run, seq, &checksum, OURS).await),
        ("forget", journal::forget_now(session, run, seq, OURS).await),
        ("failed", fails(session, words, place).await),
        ("replace", lock::must_be_ours(session, OURS).await),
    ];

    for (what, outcome) in tried {
        assert!(matches!(outcome, Err(EngineError::Fenced { ours: OURS })), "{what}: {outcome:?}");
    }
    lock::clear_holder(session, OURS).await.expect("nothing to clear");
    assert_eq!(rows(session).await, before);

    epoch_is(session, OURS).await;
    journal::mark_done(session, place, OURS).await.expect("a mark");
    journal::renew(session, run, seq, &checksum, OURS).await.expect("a checksum");
    journal::forget_now(session, run, seq, OURS).await.expect("forgotten");
    fails(session, words, place).await.expect("a failure");
}

/// Goal: what a migration sets for its session does not open the fence. Only one engine has such a mode.
async fn a_mark_needs_no_strict_mode(on: On) {
    let target = target(on).await;
    let (mut session, place) = in_flight(&target).await;
    if on == On::MariaDb {
        session.execute("SET SESSION sql_mode = ''").await.expect("a mode");
    }
    let session = session.as_mut();
    epoch_is(session, OURS + 1).await;
    let before = rows(session).await;

    let planned = journal::plan_run(session, &signature(Ulid::generate()), &[planned(1), planned(2)]).await;
    let fenced = session.transact(&[&lock::fence(target.engine.words(), OURS)], &mut |_| ()).await;

    assert!(matches!(planned, Err(EngineError::Fenced { .. })), "{planned:?}");
    assert!(fenced.is_err());
    assert!(lock::must_be_ours(session, OURS + 1).await.is_ok(), "the epoch stays as it is");
    assert_eq!(rows(session).await, before);
    assert!(journal::mark_done(session, place, OURS).await.is_err());
}
