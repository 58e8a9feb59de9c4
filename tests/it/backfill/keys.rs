//! Every kind of key.

use super::{COUNTING, add, numbers, rows, with_cargo, with_table};
use crate::harness::{database::On, on_every_engine};

on_every_engine!(
    each_row_is_changed_once_by_an_integer_key,
    each_row_is_changed_once_by_a_text_key,
    each_row_is_changed_once_by_a_uuid,
    each_row_is_changed_once_by_a_composite_key,
    each_row_is_changed_once_by_a_unique_key,
    an_empty_table_is_done_at_once,
);

async fn each_row_is_changed_once_by_an_integer_key(on: On) {
    let ship = with_cargo(on, 4).await;
    ship.eye().await.run("UPDATE cargo SET id = id - 5000").await;
    add(&ship, COUNTING);

    ship.cli(&["up"]).await.exits(0);

    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (10_000, 0));
    ship.database_is_at("1.1.0").await;
    assert_eq!(ship.eye().await.number("SELECT COUNT(*) FROM windlass_backfill").await, 0);
    ship.cli(&["validate"]).await.exits(0);
    ship.cli(&["up"]).await.exits(0);
    assert_eq!(rows(&ship, "n = 1").await, 10_000);
}

/// Goal: the server alone compares, by its own collation: letters in both cases, accents, emoji, quotes, backslashes.
async fn each_row_is_changed_once_by_a_text_key(on: On) {
    let kind = if on == On::MariaDb { "VARCHAR(80)" } else { "TEXT" };
    let ship = with_table(on, &format!("id {kind} PRIMARY KEY, n INTEGER NOT NULL")).await;
    let odd = if on == On::MariaDb { "b\\\\''%_" } else { "b\\''%_" };
    let words = ["Zeta ", "zeta ", "Ärger-", "äpfel-", "", "ß", "🚢", "日本", odd, "\"q"];
    let cases: Vec<String> =
        (0..).zip(words).map(|(digit, word)| format!("WHEN {digit} THEN CONCAT('{word}', x)")).collect();
    let insert = format!("INSERT INTO cargo SELECT CASE x % 10 {} END, 0 FROM {}", cases.join(" "), numbers(3));
    let mut eye = ship.eye().await;
    eye.run(&insert).await;
    eye.run("INSERT INTO cargo VALUES ('', 0)").await;
    add(&ship, "-- windlass:backfill table=cargo key=id batch=7\nUPDATE cargo SET n = n + 1 WHERE :range");

    ship.cli(&["up"]).await.exits(0);

    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (1_001, 0));
}

async fn each_row_is_changed_once_by_a_uuid(on: On) {
    let (kind, value) = match on {
        On::Sqlite => ("TEXT NOT NULL", "lower(hex(randomblob(16)))"),
        On::Postgres => ("UUID", "gen_random_uuid()"),
        On::MariaDb => ("BINARY(16)", "UNHEX(MD5(RAND(x)))"),
    };
    let ship = with_table(on, &format!("id {kind} PRIMARY KEY, n INTEGER NOT NULL")).await;
    ship.eye().await.run(&format!("INSERT INTO cargo SELECT {value}, 0 FROM {}", numbers(3))).await;
    add(&ship, COUNTING);

    ship.cli(&["up"]).await.exits(0);

    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (1_000, 0));
}

async fn each_row_is_changed_once_by_a_composite_key(on: On) {
    let columns = "deck INTEGER NOT NULL, row_name VARCHAR(20) NOT NULL, seat INTEGER NOT NULL, n INTEGER NOT NULL, \
                   PRIMARY KEY (deck, row_name, seat)";
    let ship = with_table(on, columns).await;
    let insert = format!("INSERT INTO cargo SELECT x % 3, CONCAT('Row ', x % 7), x, 0 FROM {}", numbers(3));
    ship.eye().await.run(&insert).await;
    let update = match on {
        On::MariaDb => "UPDATE cargo AS c SET c.n = c.n + 1 WHERE c.:range",
        _ => "UPDATE cargo AS c SET n = n + 1 WHERE c.:range",
    };
    add(&ship, &format!("-- windlass:backfill table=cargo batch=13\n{update}"));

    ship.cli(&["up"]).await.exits(0);

    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (1_000, 0));
}

async fn each_row_is_changed_once_by_a_unique_key(on: On) {
    let columns = "id INTEGER PRIMARY KEY, code VARCHAR(40) NOT NULL UNIQUE, n INTEGER NOT NULL";
    let ship = with_table(on, columns).await;
    let insert = format!("INSERT INTO cargo SELECT x, CONCAT('c', 10000 - x), 0 FROM {}", numbers(3));
    ship.eye().await.run(&insert).await;
    add(
        &ship,
        "-- windlass:backfill table=cargo key=code\nUPDATE cargo SET n = n + 1 WHERE code > :after AND code <= :upto",
    );

    ship.cli(&["up"]).await.exits(0);

    assert_eq!((rows(&ship, "n = 1").await, rows(&ship, "n <> 1").await), (1_000, 0));
}

async fn an_empty_table_is_done_at_once(on: On) {
    let ship = with_table(on, "id INTEGER PRIMARY KEY, n INTEGER NOT NULL").await;
    add(&ship, COUNTING);

    ship.cli(&["up"]).await.exits(0);

    ship.database_is_at("1.1.0").await;
}
