//! What a statement does to what is stored.

use windlass::sql::{
    Dialect::{self, MySql, Postgres, Sqlite},
    Effect, effect, only_table_written, sets, shows_in_schema,
};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[track_caller]
fn does(dialect: Dialect, text: &str, drops: &[&str], renames: &[&str]) {
    let wanted = Effect { drops: names(drops), renames: names(renames) };
    assert_eq!(effect(dialect, text), Some(wanted), "{text}");
}

#[test]
fn what_only_adds_or_defines_keeps_everything() {
    for text in [
        "CREATE TABLE t (a int)",
        "CREATE VIEW v AS SELECT 1",
        "ALTER TABLE t ADD a int, ADD INDEX (a)",
        "ALTER TABLE IF EXISTS t ADD CHECK (a IN (1, 2)), DROP CONSTRAINT c, DROP PRIMARY KEY",
        "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1, ALTER b DROP DEFAULT",
        "ALTER TABLE t RENAME INDEX a TO b",
        "DROP INDEX i",
        "DROP VIEW a, b",
        "COMMENT ON TABLE t IS 'drop column'",
    ] {
        for dialect in [MySql, Postgres, Sqlite] {
            does(dialect, text, &[], &[]);
        }
    }
    does(Postgres, "ALTER TABLE ONLY app.t ALTER COLUMN a DROP NOT NULL, SET (fillfactor = 70)", &[], &[]);
    does(Postgres, "CREATE INDEX CONCURRENTLY i ON t (a)", &[], &[]);
}

#[test]
fn what_goes_or_is_called_otherwise_is_named() {
    does(MySql, "DROP TABLE IF EXISTS a, db.`b c`", &["a", "b c"], &[]);
    does(Postgres, "DROP TABLE A, \"B\" RESTRICT", &["a", "B"], &[]);
    does(MySql, "ALTER TABLE t DROP a, DROP COLUMN IF EXISTS `b`, ADD c INT", &["a", "b"], &[]);
    does(Sqlite, "ALTER TABLE t RENAME TO u", &[], &["t", "u"]);
    does(MySql, "ALTER TABLE db.t RENAME u", &[], &["t", "u"]);
    does(Postgres, "ALTER TABLE t RENAME a TO b", &[], &["a", "b"]);
    does(MySql, "ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN c TO a", &[], &["a", "b", "c", "a"]);
    does(MySql, "RENAME TABLE a TO x.b, c TO d", &[], &["a", "b", "c", "d"]);
}

#[test]
fn what_may_change_rows_is_not_told() {
    for text in [
        "ALTER TABLE t MODIFY a TINYINT",
        "ALTER TABLE t CHANGE a b INT",
        "ALTER TABLE t ADD b INT, MODIFY a TINYINT",
        "ALTER IGNORE TABLE t ADD UNIQUE (a)",
        "ALTER TABLE t DROP PARTITION p",
        "ALTER TABLE t TRUNCATE PARTITION p",
        "ALTER TABLE t ENGINE = MEMORY",
        "ALTER TABLE t CONVERT TO CHARACTER SET latin1",
        "ALTER TABLE t ALTER COLUMN a TYPE smallint",
        "ALTER TABLE t ALTER COLUMN a SET DATA TYPE smallint",
        "ALTER TABLE t DROP a CASCADE",
        "DROP TABLE t CASCADE",
        "DROP SEQUENCE s",
        "DROP DATABASE d",
        "CREATE OR REPLACE TABLE t (a INT)",
        "/*!80000 DROP TABLE t */",
        "TRUNCATE t",
        "INSERT INTO t VALUES (1)",
        "CALL p()",
        "GRANT ALL ON t TO u",
        "",
    ] {
        for dialect in [MySql, Postgres, Sqlite] {
            assert_eq!(effect(dialect, text), None, "{dialect:?}: {text}");
        }
    }
}

#[test]
fn a_change_of_one_tables_rows_is_known() {
    for (text, table) in [
        ("INSERT INTO t VALUES (1)", Some("t")),
        ("insert ignore into `t` (a) select b.a from u b", Some("t")),
        ("REPLACE INTO t VALUES (replace('a', 'b', 'c'))", Some("t")),
        ("UPDATE t SET a = (SELECT max(a) FROM u)", Some("t")),
        ("DELETE FROM t", Some("t")),
        ("DELETE FROM t WHERE a = 1", Some("t")),
        ("INSERT INTO other.t VALUES (1)", None),
        ("UPDATE t, u SET u.a = 1", None),
        ("UPDATE t JOIN u ON t.a = u.a SET u.a = 1", None),
        ("UPDATE t AS x SET a = 1", None),
        ("DELETE FROM t, u USING t JOIN u", None),
        ("DELETE t FROM t JOIN u", None),
        ("INSERT INTO t WITH x AS (DELETE FROM u RETURNING a) SELECT a FROM x", None),
        ("WITH x AS (DELETE FROM u RETURNING a) INSERT INTO t SELECT a FROM x", None),
        ("INSERT INTO t VALUES (other.f())", None),
        ("INSERT INTO t VALUES (1) /*!99999 , (2) */", None),
        ("SELECT f()", None),
        ("CALL p()", None),
    ] {
        assert_eq!(only_table_written(MySql, text).as_deref(), table, "{text}");
    }
}

#[test]
fn what_sets_something_for_its_session_is_known() {
    for text in ["SET a = 1", "reset all", "SELECT pg_catalog.set_config('search_path', '', false)"] {
        assert!(sets(text), "{text}");
    }
    for text in ["SET TRANSACTION READ ONLY", "set constraints all deferred", "PREPARE a AS SELECT 1", "LISTEN a"] {
        assert!(!sets(text), "{text}");
    }
}

/// Goal: where the schema tells by itself whether a statement took effect, and where it does not.
#[test]
fn what_is_made_anew_shows() {
    for dialect in [MySql, Postgres, Sqlite] {
        for text in [
            "CREATE TABLE t (a int)",
            "create table if not exists t (a int)",
            "/* new */ CREATE UNIQUE INDEX i ON t (a)",
            "CREATE INDEX i ON t (a)",
        ] {
            assert!(shows_in_schema(dialect, text), "{text}");
        }
        for text in [
            "CREATE OR REPLACE TABLE t (a int)",
            "CREATE TEMPORARY TABLE t (a int)",
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "DROP TABLE t",
            "ALTER TABLE t ADD a int",
            "TRUNCATE TABLE t",
            "CREATE VIEW v AS SELECT 1",
        ] {
            assert!(!shows_in_schema(dialect, text), "{text}");
        }
    }
    assert!(!shows_in_schema(MySql, "CREATE /*! OR REPLACE */ TABLE t (a int)"));
}
