//! MariaDB is asked for each change by the cheaper way, which it refuses where the finding says so.

use sqlx::mysql::MySqlDatabaseError;

use super::{
    mariadb_pairs::PAIRS,
    pair::{self, Pair, Seen},
};
use crate::harness::{database::On, ship::Ship};

/// Goal: no rule is hearsay.
/// Method: plan all scripts in one database, then have the server do each, with the ALGORITHM and LOCK that the finding denies.
#[tokio::test]
async fn what_trips_a_rule_does_on_mariadb_what_the_finding_says() {
    let ship = pair::ready(On::MariaDb, PAIRS, |pair| pair.trips).await;
    let messages = pair::every_one_trips(&ship, PAIRS).await;
    for (place, (pair, message)) in PAIRS.iter().zip(&messages).enumerate() {
        for seen in pair.seen {
            watch(&ship, place, pair, pair.trips, *seen).await;
            if let Seen::RefusedWith(way, _) = seen {
                let told = if way.contains("LOCK") && !message.contains("COPY") { "LOCK=SHARED" } else { "ALGORITHM=" };
                assert!(message.contains(told), "{}: {message}", pair.rule);
            }
        }
    }
}

#[tokio::test]
async fn the_safe_twins_trip_nothing_and_cost_what_is_said_on_mariadb() {
    let ship = pair::ready(On::MariaDb, PAIRS, |pair| pair.twin).await;
    pair::none_trips(&ship, PAIRS).await;
    for (place, pair) in PAIRS.iter().enumerate() {
        for seen in pair.twin_seen {
            watch(&ship, place, pair, pair.twin, *seen).await;
        }
    }
}

async fn watch(ship: &Ship, place: usize, pair: &Pair, script: &str, seen: Seen) {
    let own = |text: &str| pair::own(place, text);
    let told = format!("{}: {seen:?}", pair.rule);
    let mut eye = ship.eye().await;
    let statements = pair::statements(&own(script));
    let (last, first) = statements.split_last().expect("a statement");
    let way = match seen {
        Seen::RefusedWith(way, _) | Seen::DoneWith(way) => way,
        _ => "",
    };
    if matches!(seen, Seen::Survives(..)) {
        eye.run("START TRANSACTION").await;
    }
    for statement in first {
        eye.try_run(statement).await.unwrap_or_else(|error| panic!("{told}: {statement}: {error}"));
    }
    let ended = eye.try_run(&format!("{last}{way}")).await;
    if let Seen::Refused(code) | Seen::RefusedWith(_, code) = seen {
        let error = ended.expect_err(&told);
        let number = error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
        assert_eq!(number.map(|error| error.number().to_string()).as_deref(), Some(code), "{told}: {error}");
        return;
    }
    ended.unwrap_or_else(|error| panic!("{told}: {last}{way}: {error}"));
    match seen {
        Seen::DoneWith(_) => {}
        Seen::Says(query, answer) => assert_eq!(eye.texts(&own(query)).await, [answer], "{told}"),
        Seen::Survives(query, answer) => {
            eye.run("ROLLBACK").await;
            assert_eq!(eye.texts(&own(query)).await, [answer], "{told}");
        }
        other => panic!("{other:?} is nothing that is seen here"),
    }
}
