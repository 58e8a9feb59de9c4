//! Obligations that tests call on.

pub mod begun;
pub mod browser;
pub mod catalog;
pub mod client;
pub mod collector;
pub mod command_line;
pub mod crate_source;
pub mod database;
pub mod embedder;
pub mod eye;
pub mod gate;
pub mod interrupted;
pub mod load;
pub mod outage;
pub mod own_server;
pub mod proxy;
pub mod sample;
pub mod ship;
pub mod signer;

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// Longer than anything here takes; a test that needs it fails.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The time between two looks at something that is awaited. `InnoDB` makes what it tells of transactions anew only for whoever has
/// not looked for 100 ms (MariaDB source, `trx0i_s.cc`, `CACHE_MIN_IDLE_TIME_NS`).
const LOOK_MS: u64 = 120;

/// Asks until there is an answer, for as long as [`PATIENCE`] lasts.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "this never came about: {what}");
        sleep(Duration::from_millis(LOOK_MS)).await;
    }
}

/// Sends a signal; by the shell, since not every machine has a program `kill`.
pub async fn signal(name: &str, process: u32) {
    let kill = format!("kill -{name} {process}");
    let told = tokio::process::Command::new("bash").args(["-c", &kill]).status().await.expect("a shell");
    assert!(told.success(), "{kill}");
}

/// A test of each rule on every engine that is reached over a network.
macro_rules! on_every_server {
    ($($rule:ident),* $(,)?) => {
        mod postgres_over_a_network { $crate::harness::on_every_engine!(Postgres: $($rule)*); }
        mod mariadb_over_a_network { $crate::harness::on_every_engine!(MariaDb: $($rule)*); }
    };
}
pub(crate) use on_every_server;

/// A test of each rule on every engine. A rule is a function over [`database::On`].
macro_rules! on_every_engine {
    ($($rule:ident),* $(,)?) => {
        mod sqlite { $crate::harness::on_every_engine!(Sqlite: $($rule)*); }
        mod postgres { $crate::harness::on_every_engine!(Postgres: $($rule)*); }
        mod mariadb { $crate::harness::on_every_engine!(MariaDb: $($rule)*); }
    };
    ($on:ident: $($rule:ident)*) => {
        $(#[tokio::test] async fn $rule() { super::$rule($crate::harness::database::On::$on).await; })*
    };
}
pub(crate) use on_every_engine;
