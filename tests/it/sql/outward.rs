//! Statements that reach out of the database they are run in, and statements that ask.

use windlass::sql::{
    Dialect::{self, MySql, Postgres, Sqlite},
    is_query, is_reserved, leads_out,
};

#[test]
fn what_reaches_another_database_or_the_server_on_mariadb_and_mysql_is_known() {
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
        (MySql, "TRUNCATE elsewhere.decks"),
        (MySql, "TRUNCATE TABLE decks, elsewhere.decks"),
        (MySql, "INSERT elsewhere.decks VALUES (1)"),
        (MySql, "REPLACE LOW_PRIORITY elsewhere.decks VALUES (1)"),
        (MySql, "UPDATE IGNORE elsewhere.decks SET name = 'a'"),
        (MySql, "UPDATE decks JOIN elsewhere.holds AS h ON h.deck = decks.id SET h.name = 'a'"),
        (MySql, "UPDATE decks, elsewhere.holds SET name = 'a'"),
        (MySql, "DELETE h FROM decks JOIN elsewhere.holds AS h ON h.deck = decks.id"),
        (MySql, "DELETE FROM h USING decks AS d JOIN elsewhere.holds AS h"),
        (MySql, "DELETE elsewhere.holds FROM elsewhere.holds"),
        (MySql, "DELETE QUICK elsewhere.holds, d FROM decks AS d"),
        (MySql, "WITH a AS (SELECT 1), b AS (SELECT 2) DELETE FROM elsewhere.holds"),
        (MySql, "WITH a (x) AS (SELECT 1) UPDATE elsewhere.holds SET name = 'a'"),
        (MySql, "CALL elsewhere.p()"),
        (MySql, "CREATE OR REPLACE DATABASE app"),
        (MySql, "CREATE OR REPLACE USER ada"),
        (MySql, "CREATE OR REPLACE TABLE elsewhere.decks (id INT)"),
        (MySql, "CREATE OR REPLACE VIEW elsewhere.v AS SELECT 1"),
        (MySql, "SET PASSWORD FOR ada = 'a'"),
        (MySql, "SET DEFAULT ROLE captain TO ada"),
        (MySql, "STOP REPLICA"),
        (MySql, "START SLAVE"),
        (MySql, "RESTART"),
        (MySql, "ALTER TABLE decks EXCHANGE PARTITION p WITH TABLE elsewhere.decks"),
        (MySql, "ALTER TABLE decks CONVERT PARTITION p TO TABLE elsewhere.decks"),
        (MySql, "CREATE INDEX i ON elsewhere.decks (name)"),
        (MySql, "DROP INDEX i ON elsewhere.decks"),
        (MySql, "DROP TABLE decks, elsewhere.decks"),
        (MySql, "RENAME TABLE decks TO elsewhere.decks"),
        (MySql, "ALTER TABLE decks ADD COLUMN a INT, RENAME TO elsewhere.decks"),
        (MySql, "CREATE TRIGGER t BEFORE INSERT ON elsewhere.decks FOR EACH ROW SET NEW.a = 1"),
        (MySql, "LOAD DATA INFILE 'x' INTO TABLE elsewhere.decks"),
        (MySql, "SET GLOBAL max_connections = 5"),
        (MySql, "SET a = 1, @@global.max_connections = 5"),
        (MySql, "GRANT ALL ON *.* TO ada"),
        (MySql, "RENAME USER ada TO eve"),
    ];
    for (dialect, statement) in outward {
        assert!(leads_out(dialect, statement), "{dialect:?}: {statement}");
    }
}

