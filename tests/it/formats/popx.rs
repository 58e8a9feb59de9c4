//! popx: a file for each way and, where they differ, for each dialect.

use super::{File, Life, On, refused, route};
use crate::harness::on_every_engine;

const HISTORY: [File<'_>; 12] = [
    ("20191100000001000000_identities.up.sql", "CREATE TABLE identities (id INT PRIMARY KEY);"),
    ("20191100000001000000_identities.down.sql", "DROP TABLE identities;"),
    ("20191100000001000001_identities.postgres.up.sql", "INSERT INTO identities VALUES (1);"),
    ("20191100000001000001_identities.mysql.up.sql", "INSERT INTO identities VALUES (2);"),
    ("20191100000001000001_identities.sqlite3.up.sql", "INSERT INTO identities VALUES (3);"),
    ("20191100000001000001_identities.cockroach.up.sql", "never read"),
    ("20191100000001000001_identities.down.sql", "DELETE FROM identities;"),
    ("20200101000000_name.up.sql", "ALTER TABLE identities ADD name VARCHAR(9);"),
    ("20200101000000_name.mysql.up.sql", "ALTER TABLE identities ADD COLUMN name VARCHAR(9);"),
    ("20200101000000_name.down.sql", "ALTER TABLE identities DROP COLUMN name;"),
    ("20210101000000_crdb.cockroach.up.sql", "never read"),
    ("20210101000000_crdb.cockroach.down.sql", "never read"),
];

on_every_engine!(a_history_goes_up_and_down);

async fn a_history_goes_up_and_down(on: On) {
    let life = Life::of(on, &HISTORY).await;
    let before = life.eye().await.everything().await;

    life.goes_up(&["v0.0.20191100000001_identities", "v0.0.20191100000001_01_identities", "v0.0.20200101000000_name"]);

    let own = match on {
        On::Postgres => 1,
        On::MariaDb => 2,
        On::Sqlite => 3,
    };
    assert_eq!(life.eye().await.number("SELECT id FROM identities").await, own);
    life.goes_down(&before).await;
}

#[tokio::test]
async fn autocommit_runs_without_a_transaction() {
    let index = (
        "20200102000000_index.postgres.autocommit.up.sql",
        "CREATE INDEX CONCURRENTLY identities_id ON identities (id);",
    );
    let life = Life::of(On::Postgres, &[HISTORY[0], index]).await;

    let plan = life.goes_up(&["v0.0.20191100000001_identities", "v0.0.20200102000000_index"]);

    assert_eq!(route(&plan, "v0.0.20200102000000_index"), "journaled");
}

#[tokio::test]
async fn faults_are_told() {
    let told = refused(&[
        ("1_a.sqlite3.up.sql", "SELECT 1;"),
        ("1_b.sqlite.up.sql", "SELECT 1;"),
        ("2_c.oracle.up.sql", "SELECT 1;"),
        ("3_d.up.fizz", "create_table(\"d\") {}"),
        ("4_e.down.sql", "SELECT 1;"),
        ("5_f.sql", "SELECT 1;"),
        ("201911000000010000000000_g.up.sql", "SELECT 1;"),
    ])
    .await;
    insta::assert_snapshot!(told, @r"
    1_b.sqlite.up.sql: it has the number 1, and so has 1_a.sqlite3.up.sql; give one of them another number
    2_c.oracle.up.sql: no dialect is called oracle; name postgres, mysql, sqlite3 or cockroach
    3_d.up.fizz: it is written in fizz, which windlass cannot read; write it in SQL, in a file for each dialect
    5_f.sql: the file's name does not name a migration; rename it to <number>_<name>.up.sql, or .down.sql
    4_e.down.sql: it goes back from number 4, and no file goes there; add the .up.sql file, or remove this one
    201911000000010000000000_g.up.sql: the number 201911000000010000000000 has more than nine digits behind its first 14; give it a shorter number
    ");
}
