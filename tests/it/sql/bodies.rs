//! Where a `;` ends a statement, and where it does not.

use windlass::sql::{
    Dialect::{self, MySql, Postgres, Sqlite},
    split,
};

use super::cut;

/// Each text is exactly one statement, with another before it and behind it.
#[track_caller]
fn each_is_one_statement(dialect: Dialect, texts: &[&str]) {
    for text in texts {
        let between = cut(dialect, &format!("SELECT 0; {text} ;\nSELECT 9;"));
        assert_eq!(between, ["SELECT 0", *text, "SELECT 9"], "{dialect:?}");
    }
}

#[test]
fn postgres_bodies_and_quotes_are_one_statement() {
    each_is_one_statement(
        Postgres,
        &[
            "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN a THEN 1 ELSE 2 END AS end; SELECT t.end; END",
            "CREATE RULE r AS ON INSERT TO t DO (SELECT ';'; DELETE FROM u)",
            "SELECT E'it\\'s;' '; '",
            "SELECT E'a'\n  'it\\'s;' -- more\n  'b\\';'",
            "SELECT 'back\\', a$b$, c$b$, $1",
            "SELECT $$;'$$, $täg$;$x$;$täg$",
            "SELECT U&'d\\0061;', U&\"we;ird\", B'1', \"a\"\";\"",
            "SELECT a /* ; /* ; */ ; */ FROM t -- ;\n WHERE b",
            "SELECT 1 AS case",
        ],
    );
}

#[test]
fn a_begin_is_a_block_only_in_a_routine() {
    assert_eq!(
        cut(Postgres, "BEGIN; SELECT 1; END; BEGIN ATOMIC; END"),
        ["BEGIN", "SELECT 1", "END", "BEGIN ATOMIC", "END"]
    );
    assert_eq!(cut(MySql, "BEGIN; SET @x = 1; COMMIT"), ["BEGIN", "SET @x = 1", "COMMIT"]);
    assert_eq!(cut(Sqlite, "BEGIN; SELECT 1; END"), ["BEGIN", "SELECT 1", "END"]);
}

#[test]
fn mysql_bodies_need_no_delimiter_lines() {
    each_is_one_statement(
        MySql,
        &[
            "BEGIN NOT ATOMIC DECLARE x INT DEFAULT CASE 1 WHEN 1 THEN 2 END; SET x = IF(x, 1, 2); END",
            "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW IF NEW.end > 1 THEN SET NEW.a = REPEAT('x', 3); END IF",
            "CREATE TRIGGER IF NOT EXISTS t AFTER UPDATE ON u FOR EACH ROW PRECEDES v BEGIN SET @a = @end; END",
            "CREATE PROCEDURE IF NOT EXISTS p() BEGIN DROP TABLE IF EXISTS t; SELECT IF(1, 2, 3); END",
            "CREATE PROCEDURE p() l: BEGIN IF (a) THEN LEAVE l; ELSEIF b THEN SELECT 1; ELSE IF c THEN SELECT 2; END IF; END IF; END l",
            "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND SET @d = IF(1, 2, 3); SELECT 1; END",
            "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE; SELECT 2; END",
            "CREATE PROCEDURE p() BEGIN FOR i IN 1..3 DO SELECT i; END FOR; WHILE IF(a, b, c) DO DO SLEEP(1); END WHILE; END",
            "CREATE PROCEDURE p() WHILE a > 0 DO SET a = a - 1; END WHILE",
            "CREATE FUNCTION f(a INT) RETURNS CHAR BEGIN RETURN CASE WHEN a THEN IF(a, 1, 2) ELSE REPEAT('x', a) END; END",
            "CREATE FUNCTION f() RETURNS CHAR(9) CHARACTER SET utf8mb4 BEGIN RETURN 1; END",
            "CREATE FUNCTION f() RETURNS SET('a', 'b') BEGIN RETURN 'a'; END",
            "CREATE FUNCTION f(a INT) RETURNS INT RETURN IF(a, 1, 2)",
            "CREATE EVENT e ON SCHEDULE EVERY 1 HOUR DO IF a THEN SELECT 1; END IF",
            "ALTER EVENT e DO BEGIN SELECT 1; SELECT 2; END",
            "IF a THEN SELECT 1; END IF",
            "/*M!100100 SELECT 1; SELECT 2 */",
            "CREATE TABLE event (`begin;` INT, begin INT)",
            "SELECT 5--3, 'a\\';', \"b\\\";\", 2024_x, \\N",
            "SELECT /*+ SET_VAR(a = ';') */ 1",
        ],
    );
}

