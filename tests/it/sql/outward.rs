//! Statements that reach out of the database they are run in, and statements that ask.

use windlass::sql::{Dialect, is_query, is_reserved, leads_out};

#[test]
fn a_statement_that_reaches_another_database_or_the_server_is_known() {
    use Dialect::{MySql, Postgres, Sqlite};
    let outward = [
        (MySql, "USE elsewhere"),
        (MySql, "/*!50000 CREATE DATABASE elsewhere */"),
        (MySql, "CREATE SCHEMA IF NOT EXISTS elsewhere"),
        (MySql, "create user ada@localhost"),
        (MySql, "CREATE TABLE IF NOT EXISTS elsewhere.decks (id INT)"),
        (MySql, "INSERT INTO `elsewhere`.`decks` VALUES (1)"),
        (MySql, "DROP TABLE IF EXISTS elsewhere . decks"),
        (MySql, "DELETE FROM elsewhere.decks"),
        (MySql, "UPDATE elsewhere.decks SET name = 'a'"),
        (MySql, "CREATE DEFINER=`ada`@`%` PROCEDURE elsewhere.p() SELECT 1"),
        (Postgres, "CREATE ROLE captain"),
        (Postgres, "DROP DATABASE elsewhere"),
        (Postgres, "-- a word\nALTER DATABASE here SET work_mem = '1MB'"),
        (Sqlite, "ATTACH DATABASE 'x' AS y"),
        (Sqlite, "detach y"),
    ];
    for (dialect, statement) in outward {
        assert!(leads_out(dialect, statement), "{dialect:?}: {statement}");
    }
    let inward = [
        (MySql, "CREATE TABLE decks (use_count INT, `database` INT)"),
        (MySql, "INSERT INTO decks (name) VALUES ('use elsewhere')"),
        (MySql, "UPDATE decks SET decks.name = 'a'"),
        (MySql, "CREATE VIEW v AS SELECT EXTRACT(YEAR FROM d.made) FROM decks d"),
        (MySql, "INSERT INTO decks VALUES (1) ON DUPLICATE KEY UPDATE decks.name = 'b'"),
        (MySql, "CREATE TRIGGER t BEFORE INSERT ON decks FOR EACH ROW SELECT 1 INTO NEW.name"),
        (Postgres, "CREATE SCHEMA elsewhere"),
        (Postgres, "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw"),
        (Postgres, "CREATE USER MAPPING FOR ada SERVER far"),
        (Postgres, "CREATE TABLE elsewhere.decks (id INT)"),
        (Postgres, "ALTER TABLE decks OWNER TO captain"),
        (Sqlite, "CREATE TABLE main.decks (id INTEGER)"),
        (Sqlite, "CREATE TABLE \"attach\" (id INTEGER)"),
    ];
    for (dialect, statement) in inward {
        assert!(!leads_out(dialect, statement), "{dialect:?}: {statement}");
    }
}

#[test]
fn a_statement_that_asks_is_known() {
    for dialect in Dialect::ALL {
        for asks in ["SELECT 1", "-- so\n(SELECT 1)", "VALUES (1)", "WITH a AS (SELECT 1) SELECT * FROM a"] {
            assert!(is_query(dialect, asks), "{dialect:?}: {asks}");
        }
        let others = ["INSERT INTO a SELECT 1", "WITH a AS (SELECT 1) DELETE FROM b", "DELETE FROM a", "SET a = 1", ""];
        for other in others {
            assert!(!is_query(dialect, other), "{dialect:?}: {other}");
        }
    }
}

#[test]
fn only_sqlite_has_tables_of_its_own_name() {
    assert!(is_reserved(Dialect::Sqlite, "sqlite_sequence") && is_reserved(Dialect::Sqlite, "SQLITE_stat1"));
    assert!(!is_reserved(Dialect::Sqlite, "decks") && !is_reserved(Dialect::Postgres, "sqlite_sequence"));
}