#[test]
fn what_reaches_another_database_or_the_server_elsewhere_is_known() {
    let outward = [
        (Postgres, "ALTER SYSTEM SET work_mem = '1MB'"),
        (Postgres, "COPY decks TO PROGRAM 'cat'"),
        (Postgres, "COPY decks FROM '/etc/passwd'"),
        (Postgres, "COPY decks (stdout) TO PROGRAM 'cat'"),
        (Postgres, "CREATE GROUP captain"),
        (Postgres, "DROP GROUP captain"),
        (Postgres, "GRANT captain TO ada"),
        (Postgres, "REVOKE captain FROM ada"),
        (Postgres, "GRANT ALL ON DATABASE here TO ada"),
        (Postgres, "REASSIGN OWNED BY ada TO eve"),
        (Postgres, "DROP OWNED BY ada"),
        (Postgres, "COMMENT ON DATABASE here IS 'a'"),
        (Postgres, "CREATE SUBSCRIPTION s CONNECTION 'host=far' PUBLICATION p"),
        (Postgres, "CREATE ROLE captain"),
        (Postgres, "DROP DATABASE elsewhere"),
        (Postgres, "-- a word\nALTER DATABASE here SET work_mem = '1MB'"),
        (Sqlite, "ATTACH DATABASE 'x' AS y"),
        (Sqlite, "detach y"),
        (Sqlite, "VACUUM INTO '/elsewhere/app.db'"),
        (Sqlite, "VACUUM main INTO 'x'"),
    ];
    for (dialect, statement) in outward {
        assert!(leads_out(dialect, statement), "{dialect:?}: {statement}");
    }
}

#[test]
fn a_statement_that_stays_is_known() {
    let inward = [
        (MySql, "CREATE TABLE decks (use_count INT, `database` INT)"),
        (MySql, "INSERT INTO decks (name) VALUES ('use elsewhere')"),
        (MySql, "UPDATE decks SET decks.name = 'a'"),
        (MySql, "CREATE VIEW v AS SELECT EXTRACT(YEAR FROM d.made) FROM decks d"),
        (MySql, "INSERT INTO decks VALUES (1) ON DUPLICATE KEY UPDATE decks.name = 'b'"),
        (MySql, "CREATE TRIGGER t BEFORE INSERT ON decks FOR EACH ROW SELECT 1 INTO NEW.name"),
        (MySql, "UPDATE decks d JOIN holds h ON h.deck = d.id SET d.name = h.name WHERE d.id = 1"),
        (MySql, "DELETE FROM decks WHERE decks.id = 1"),
        (MySql, "DELETE d FROM decks d JOIN holds h ON h.deck = d.id"),
        (MySql, "ALTER TABLE decks RENAME COLUMN a TO b, RENAME INDEX i TO j, ADD INDEX k (a)"),
        (MySql, "CREATE OR REPLACE TABLE decks (id INT)"),
        (MySql, "DELETE FROM d USING decks AS d JOIN holds AS h ON h.deck = d.id WHERE d.id = 1"),
        (MySql, "WITH a AS (SELECT id FROM elsewhere.decks) SELECT * FROM a"),
        (MySql, "CALL p()"),
        (MySql, "START TRANSACTION"),
        (MySql, "ALTER TABLE decks EXCHANGE PARTITION p WITH TABLE holds"),
        (MySql, "CREATE INDEX i ON decks (name)"),
        (MySql, "SET SESSION sql_mode = '', @global = 1, foreign_key_checks = 0"),
        (MySql, "INSERT INTO decks SELECT d.id FROM elsewhere.decks d"),
        (Postgres, "COPY decks TO STDOUT"),
        (Postgres, "COPY decks (id) FROM stdin WITH (FORMAT csv)"),
        (Postgres, "COPY (SELECT 1) TO stdout"),
        (Postgres, "COMMENT ON TABLE decks IS 'a'"),
        (Postgres, "REVOKE ALL ON SCHEMA public FROM PUBLIC"),
        (Postgres, "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        (Postgres, "SET search_path = elsewhere"),
        (Postgres, "GRANT SELECT ON decks TO captain"),
        (Postgres, "CREATE SCHEMA elsewhere"),
        (Postgres, "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw"),
        (Postgres, "CREATE USER MAPPING FOR ada SERVER far"),
        (Postgres, "CREATE TABLE elsewhere.decks (id INT)"),
        (Postgres, "ALTER TABLE decks OWNER TO captain"),
        (Sqlite, "VACUUM"),
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
    assert!(is_reserved(Sqlite, "sqlite_sequence") && is_reserved(Sqlite, "SQLITE_stat1"));
    assert!(!is_reserved(Sqlite, "decks") && !is_reserved(Postgres, "sqlite_sequence"));
}
