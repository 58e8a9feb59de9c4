//! SQLite is watched while it does what the rules speak of.

use super::{
    pair::{self, Pair, Seen},
    sqlite_pairs::PAIRS,
};
use crate::harness::{database::On, ship::Ship};

/// Goal: no rule is hearsay.
/// Method: plan all scripts in one file, then run each in a transaction, with foreign keys off around it as windlass does.
#[tokio::test]
async fn what_trips_a_rule_does_on_sqlite_what_the_finding_says() {
    let ship = pair::ready(On::Sqlite, PAIRS, |pair| pair.trips).await;
    pair::every_one_trips(&ship, PAIRS).await;
    for (place, pair) in PAIRS.iter().enumerate() {
        for seen in pair.seen {
            watch(&ship, place, pair, pair.trips, *seen).await;
        }
    }
}

#[tokio::test]
async fn the_safe_twins_trip_nothing_and_keep_what_is_said_on_sqlite() {
    let ship = pair::ready(On::Sqlite, PAIRS, |pair| pair.twin).await;
    pair::none_trips(&ship, PAIRS).await;
    for (place, pair) in PAIRS.iter().enumerate() {
        for seen in pair.twin_seen {
            watch(&ship, place, pair, pair.twin, *seen).await;
        }
    }
}

async fn watch(ship: &Ship, place: usize, pair: &Pair, script: &str, seen: Seen) {
    let told = format!("{}: {seen:?}", pair.rule);
    let mut eye = ship.eye().await;
    eye.run("PRAGMA foreign_keys = OFF").await;
    eye.run("BEGIN").await;
    let statements = pair::statements(&pair::own(place, script));
    let mut ended = Ok(());
    for statement in &statements {
        assert!(ended.is_ok(), "{told}: {ended:?}, before {statement}");
        ended = eye.try_run(statement).await;
        if let (Seen::Refused(words), Err(error)) = (seen, &ended) {
            assert!(error.to_string().contains(words), "{told}: {error}");
            eye.run("ROLLBACK").await;
            return;
        }
    }
    ended.unwrap_or_else(|error| panic!("{told}: {error}"));
    let Seen::Says(query, answer) = seen else { panic!("{seen:?} was not seen with {}", pair.rule) };
    assert_eq!(eye.texts(&pair::own(place, query)).await, [answer], "{told}");
    eye.run("ROLLBACK").await;
}
