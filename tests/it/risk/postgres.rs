//! PostgreSQL is watched while it does what the rules speak of.

use sqlx::error::DatabaseError;

use super::pair::{self, Pair, Seen};
use crate::harness::{database::On, eventually, eye::Eye, ship::Ship};

/// The tests of each list of pairs.
macro_rules! on_postgres {
    ($($list:ident),*) => {$(
        mod $list {
            use crate::risk::$list::PAIRS;

            #[tokio::test]
            async fn what_trips_does_what_the_finding_says() {
                super::what_trips_does_what_the_finding_says(PAIRS).await;
            }

            #[tokio::test]
            async fn the_safe_twins_trip_nothing() {
                super::the_safe_twins_trip_nothing(PAIRS).await;
            }
        }
    )*};
}

on_postgres!(postgres_pairs, postgres_rewrites, postgres_losses);

/// Goal: no rule is hearsay.
/// Method: plan all scripts of a kind in one database, then run each in a transaction of its own and look at the server's locks,
/// files and counters.
async fn what_trips_does_what_the_finding_says(pairs: &[Pair]) {
    let ship = pair::ready(On::Postgres, pairs, |pair| pair.trips).await;
    let messages = pair::every_one_trips(&ship, pairs).await;
    for (place, (pair, message)) in pairs.iter().zip(&messages).enumerate() {
        for seen in pair.seen {
            watch(&ship, place, pair, pair.trips, *seen).await;
            if let Seen::Lock(table, mode) | Seen::Beside(_, table, mode) = seen {
                let words = format!("takes {} on ", spelled(mode));
                let is_told = message.contains(&words) && message.contains(&pair::own(place, table));
                assert!(is_told, "{}: the finding does not tell of {mode} on {table}: {message}", pair.rule);
            }
        }
    }
}

async fn the_safe_twins_trip_nothing(pairs: &[Pair]) {
    let ship = pair::ready(On::Postgres, pairs, |pair| pair.twin).await;
    pair::none_trips(&ship, pairs).await;
    for (place, pair) in pairs.iter().enumerate() {
        for seen in pair.twin_seen {
            watch(&ship, place, pair, pair.twin, *seen).await;
        }
    }
}

/// `AccessExclusiveLock` as the manual writes it.
fn spelled(mode: &str) -> String {
    let mut words = String::new();
    for letter in mode.trim_end_matches("Lock").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_uppercase());
    }
    words
}

