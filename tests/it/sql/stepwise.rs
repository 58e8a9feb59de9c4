//! What is not one step on the server is run as several that are.

use windlass::sql::{
    Dialect::{self, MySql, Postgres, Sqlite},
    Doubt, doubt, split, stepwise,
};

fn steps(dialect: Dialect, script: &str) -> Vec<String> {
    let statements = stepwise(dialect, "up.sql", split(dialect, script).expect("a script"));
    let shown = statements.into_iter().map(|statement| without_marks(&statement.sql));
    shown.collect()
}

/// Throw-away names without what makes them their own.
fn without_marks(sql: &str) -> String {
    let mut pieces = sql.split("_wl_");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |told, piece| {
        let (kind, rest) = piece.split_once('_').expect("a mark");
        let (mark, rest) = rest.split_once('_').expect("a number");
        assert_eq!(mark.len(), 12, "{sql}");
        format!("{told}{kind}_{rest}")
    })
}

#[test]
fn a_table_is_dropped_under_a_name_that_nobody_needs() {
    assert_eq!(
        steps(MySql, "DROP TABLE a, `b c`, d.e RESTRICT"),
        [
            "RENAME TABLE a TO `trash_1`",
            "DROP TABLE `trash_1` RESTRICT",
            "RENAME TABLE `b c` TO `trash_2`",
            "DROP TABLE `trash_2` RESTRICT",
            "RENAME TABLE d.e TO d.`trash_3`",
            "DROP TABLE d.`trash_3` RESTRICT",
        ]
    );
    assert_eq!(
        steps(MySql, "drop /* really */ table if exists a"),
        [
            "/*M! RENAME TABLE IF EXISTS a TO `trash_1` */ /*!80000 DROP TABLE IF EXISTS a */",
            "DROP TABLE IF EXISTS `trash_1`"
        ]
    );
}

#[test]
fn what_points_to_a_table_stays_where_keys_are_not_checked() {
    assert_eq!(
        steps(MySql, "SET foreign_key_checks = 0; DROP TABLE a, b; SET foreign_key_checks = 1"),
        ["SET foreign_key_checks = 0", "DROP TABLE a", "DROP TABLE b", "SET foreign_key_checks = 1"]
    );
    let temporary = "CREATE TEMPORARY TABLE a (id INT); DROP TABLE a";
    assert_eq!(steps(MySql, temporary), ["CREATE TEMPORARY TABLE a (id INT)", "DROP TABLE a"]);
}

#[test]
fn views_and_sequences_go_one_by_one() {
    assert_eq!(
        steps(MySql, "DROP VIEW IF EXISTS a, b CASCADE"),
        ["DROP VIEW IF EXISTS a CASCADE", "DROP VIEW IF EXISTS b CASCADE"]
    );
    assert_eq!(steps(MySql, "DROP SEQUENCE a, b"), ["DROP SEQUENCE a", "DROP SEQUENCE b"]);
    assert_eq!(
        steps(MySql, "CREATE OR REPLACE SEQUENCE s INCREMENT BY 5"),
        ["DROP SEQUENCE IF EXISTS s", "CREATE SEQUENCE s INCREMENT BY 5"]
    );
}

#[test]
fn what_replaces_a_table_is_made_before_it_takes_its_place() {
    assert_eq!(
        steps(MySql, "CREATE OR REPLACE TABLE t AS SELECT * FROM u"),
        [
            "CREATE TABLE `new_1` AS SELECT * FROM u",
            "RENAME TABLE IF EXISTS t TO `trash_2`, `new_1` TO t",
            "DROP TABLE IF EXISTS `trash_2`",
        ]
    );
    let with_a_key = "CREATE OR REPLACE TABLE t (id INT, u INT REFERENCES u (id))";
    assert_eq!(steps(MySql, with_a_key)[2], "CREATE TABLE t (id INT, u INT REFERENCES u (id))");
}

#[test]
fn what_is_one_step_stays_as_it_is() {
    for one in [
        "DROP VIEW a",
        "DROP INDEX i ON t",
        "RENAME TABLE a TO b, c TO d",
        "TRUNCATE t",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "CREATE TABLE t (a INT)",
        "DROP TABLE a b",
        "/*!50000 DROP TABLE a, b */",
    ] {
        assert_eq!(steps(MySql, one), [one]);
    }
    for dialect in [Postgres, Sqlite] {
        assert_eq!(steps(dialect, "DROP TABLE a, b"), ["DROP TABLE a, b"]);
    }
}

/// Goal: two scripts, and two statements of one, never use the same name.
#[test]
fn throw_away_names_are_each_ones_own() {
    let of = |salt: &str| stepwise(MySql, salt, split(MySql, "DROP TABLE a; DROP TABLE a").expect("a script"));
    let (one, two) = (of("one/up.sql"), of("two/up.sql"));
    let mut names: Vec<&str> =
        one.iter().chain(&two).map(|statement| statement.sql.rsplit('`').nth(1).unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 4);
    assert_eq!(of("one/up.sql"), one, "the script alone decides");
}

#[test]
fn what_there_is_to_go_by_is_known_for_each_statement() {
    for (statement, expected) in [
        ("ALTER TABLE t ADD a INT", Doubt::Evident),
        ("TRUNCATE TABLE t", Doubt::Evident),
        ("OPTIMIZE TABLE t", Doubt::Evident),
        ("OPTIMIZE TABLE t, u", Doubt::Repeatable),
        ("ANALYZE TABLE t", Doubt::Repeatable),
        ("FLUSH TABLES", Doubt::Repeatable),
        ("GRANT SELECT ON t TO app", Doubt::Repeatable),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", Doubt::Repeatable),
        ("CREATE USER IF NOT EXISTS app", Doubt::Repeatable),
        ("CREATE USER app", Doubt::RefusedTwice),
        ("REVOKE SELECT ON t FROM app", Doubt::RefusedTwice),
        ("DROP DATABASE other", Doubt::RefusedTwice),
        ("CALL p()", Doubt::Opaque),
        ("EXECUTE s", Doubt::Opaque),
        ("BEGIN NOT ATOMIC DELETE FROM t; DROP TABLE t; END", Doubt::Opaque),
    ] {
        assert_eq!(doubt(MySql, statement), expected, "{statement}");
    }
    for (statement, expected) in [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", Doubt::Evident),
        ("VACUUM (FULL, ANALYZE) t", Doubt::Evident),
        ("VACUUM FULL t, u", Doubt::Repeatable),
        ("REINDEX INDEX CONCURRENTLY i", Doubt::Evident),
        ("REINDEX TABLE CONCURRENTLY t", Doubt::Repeatable),
        ("CREATE DATABASE d", Doubt::RefusedTwice),
        ("CALL p()", Doubt::Opaque),
        ("DO $$ BEGIN END $$", Doubt::Opaque),
    ] {
        assert_eq!(doubt(Postgres, statement), expected, "{statement}");
    }
}