#[test]
fn sqlite_triggers_end_behind_their_end() {
    each_is_one_statement(
        Sqlite,
        &[
            "CREATE TEMPORARY TRIGGER t AFTER INSERT ON u BEGIN SELECT 1;; SELECT CASE 1 WHEN 1 THEN 2 END; END",
            "EXPLAIN QUERY PLAN CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT 1; END",
            "CREATE TABLE trigger_x ([a;b] INT, `c;``d` INT, \"e;\" INT, 'f;' INT)",
            "SELECT 'back\\', $a, ?1, @b, :c",
        ],
    );
}

#[test]
fn comments_delimiters_and_marks_alone_are_no_statements() {
    for dialect in [Postgres, MySql, Sqlite] {
        for text in ["", "\u{feff}", " ;;\r\n; ", "-- a;\n/* b; */;", "\u{feff}-- only\r\n", "-- no line end"] {
            assert_eq!(cut(dialect, text), Vec::<String>::new(), "{text:?}");
        }
    }
    assert_eq!(cut(MySql, "# a;\n--\n-- ;\nDELIMITER //\n-- b\n//\nDELIMITER ;\n"), Vec::<String>::new());
    assert_eq!(cut(MySql, "/*M!999999\\- enable the sandbox mode */ \n"), Vec::<String>::new());
    assert_eq!(cut(MySql, "/*!40101 SET a = 1 */;"), ["/*!40101 SET a = 1 */"]);
}

#[test]
fn a_statement_has_the_line_of_its_first_token() {
    let text = "\u{feff}-- first\r\nSELECT 1;\r\n\r\n/* two\n lines */ SELECT /* inner */ 2 /* after */ ;\n\nSELECT\n3\n-- end\n";
    for dialect in [Postgres, MySql, Sqlite] {
        let statements = split(dialect, text).unwrap();
        let found: Vec<(u32, &str)> = statements.iter().map(|statement| (statement.line, &*statement.sql)).collect();

        assert_eq!(found, [(2, "SELECT 1"), (5, "SELECT /* inner */ 2"), (7, "SELECT\n3")]);
    }
}

#[test]
fn markers_hold_together_what_no_token_could() {
    let text = "SELECT 1;\n  --  windlass:statement begin\n-- why\nCREATE x 'open; SELECT 2;\n-- windlass:statement end\nSELECT 3";

    let statements = split(Postgres, text).unwrap();

    let found: Vec<(u32, &str)> = statements.iter().map(|statement| (statement.line, &*statement.sql)).collect();
    assert_eq!(found[0], (1, "SELECT 1"));
    assert_eq!((found[1].0, found[1].1.trim_end()), (4, "CREATE x 'open; SELECT 2;"));
    assert_eq!(found[2], (6, "SELECT 3"));
}

/// Goal: a hostile text costs no more than its length.
/// Method: the longest runs of what is read ahead.
#[test]
fn long_runs_are_read_once() {
    for dialect in [Postgres, MySql, Sqlite] {
        for sign in ["+", "-+", "$a", "a.", "1e", "/", "(", "E'a' "] {
            let text = format!("SELECT {} 1", sign.repeat(20_000));
            let _ = split(dialect, &text);
        }
    }
}
