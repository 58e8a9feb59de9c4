//! What every engine promises of copies: their moment, their digests, trials, other databases, exports.

mod beside;
mod export;
mod nasty;
mod under_load;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::mpsc;
use windlass::engine::{DumpSource, EngineError, Session};

use super::target::{Dumped, Target, execute, fingerprint, number, target};
use crate::harness::{database::On, on_every_engine};

on_every_engine!(
    a_hash_that_differs_in_one_table_is_refused_by_its_name,
    a_trial_finds_a_row_that_was_changed_in_the_dump,
);

/// Two tables of the application; `guests` holds the row that is easy to find in a dump.
const GUESTS: [&str; 4] = [
    "CREATE TABLE guests (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL)",
    "INSERT INTO guests VALUES (1, 'Ada of the sea'), (2, 'Grace')",
    "CREATE TABLE cabins (id INTEGER PRIMARY KEY, deck INTEGER)",
    "INSERT INTO cabins VALUES (1, 7), (2, NULL)",
];

async fn with_guests(on: On) -> (Target, Box<dyn Session>) {
    let target = target(on).await;
    let mut session = target.open().await;
    for sql in GUESTS {
        execute(session.as_mut(), sql).await;
    }
    (target, session)
}

/// A dump, piece by piece.
fn pieces(dumped: &Dumped) -> DumpSource {
    let (sink, source) = mpsc::channel(4);
    let pieces: Vec<Bytes> = dumped.bytes.chunks(10_000).map(Bytes::copy_from_slice).collect();
    tokio::spawn(async move {
        for piece in pieces {
            if sink.send(Ok(piece)).await.is_err() {
                break;
            }
        }
    });
    source
}

/// A stream of bytes, received to its end.
fn received(mut source: mpsc::Receiver<Bytes>) -> (Arc<Mutex<Vec<u8>>>, impl Future<Output = ()>) {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&bytes);
    (bytes, async move {
        while let Some(piece) = source.recv().await {
            into.lock().expect("the bytes").extend_from_slice(&piece);
        }
    })
}

/// Goal: the same number of rows with other contents is another table, and the error says which and what.
async fn a_hash_that_differs_in_one_table_is_refused_by_its_name(on: On) {
    let (target, mut session) = with_guests(on).await;
    let mut dumped = target.dump(session.as_mut()).await;
    let good = dumped.manifest.tables["guests"].clone();
    let other = "0123456789abcdef0123456789abcdef".to_owned();
    dumped.manifest.tables.get_mut("guests").expect("a digest").hash.clone_from(&other);
    execute(session.as_mut(), "DELETE FROM cabins WHERE id = 2").await;

    let Err(failure) = target.restore(session, &dumped).await else { panic!("another hash was taken") };

    let words = failure.error.to_string();
    assert!(words.contains("table guests"), "{words}");
    assert!(words.contains(&good.hash) && words.contains(&other), "{words}");
    let mut session = failure.session.expect("the session");
    assert_eq!(number(session.as_mut(), "SELECT count(*) FROM cabins").await, 1, "the database is as it was");
}

/// Goal: a dump that loads and differs in one letter of one row is told from the right one, and nothing of the database is touched.
/// Method: change the letter in the dump itself, with the hash of the file made right, so that only the contents can tell.
async fn a_trial_finds_a_row_that_was_changed_in_the_dump(on: On) {
    let (target, mut session) = with_guests(on).await;
    let mut dumped = target.dump(session.as_mut()).await;
    execute(session.as_mut(), "DELETE FROM guests").await;
    let before = (fingerprint(session.as_mut()).await, session.digests().await.expect("digests"));

    let whole = target.engine.trial(target.scratch(), pieces(&dumped), &dumped.manifest).await;

    whole.expect("the dump is right");
    let name = b"Ada of the sea";
    let at = dumped.bytes.windows(name.len()).position(|bytes| bytes == name).expect("the row in the dump");
    dumped.bytes[at] = b'E';
    dumped.is_other();
    let tried = target.engine.trial(target.scratch(), pieces(&dumped), &dumped.manifest).await;
    let failure = tried.expect_err("a row differs");
    assert!(
        matches!(&failure, EngineError::Differs { difference } if difference.contains("table guests")),
        "{failure}"
    );
    assert_eq!(target.engine.sweep().await.expect("an answer"), [""; 0], "nothing is left over");
    assert_eq!((fingerprint(session.as_mut()).await, session.digests().await.expect("digests")), before);
}
