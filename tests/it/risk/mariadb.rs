//! MariaDB, or MySQL in its place, is asked for each change by the cheaper way, which it refuses where the finding says so.

use sqlx::mysql::MySqlDatabaseError;

use super::{
    findings,
    mariadb_pairs::PAIRS,
    mysql_pairs::{OF_MARIADB, OF_MARIADB_BEFORE_11_7, OF_MYSQL},
    of_rule,
    pair::{self, Pair, Seen},
};
use crate::harness::{
    database::{self, On},
    eye::Eye,
    ship::Ship,
};

/// Goal: no rule is hearsay.
/// Method: plan all scripts in one database, then have the server do each, with the ALGORITHM and LOCK that the finding denies.
#[tokio::test]
async fn what_trips_a_rule_does_on_mariadb_what_the_finding_says() {
    for pairs in of_this_server().await {
        let ship = pair::ready(On::MariaDb, pairs, |pair| pair.trips).await;
        let messages = pair::every_one_trips(&ship, pairs).await;
        for (place, (pair, message)) in pairs.iter().zip(&messages).enumerate() {
            for seen in pair.seen {
                watch(&ship, place, pair, pair.trips, *seen).await;
                if let Seen::RefusedWith(way, _) = seen {
                    let shares = way.contains("LOCK") && !message.contains("COPY");
                    assert!(
                        message.contains(if shares { "LOCK=SHARED" } else { "ALGORITHM=" }),
                        "{}: {message}",
                        pair.rule
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn the_safe_twins_trip_nothing_and_cost_what_is_said_on_mariadb() {
    for pairs in of_this_server().await {
        let ship = pair::ready(On::MariaDb, pairs, |pair| pair.twin).await;
        pair::none_trips(&ship, pairs).await;
        for (place, pair) in pairs.iter().enumerate() {
            for seen in pair.twin_seen {
                watch(&ship, place, pair, pair.twin, *seen).await;
            }
        }
    }
}

/// Goal: a table is as large as it is now. MySQL tells for a day what it has told once, unless it is asked not to.
#[tokio::test]
async fn a_table_is_told_as_large_as_it_is_now() {
    let ship = Ship::with_catalog(On::MariaDb).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_none", "DROP TABLE cabins;", "SELECT 1;");
    let mut eye = ship.eye().await;
    eye.run("INSERT INTO cabins VALUES (1), (2), (3)").await;
    let told = async || {
        let findings = findings(&ship).await;
        of_rule(&findings, "drop-table", "v1.1.0")[0]["message"].as_str().expect("words").to_owned()
    };
    assert!(told().await.contains("about 3 rows"), "{}", told().await);

    eye.run("INSERT INTO cabins VALUES (4), (5), (6), (7)").await;

    assert!(told().await.contains("about 7 rows"), "{}", told().await);
}

/// The pairs that are asked of the server that the tests have: MariaDB, or in `./test matrix` MySQL.
async fn of_this_server() -> Vec<&'static [Pair]> {
    let version = Eye::on(&database::fresh(On::MariaDb).await).await.texts("SELECT VERSION()").await.remove(0);
    let Some((release, _)) = version.split_once("-MariaDB") else { return vec![PAIRS, OF_MYSQL] };
    let mut parts = release.split('.').map(|part| part.parse::<u32>().expect("a number"));
    let knows_vectors = (parts.next(), parts.next()) >= (Some(11), Some(7));
    let newer: &[Pair] = if knows_vectors { &[] } else { OF_MARIADB_BEFORE_11_7 };
    vec![PAIRS, OF_MARIADB, newer]
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
    let before = match seen {
        Seen::Rewritten(table) | Seen::Kept(table) => eye.innodb_number(&own(table)).await,
        _ => String::new(),
    };
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
        Seen::Rewritten(table) => assert_ne!(eye.innodb_number(&own(table)).await, before, "{told}"),
        Seen::Kept(table) => assert_eq!(eye.innodb_number(&own(table)).await, before, "{told}"),
        Seen::Says(query, answer) => assert_eq!(eye.texts(&own(query)).await, [answer], "{told}"),
        Seen::Survives(query, answer) => {
            eye.run("ROLLBACK").await;
            assert_eq!(eye.texts(&own(query)).await, [answer], "{told}");
        }
        other => panic!("{other:?} is nothing that is seen here"),
    }
}
