//! What a stop ends, and within which time.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::timeout;
use tracing::subscriber::DefaultGuard;
use windlass::{Migrate, MigrateError, jobs::Refused};

use super::{opened, settings, with_a_run_at_a_gate, with_two_releases};
use crate::harness::{
    PATIENCE, database::On, eventually, on_every_engine, on_every_server, outage::way_to, ship::Called,
};

on_every_engine!(a_stop_ends_the_wait_for_a_turn);
on_every_server!(a_stop_waits_no_longer_than_its_grace_for_a_look_that_hangs);

/// The time that a stop may take.
const GRACE: Duration = Duration::from_millis(500);
/// Less than the time after which a look that hangs is given up.
const SOON: Duration = Duration::from_secs(3);

/// What is told to `tracing` on this test's thread.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    fn listen(&self) -> DefaultGuard {
        let heard = self.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || heard.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn has(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.0.lock().expect("what was heard")).contains(words)
    }
}

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("what was heard").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Goal: an application that is to end does not wait for its turn any more.
/// Method: another process holds the database at a gate, for as long as the test likes.
async fn a_stop_ends_the_wait_for_a_turn(on: On) {
    let (ship, gate, first) = with_a_run_at_a_gate(on).await;
    let mut config = settings(&ship);
    config.run.lock_wait = PATIENCE * 10;
    let windlass = opened(config);
    let heard = Heard::default();
    let listening = heard.listen();
    let waiting = tokio::spawn({
        let windlass = windlass.clone();
        async move { windlass.migrate(&Migrate::default()).await }
    });
    eventually("it waits for its turn", async || heard.has("waiting for").then_some(())).await;

    windlass.stop().await;
    let ended = timeout(PATIENCE, waiting).await.expect("the wait is over").expect("no panic");

    drop(listening);
    gate.open().await;
    let refused = ended.expect_err("it did not migrate");
    assert!(matches!(refused, MigrateError::Refused(Refused::Stopping)), "{refused:?}");
    Called::ended(first).await.exits(0);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
}

/// Method: all that is sent to the server vanishes, and a look has sent something since.
async fn a_stop_waits_no_longer_than_its_grace_for_a_look_that_hangs(on: On) {
    let ship = with_two_releases(on).await;
    let (proxy, url) = way_to(&ship).await;
    let mut config = settings(&ship);
    config.target.url = url.into();
    config.server.shutdown_grace = GRACE;
    let windlass = opened(config);
    let _routes = windlass::router(&windlass).await.expect("windlass's routes");
    eventually("it looks", async || (proxy.passed() > 0).then_some(())).await;
    proxy.swallow();
    let before = proxy.passed();
    eventually("a look hangs", async || (proxy.passed() > before).then_some(())).await;

    let stopped = timeout(SOON, windlass.stop()).await;

    stopped.expect("a stop within its grace");
}
