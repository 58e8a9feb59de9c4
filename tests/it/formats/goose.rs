//! goose: both ways in one file, by annotations.

use super::{File, Life, On, refused, route};
use crate::harness::on_every_engine;

const USERS: File<'_> = (
    "00001_create_users.sql",
    "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL);\n\
     CREATE TABLE log (id INT)\n-- +goose StatementEnd\nINSERT INTO users VALUES (1, 'x');\n\n\
     -- +goose Down\nDROP TABLE log;\nDROP TABLE users;\n",
);

/// A trigger, as each engine has it.
fn trigger(on: On) -> &'static str {
    match on {
        On::Postgres => {
            "-- +goose up\n-- +goose statementbegin\nCREATE FUNCTION note() RETURNS trigger AS '\nBEGIN\n  \
             INSERT INTO log VALUES (NEW.id);\n  RETURN NEW;\nEND;\n' LANGUAGE plpgsql;\n-- +goose statementend\n\
             CREATE TRIGGER noted AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION note();\n\
             -- +goose down\nDROP TRIGGER noted ON users;\nDROP FUNCTION note();\n"
        }
        On::MariaDb => {
            "-- +goose up\n-- +goose statementbegin\nCREATE TRIGGER noted AFTER INSERT ON users FOR EACH ROW\nBEGIN\n  \
             INSERT INTO log VALUES (NEW.id);\nEND;\n-- +goose statementend\n-- +goose down\nDROP TRIGGER noted;\n"
        }
        On::Sqlite => {
            "-- +goose up\n-- +goose statementbegin\nCREATE TRIGGER noted AFTER INSERT ON users\nBEGIN\n  \
             INSERT INTO log VALUES (NEW.id);\nEND;\n-- +goose statementend\n-- +goose down\nDROP TRIGGER noted;\n"
        }
    }
}

on_every_engine!(a_history_goes_up_and_down);

async fn a_history_goes_up_and_down(on: On) {
    let life = Life::of(on, &[USERS, ("00002_note.sql", trigger(on))]).await;
    let before = life.eye().await.everything().await;

    life.goes_up(&["v0.0.1_create_users", "v0.0.2_note"]);
    life.eye().await.run("INSERT INTO users VALUES (7, 'y')").await;
    assert_eq!(life.eye().await.number("SELECT SUM(id) FROM log").await, 7);
    life.goes_down(&before).await;
}

#[tokio::test]
async fn what_says_so_runs_without_a_transaction_both_ways() {
    let index = (
        "00002_index_users.sql",
        "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY users_name ON users (name);\n\
         -- +goose Down\nDROP INDEX CONCURRENTLY users_name;\n",
    );
    let life = Life::of(On::Postgres, &[USERS, index]).await;
    let before = life.eye().await.everything().await;

    let plan = life.goes_up(&["v0.0.1_create_users", "v0.0.2_index_users"]);

    assert_eq!(route(&plan, "v0.0.2_index_users"), "journaled");
    life.goes_down(&before).await;
}

/// Goal: what windlass cannot cut is what goose says it is: one statement.
/// Method: a body that the splitter takes for one that is never closed, which the server knows better.
#[tokio::test]
async fn a_block_that_cannot_be_cut_is_one_statement() {
    let odd = "-- +goose Up\n-- +goose StatementBegin\nCREATE VIEW v AS SELECT 'a -- +goose\n(' AS \"b(\" /* ( */;\n-- +goose StatementEnd\n";
    let life = Life::of(On::Sqlite, &[("1_a.sql", odd)]).await;
    life.goes_up(&["v0.0.1_a"]);
    life.has_no_way_back();
}

#[tokio::test]
async fn faults_are_told() {
    let told = refused(&[
        ("1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n"),
        ("2_b.sql", "SELECT 1;\n-- +goose Up\n"),
        ("3_c.sql", "-- +goose Down\nSELECT 1;\n"),
        ("4_d.sql", "-- +goose Up\nSELECT 1;\n-- +goose Up\n"),
        ("5_e.sql", "-- +goose Up\n-- +goose StatementEnd\n"),
        ("6_f.sql", "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '${REGION}';\n"),
        ("7_g.sql", "-- nothing\n"),
        ("8_h.sql", "-- +goose Up\n-- +goose Dwon\n"),
        ("9_i.go", "package migrations\n"),
        ("9_i_test.go", "package migrations\n"),
        ("0_j.sql", "-- +goose Up\nSELECT 1;\n"),
        ("10_k.sql", "-- +goose Up\n-- +goose StatementBegin\n-- +goose Down\n-- +goose StatementEnd\n"),
        ("11_l.sql", "-- +goose Up\nSELECT 1;\n"),
        ("011_m.sql", "-- +goose Up\nSELECT 1;\n"),
    ])
    .await;
    insta::assert_snapshot!(told, @r"
    9_i.go: it is a migration in Go, which windlass cannot run; write it in SQL, under the same number
    10_k.sql:3: `-- +goose down` stands inside a block; put `-- +goose StatementEnd` before it
    1_a.sql:2: this block has no `-- +goose StatementEnd`; put that line behind the statement
    2_b.sql:1: a statement stands before `-- +goose Up`; move it behind that line
    3_c.sql:1: `-- +goose Down` stands before `-- +goose Up`; put the way forward first
    4_d.sql:3: `-- +goose Up` stands here again; keep one of them
    5_e.sql:2: `-- +goose StatementEnd` ends a block that none begins; put `-- +goose StatementBegin` before the statement
    6_f.sql:1: ENVSUB puts variables of the environment into the SQL, which windlass does not do; write what they stand for
    7_g.sql:1: it has no `-- +goose Up`; put that line before the statements that go forward
    8_h.sql:2: `-- +goose dwon` is no annotation; write one of: Up, Down, StatementBegin, StatementEnd, NO TRANSACTION
    0_j.sql: goose's numbers begin with 1, and 0 stands for an empty database; give it a higher number
    011_m.sql: it has the number 11, and so has 11_l.sql; give one of them another number
    ");
}
