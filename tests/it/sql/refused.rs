//! What is refused, and on which line.

use windlass::sql::Dialect::{self, MySql, Postgres, Sqlite};

use super::error;

/// Each text is refused on its third line with a message that holds the words, and a remedy.
#[track_caller]
fn each_is_refused(cases: &[(Dialect, &str, &str)]) {
    for (dialect, text, words) in cases {
        let error = error(*dialect, &format!("SELECT 1;\n\n{text}"));
        assert_eq!(error.line, 3, "{dialect:?}: {text:?}: {error}");
        assert!(error.message.contains(words), "{dialect:?}: {text:?}: {error}");
        assert!(!error.remedy.is_empty());
    }
}

#[test]
fn what_is_left_open_is_refused_where_it_was_opened() {
    each_is_refused(&[
        (Postgres, "SELECT 'a;\nb", "string"),
        (Postgres, "SELECT E'a\\';\nb", "string"),
        (Postgres, "SELECT \"a;\nb", "quoted name"),
        (Postgres, "SELECT $a$ x $b$;\n$ a$", "dollar quote"),
        (Postgres, "SELECT /* /* */ \n;", "comment"),
        (Postgres, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC\nSELECT CASE 1 END;\nSELECT 2;", "BEGIN ATOMIC"),
        (Postgres, "SELECT (1;\nSELECT (2);\nSELECT 3;", "parenthesis"),
        (MySql, "SELECT 'a\\';\nb", "string"),
        (MySql, "SELECT \"a;\nb", "string"),
        (MySql, "SELECT `a;\nb", "quoted name"),
        (MySql, "SELECT /* \n;", "comment"),
        (MySql, "/*!50003 SELECT 1;\nSELECT 2;", "comment of code"),
        (MySql, "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW BEGIN\nIF a THEN SELECT 1;\nEND;\n", "no END"),
        (MySql, "SELECT /*+ \n;", "comment"),
        (Sqlite, "SELECT 'a;\nb", "string"),
        (Sqlite, "SELECT [a;\nb", "quoted name"),
        (Sqlite, "SELECT `a;\nb", "quoted name"),
        (Sqlite, "SELECT /* \n;", "comment"),
        (Sqlite, "CREATE TRIGGER t AFTER INSERT ON u BEGIN\nSELECT 1;\n", "trigger"),
    ]);
}

#[test]
fn a_parenthesis_closed_later_is_fine_and_an_open_one_is_told_where_it_is() {
    let error = error(Postgres, "SELECT (1);\nSELECT (2;\nSELECT 3;");

    assert_eq!((error.line, error.message.as_str()), (2, "this parenthesis is never closed"));
}

#[test]
fn markers_without_their_twin_are_refused() {
    for dialect in [Postgres, MySql, Sqlite] {
        each_is_refused(&[
            (dialect, "-- windlass:statement begin\nSELECT 1;", "none ends"),
            (
                dialect,
                "-- windlass:statement begin\nSELECT 1;\n-- windlass:statement begin\n-- windlass:statement end",
                "none ends",
            ),
            (dialect, "-- windlass:statement end\n", "none begins"),
            (dialect, "-- windlass:statement start\n", "no marker"),
        ]);
        let pending = error(dialect, "SELECT 1\n-- windlass:statement begin\nSELECT 2\n-- windlass:statement end\n");
        assert_eq!(pending.line, 2);
    }
}

#[test]
fn client_commands_are_refused_by_name() {
    each_is_refused(&[
        (Postgres, "\\copy t from 'x.csv'", "`\\copy`"),
        (Postgres, "\\connect other", "`\\connect`"),
        (Postgres, "\\set x 1", "`\\set`"),
        (Postgres, "SELECT 1 \\gexec", "`\\gexec`"),
        (Postgres, "copy t (a) FROM stdin;\n1\tit's\n\\.\n", "COPY … FROM stdin"),
        (Postgres, "COPY t TO STDOUT;", "COPY … TO stdout"),
        (MySql, "source other.sql", "`source`"),
        (MySql, "SOURCE other.sql;", "`SOURCE`"),
        (MySql, "\\. other.sql", "`\\.`"),
        (MySql, "\\! ls", "`\\!`"),
        (MySql, "SELECT 1\\G", "`\\G`"),
        (MySql, "system ls", "`system`"),
        (MySql, "tee out.txt", "`tee`"),
        (MySql, "delimiter\n//", "`delimiter`"),
        (MySql, "delimiter ''\n", "`delimiter`"),
        (MySql, "DELIMITER \\\\\n", "backslash"),
        (Sqlite, ".read other.sql", "`.read`"),
        (Sqlite, "  .mode csv\n", "`.mode`"),
    ]);
}

#[test]
fn a_statement_that_lacks_the_delimiter_its_script_set_is_refused() {
    let error = error(MySql, "DELIMITER //\nCREATE PROCEDURE p()\nBEGIN END;\nDELIMITER ;\nSELECT 1;");

    assert_eq!(error.line, 2);
    assert!(error.message.contains("`//`"), "{error}");
}

#[test]
fn the_names_of_commands_are_words_like_others_inside_statements() {
    for (dialect, text) in [
        (MySql, "SELECT source, status FROM t"),
        (MySql, "CREATE TABLE t (\n  delimiter INT)"),
        (Postgres, "COPY t FROM '/srv/x.csv'"),
        (Postgres, "SELECT 'a\\b'"),
        (Sqlite, "SELECT .5"),
    ] {
        assert_eq!(super::cut(dialect, text), [text]);
    }
}