async fn watch(ship: &Ship, place: usize, pair: &Pair, script: &str, seen: Seen) {
    let own = |text: &str| pair::own(place, text);
    let told = format!("{}: {seen:?}", pair.rule);
    match seen {
        Seen::Beside(busy, table, mode) => {
            return beside(ship, &own(script), &own(busy), &own(table), mode, &told).await;
        }
        Seen::Lets(busy, statement) => {
            let waits = "SELECT pid::text FROM pg_stat_activity WHERE pid = $pid AND wait_event_type = 'Lock'";
            return while_it_waits(ship, &own(script), &own(busy), waits, &own(statement), &told).await;
        }
        Seen::Passes(busy) => return passes(ship, &own(script), &own(busy), &told).await,
        _ => {}
    }
    let mut eye = ship.eye().await;
    eye.run("BEGIN").await;
    let statements = pair::statements(&own(script));
    // The last one is watched; those before it prepare it, some in a transaction that has ended.
    let file = |table: &str| format!("pg_relation_filenode('{}')::bigint", own(table));
    let before = match seen {
        Seen::Rewritten(table) | Seen::Kept(table) => Some(eye.number(&format!("SELECT {}", file(table))).await),
        _ => None,
    };
    let scans = |table: &str| {
        format!(
            "SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_xact_user_tables WHERE relname = '{}'",
            own(table)
        )
    };
    let (last, first) = statements.split_last().expect("a statement");
    for statement in first {
        eye.try_run(statement).await.unwrap_or_else(|error| panic!("{told}: {statement}: {error}"));
    }
    let scanned = match seen {
        Seen::Scanned(table) | Seen::NotScanned(table) => eye.number(&scans(table)).await,
        _ => 0,
    };
    let ended = eye.try_run(last).await;
    if let Seen::Refused(code) = seen {
        let error = ended.expect_err(&told);
        let found = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned();
        assert_eq!(found, code, "{told}: {error}");
        return;
    }
    ended.unwrap_or_else(|error| panic!("{told}: {last}: {error}"));
    match seen {
        Seen::Lock(table, mode) => assert!(locks(&mut eye, &own(table)).await.contains(&mode.to_owned()), "{told}"),
        Seen::NoLock(table, mode) => {
            let found = locks(&mut eye, &own(table)).await;
            assert!(!found.contains(&mode.to_owned()), "{told}: {found:?}");
        }
        Seen::Rewritten(table) => {
            assert_ne!(Some(eye.number(&format!("SELECT {}", file(table))).await), before, "{told}");
        }
        Seen::Kept(table) => assert_eq!(Some(eye.number(&format!("SELECT {}", file(table))).await), before, "{told}"),
        Seen::Scanned(table) => assert!(eye.number(&scans(table)).await > scanned, "{told}"),
        Seen::NotScanned(table) => assert_eq!(eye.number(&scans(table)).await, scanned, "{told}"),
        Seen::Says(query, answer) => assert_eq!(eye.texts(&own(query)).await, [own(answer)], "{told}"),
        other => panic!("{other:?} is nothing that is seen here"),
    }
}

/// The locks that this session has on a table, or on one of its indexes.
async fn locks(eye: &mut Eye, table: &str) -> Vec<String> {
    let query = format!(
        "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = '{table}'::regclass AND granted"
    );
    eye.texts(&query).await
}

/// A transaction that has read and written a table.
async fn busy(ship: &Ship, table: &str) -> Eye {
    let mut busy = ship.eye().await;
    busy.run(&format!("BEGIN; SELECT count(*) FROM {table}; DELETE FROM {table} WHERE false; SELECT txid_current()"))
        .await;
    busy
}

async fn beside(ship: &Ship, script: &str, table: &str, locked: &str, mode: &str, told: &str) {
    let waits =
        format!("SELECT mode FROM pg_locks WHERE pid = $pid AND relation = '{locked}'::regclass AND mode = '{mode}'");
    while_it_waits(ship, script, table, &waits, "SELECT 1", told).await;
}

/// Runs a script beside a busy transaction, until a query (`$pid` is the script's session) says that it waits; then another
/// statement, which must be done at once.
async fn while_it_waits(ship: &Ship, script: &str, table: &str, waits: &str, meanwhile: &str, told: &str) {
    let mut busy = busy(ship, table).await;
    let mut eye = ship.eye().await;
    let query = waits.replace("$pid", &eye.session_id().await);
    let script = script.to_owned();
    let running = tokio::spawn(async move { eye.try_run(&script).await });
    eventually(told, async || (!ship.eye().await.texts(&query).await.is_empty()).then_some(())).await;
    let mut other = ship.eye().await;
    other.run("SET lock_timeout = '1s'").await;
    other.try_run(meanwhile).await.unwrap_or_else(|error| panic!("{told}: {meanwhile}: {error}"));
    busy.run("ROLLBACK").await;
    running.await.expect("no panic").unwrap_or_else(|error| panic!("{told}: {error}"));
}

async fn passes(ship: &Ship, script: &str, table: &str, told: &str) {
    let mut busy = busy(ship, table).await;
    let mut eye = ship.eye().await;
    eye.run("SET lock_timeout = '1s'").await;
    eye.try_run(script).await.unwrap_or_else(|error| panic!("{told}: {error}"));
    busy.run("ROLLBACK").await;
}
