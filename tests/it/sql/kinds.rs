//! What each statement does to transactions.

use windlass::{
    model::migration::StatementKind::{
        self, Begin, Commit, ImplicitCommit, OutsideTransaction, Rollback, Rows, Session, TransactionalDdl,
    },
    sql::{
        Dialect::{self, MySql, Postgres, Sqlite},
        split,
    },
};

#[track_caller]
fn each_is(dialect: Dialect, kind: StatementKind, texts: &[&str]) {
    for text in texts {
        let statements = split(dialect, text).unwrap();
        assert_eq!(statements[0].kind, kind, "{dialect:?}: {text}");
        assert_eq!(statements.len(), 1, "{text}");
    }
}

#[test]
fn statements_about_rows_are_known_everywhere() {
    for dialect in [Postgres, MySql, Sqlite] {
        each_is(
            dialect,
            Rows,
            &[
                "select 1",
                "INSERT INTO t VALUES (1)",
                "UPDATE t SET a = 1",
                "DELETE FROM t",
                "WITH x AS (SELECT 1) SELECT * FROM x",
                "(SELECT 1) UNION (SELECT 2)",
                "/* first */ VALUES (1)",
                "EXPLAIN SELECT 1",
            ],
        );
        each_is(dialect, Begin, &["BEGIN", "SAVEPOINT a"]);
        each_is(dialect, Commit, &["COMMIT", "RELEASE SAVEPOINT a"]);
        each_is(dialect, Rollback, &["ROLLBACK", "ROLLBACK TO SAVEPOINT a"]);
    }
}

#[test]
fn postgres_ddl_shares_transactions() {
    each_is(
        Postgres,
        TransactionalDdl,
        &[
            "CREATE TABLE t (concurrently int)",
            "CREATE INDEX i ON t (a)",
            "ALTER TYPE mood ADD VALUE 'x'",
            "ALTER TABLE ev DETACH PARTITION p",
            "ALTER DATABASE d SET work_mem = '8MB'",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY mv",
            "REINDEX TABLE t",
            "CLUSTER t USING i",
            "CLUSTER (VERBOSE) t",
            "TRUNCATE t",
            "DO $$ BEGIN END $$",
            "CALL p()",
            "GRANT SELECT ON t TO u",
            "COMMENT ON TABLE t IS 'VACUUM'",
            "FROBNICATE t",
        ],
    );
    each_is(
        Postgres,
        Rows,
        &["MERGE INTO t USING s ON a WHEN MATCHED THEN DELETE", "COPY t FROM '/x'", "TABLE t", "LOCK t"],
    );
    each_is(
        Postgres,
        Session,
        &["SELECT pg_catalog.set_config('search_path', '', false)", "select set_config('a', 'b', true)"],
    );
    each_is(Postgres, Rows, &["SELECT set_config('a', 'b', true), 1", "SELECT setval('s', 1, true)"]);
    each_is(Postgres, Session, &["SET LOCAL a = 1", "RESET ALL", "DISCARD PLANS", "SET TRANSACTION READ ONLY"]);
    each_is(Postgres, Begin, &["START TRANSACTION"]);
    each_is(Postgres, Commit, &["END", "PREPARE TRANSACTION 'x'"]);
    each_is(Postgres, Rollback, &["ABORT"]);
}

#[test]
fn postgres_names_what_refuses_transactions() {
    each_is(
        Postgres,
        OutsideTransaction,
        &[
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "create unique index /* x */ concurrently if not exists i on t (a)",
            "DROP INDEX CONCURRENTLY i",
            "REINDEX (VERBOSE) TABLE CONCURRENTLY t",
            "REINDEX (CONCURRENTLY) INDEX i",
            "REINDEX DATABASE d",
            "REINDEX (VERBOSE) SYSTEM d",
            "REINDEX SCHEMA s",
            "VACUUM",
            "CREATE DATABASE d",
            "DROP TABLESPACE s",
            "ALTER SYSTEM SET a = 1",
            "ALTER DATABASE \"d\" SET TABLESPACE s",
            "ALTER TABLE s.ev DETACH PARTITION p CONCURRENTLY",
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
            "DROP SUBSCRIPTION s",
            "CLUSTER",
            "CLUSTER (VERBOSE)",
            "DISCARD ALL",
            "COMMIT PREPARED 'x'",
        ],
    );
}

#[test]
fn mariadb_names_what_commits() {
    each_is(
        MySql,
        ImplicitCommit,
        &[
            "CREATE TABLE t (a INT)",
            "CREATE OR REPLACE TABLE t (a INT)",
            "ALTER TABLE t ADD b INT",
            "DROP TABLE t",
            "RENAME TABLE t TO u",
            "TRUNCATE t",
            "GRANT SELECT ON *.* TO u",
            "REVOKE ALL ON *.* FROM u",
            "ANALYZE TABLE t",
            "OPTIMIZE TABLE t",
            "LOCK TABLES t WRITE",
            "UNLOCK TABLES",
            "SET PASSWORD = 'x'",
            "SET @@autocommit = 1",
            "LOAD INDEX INTO CACHE t",
            "CALL p()",
            "START SLAVE",
            "/*!50003 CREATE*/ /*!50020 DEFINER=a*/ /*!50003 TRIGGER t BEFORE INSERT ON u FOR EACH ROW SET NEW.a = 1 */",
            "BEGIN NOT ATOMIC SELECT 1; END",
            "FROBNICATE t",
        ],
    );
    each_is(
        MySql,
        Rows,
        &["REPLACE INTO t VALUES (1)", "LOAD DATA INFILE 'x' INTO TABLE t", "SELECT /*+ X() */ 1", "DO SLEEP(0)"],
    );
    each_is(
        MySql,
        Session,
        &[
            "SET @a = 1",
            "USE d",
            "/*!40101 SET NAMES utf8 */",
            "CREATE TEMPORARY TABLE t (a INT)",
            "DROP TEMPORARY TABLE t",
        ],
    );
    each_is(MySql, Begin, &["START TRANSACTION READ ONLY", "BEGIN WORK", "XA START 'x'"]);
}

#[test]
fn sqlite_ddl_shares_transactions() {
    each_is(
        Sqlite,
        TransactionalDdl,
        &[
            "CREATE TABLE t (a)",
            "CREATE TEMP TABLE t (a)",
            "DROP VIEW v",
            "ALTER TABLE t ADD b",
            "REINDEX",
            "ANALYZE t",
        ],
    );
    each_is(
        Sqlite,
        Session,
        &[
            "PRAGMA foreign_keys = OFF",
            "PRAGMA main.user_version = 3",
            "PRAGMA journal_mode",
            "PRAGMA foreign_key_check",
        ],
    );
    each_is(
        Sqlite,
        OutsideTransaction,
        &[
            "VACUUM",
            "VACUUM INTO 'x'",
            "ATTACH 'x' AS y",
            "DETACH y",
            "PRAGMA journal_mode = WAL",
            "PRAGMA main.synchronous(1)",
        ],
    );
    each_is(Sqlite, Begin, &["BEGIN IMMEDIATE"]);
    each_is(Sqlite, Commit, &["END TRANSACTION"]);
}
