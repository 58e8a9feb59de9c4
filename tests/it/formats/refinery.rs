//! refinery: numbers in the names; `U` is a migration that may come late.

use super::{Life, On, list};
use crate::harness::on_every_engine;

on_every_engine!(a_history_goes_up_and_what_is_unversioned_may_come_late);

async fn a_history_goes_up_and_what_is_unversioned_may_come_late(on: On) {
    let life = Life::of(
        on,
        &[
            ("V1__initial.sql", "CREATE TABLE users (id INT PRIMARY KEY);"),
            ("more/U3__add_three.sql", "INSERT INTO users VALUES (3);"),
            ("V4__add_four.sql", "INSERT INTO users VALUES (4);"),
        ],
    )
    .await
    .with("WINDLASS__CATALOG__FORMAT", "refinery");
    life.goes_up(&["v1.0.0_initial", "v3.0.0_add_three", "v4.0.0_add_four"]);
    life.has_no_way_back();

    life.add(&[("U2__add_two.sql", "INSERT INTO users VALUES (2);")]);
    let run = life.windlass().does("up --snapshot never");

    assert_eq!(list(&run, "/result/migrations").len(), 1, "{run:#}");
    assert_eq!(life.eye().await.number("SELECT SUM(id) FROM users").await, 9);
}

#[tokio::test]
async fn it_is_recognised_by_what_flyway_would_call_an_undo_of_nothing() {
    let life = Life::of(On::Sqlite, &[("V1__a.sql", "SELECT 1;"), ("U2__b.sql", "SELECT '${x}';")]).await;
    life.goes_up(&["v1.0.0_a", "v2.0.0_b"]);
}

#[tokio::test]
async fn faults_are_told() {
    // To Flyway one number twice is a way back, so the layout is named.
    let life = Life::of(
        On::Sqlite,
        &[
            ("V1__a.sql", "SELECT 1;"),
            ("U1__b.sql", "SELECT 1;"),
            ("V3__d.rs", "pub fn migration() -> String { String::new() }"),
            ("V4_e.sql", "SELECT 1;"),
            ("mod.rs", ""),
        ],
    )
    .await
    .with("WINDLASS__CATALOG__FORMAT", "refinery");
    insta::assert_snapshot!(life.refused(), @r"
    V3__d.rs: it is a migration in Rust, which windlass cannot run; write it in SQL, under the same number
    V4_e.sql: the file's name does not name a migration; rename it to V<number>__<name>.sql, such as V1__add_users.sql
    V1__a.sql: it has the version of U1__b.sql; give one of them another version
    ");
}
