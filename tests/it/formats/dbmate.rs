//! dbmate: both ways in one file.

use super::{File, Life, On, refused, route};
use crate::harness::on_every_engine;

const USERS: File<'_> = (
    "20240101120000_create_users.sql",
    "-- Who may come in.\n\n-- migrate:up\nCREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL);\n\
     INSERT INTO users VALUES (1, 'a;b');\n\n-- migrate:down\nDROP TABLE users;\n",
);
const ROLES: File<'_> = (
    "20240102120000_add-roles.sql",
    "-- migrate:up transaction:true foo:bar\nCREATE TABLE roles (id INT PRIMARY KEY);\nALTER TABLE users ADD role_id INT;\n\
     -- migrate:down transaction:false\nALTER TABLE users DROP COLUMN role_id;\nDROP TABLE roles;\n",
);

on_every_engine!(a_history_goes_up_and_down);

async fn a_history_goes_up_and_down(on: On) {
    let life = Life::of(on, &[USERS, ROLES]).await;
    let before = life.eye().await.everything().await;
    let order = ["v0.0.20240101120000_create_users", "v0.0.20240102120000_add_roles"];

    life.goes_up(&order);
    assert_eq!(life.eye().await.texts("SELECT name FROM users").await, ["a;b"]);
    life.windlass().does("down --steps 1");
    assert_eq!(life.eye().await.own_tables().await, ["users"]);
    life.goes_up_again(&order[1..]);
    life.windlass().does("down --to 0.0.20240101120000");
    life.windlass().does("down --steps 1");
    crate::harness::eye::must_be_same(&life.eye().await.everything().await, &before);
}

impl Life {
    /// Up once more: these are applied, and nothing else.
    fn goes_up_again(&self, order: &[&str]) {
        let run = self.windlass().does("up --snapshot never");
        let applied: Vec<_> = super::list(&run, "/result/migrations").iter().map(|it| super::text(it, "/id")).collect();
        assert_eq!(applied, order);
    }
}

#[tokio::test]
async fn what_says_so_runs_without_a_transaction() {
    let index = (
        "20240103120000_index_users.sql",
        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY users_name ON users (name);\n\
         -- migrate:down transaction:false\nDROP INDEX CONCURRENTLY users_name;\n",
    );
    let life = Life::of(On::Postgres, &[USERS, index]).await;
    let before = life.eye().await.everything().await;

    let plan = life.goes_up(&["v0.0.20240101120000_create_users", "v0.0.20240103120000_index_users"]);

    assert_eq!(route(&plan, "v0.0.20240101120000_create_users"), "whole");
    assert_eq!(route(&plan, "v0.0.20240103120000_index_users"), "journaled");
    life.goes_down(&before).await;
}

/// Goal: a fault names the line of the file, though each way is a part of it.
#[tokio::test]
async fn a_statement_keeps_its_line() {
    let life =
        Life::of(On::Sqlite, &[("1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n\nDROP TABLE nowhere;\n")])
            .await;
    life.goes_up(&["v0.0.1_a"]);
    let said = life.windlass().says("down");
    assert!(super::text(&said.failure, "/detail").contains("1_a.sql:5: "), "{said:#?}");
}

/// Goal: no layout runs a file of both ways as if it were one.
/// Method: a folder whose first file has no mark, so that it is taken for sqlx's.
#[tokio::test]
async fn a_file_of_both_ways_is_never_run_as_a_whole() {
    let told = refused(&[("1_a.sql", "SELECT 1;"), ROLES, ("3_c.sql", "-- +goose Up\nSELECT 1;")]).await;
    insta::assert_snapshot!(told, @r#"
    20240102120000_add-roles.sql: a line begins with `-- migrate:`, as in dbmate's files, which hold both ways; set catalog.format to "dbmate"
    3_c.sql: a line begins with `-- +goose`, as in goose's files, which hold both ways; set catalog.format to "goose"
    "#);
}

#[tokio::test]
async fn faults_are_told() {
    let told = refused(&[
        ("1_a.sql", "CREATE TABLE a (id INT);\n-- migrate:up\n-- migrate:down\n"),
        ("2_b.sql", "-- migrate:down\n-- migrate:up\n"),
        ("3_c.sql", "-- migrate:up\nSELECT 1;\n"),
        ("4_d.sql", "-- migrate:up\n-- migrate:up\n-- migrate:down\n"),
        ("5_e.sql", "-- migrate:up transaction:fasle\n-- migrate:down\n"),
        ("6_f.sql", "-- nothing\n"),
        ("6-g.sql", "-- migrate:up\n-- migrate:down\n"),
        ("7_h.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n"),
        ("07_i.sql", "-- migrate:up\nSELECT 'open;\n-- migrate:down\n"),
        ("8_j.sql", "-- migrate:up\n-- migrate:down\nSELECT 1;\n-- migrate:down\n"),
    ])
    .await;
    insta::assert_snapshot!(told, @r"
    1_a.sql:1: a statement stands before `-- migrate:up`, and dbmate refuses the file for it; move it behind that line
    2_b.sql:2: `-- migrate:up` stands behind `-- migrate:down`; put the way forward first
    3_c.sql:1: it has no `-- migrate:down`; end it with that line, and the way back behind it
    4_d.sql:2: `-- migrate:up` stands here again, after line 1; keep one of the two
    5_e.sql:1: `transaction:fasle` says neither true nor false; write transaction:false, or nothing
    6-g.sql: the file's name does not name a migration; rename it to <number>_<name>.sql, such as 0001_add_users.sql
    6_f.sql:1: it has no `-- migrate:up`; put that line before the statements that go forward
    8_j.sql:4: `-- migrate:down` stands here again, after line 2; keep one of the two
    07_i.sql: it has the number 7, and so has 7_h.sql; give one of them another number
    07_i.sql:2: this string is never closed; close it, and double a quote that belongs to it
    ");
}
