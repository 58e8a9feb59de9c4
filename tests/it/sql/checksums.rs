//! What a checksum holds on to, and what it lets go.

use windlass::{
    model::checksum::{Checksum, Edit},
    sql::{
        Dialect::{self, MySql, Postgres, Sqlite},
        checksum,
    },
};

const ALL: [Dialect; 3] = [Postgres, MySql, Sqlite];

fn of(dialect: Dialect, text: &str) -> Checksum {
    checksum(dialect, &[text]).unwrap()
}

#[track_caller]
fn is_same(dialect: Dialect, one: &str, other: &str) {
    assert_eq!(of(dialect, one).edit_since(&of(dialect, other)), Edit::Meaningless, "{dialect:?}: {one:?}, {other:?}");
}

#[track_caller]
fn differs(dialect: Dialect, one: &str, other: &str) {
    assert_eq!(of(dialect, one).edit_since(&of(dialect, other)), Edit::Meaningful, "{dialect:?}: {one:?}, {other:?}");
}

#[test]
fn spacing_comments_and_the_case_of_keywords_do_not_count() {
    for dialect in ALL {
        is_same(dialect, "SELECT a FROM t;", "\u{feff}select  a\r\n-- why\r\nFrom/**/t");
        is_same(dialect, "SELECT a=-1;", "SELECT a = - 1 ; ;");
        is_same(
            dialect,
            "SELECT 1; SELECT 2",
            "-- windlass:statement begin\nSELECT 1;\n-- windlass:statement end\nSELECT 2;",
        );
        is_same(dialect, "CREATE TABLE t (id INTEGER PRIMARY KEY)", "create table t (id integer primary key)");
    }
    is_same(Postgres, "CREATE TABLE Acct (Id int)", "create table acct (id INT)");
    is_same(MySql, "BEGIN; TRUNCATE TABLE t;", "begin; truncate table t");
    is_same(
        MySql,
        "CREATE TABLE t (a INT AUTO_INCREMENT) ENGINE=InnoDB",
        "create table t (a int auto_increment) engine = InnoDB",
    );
}

/// Goal: a check-out that changes every line end, as Git makes it on Windows, is not taken for an edit.
#[test]
fn line_ends_do_not_count_wherever_they_are() {
    for dialect in ALL {
        is_same(dialect, "SELECT 'a\nb',\n 1;\n", "SELECT 'a\r\nb',\r\n 1;\r\n");
    }
    let body = "CREATE FUNCTION f() RETURNS int AS $$\n-- why\nSELECT 1\n$$ LANGUAGE sql;\n";
    is_same(Postgres, body, &body.replace('\n', "\r\n"));
}

#[test]
fn the_spelling_of_delimiters_does_not_count() {
    let body = "CREATE PROCEDURE p() BEGIN SELECT 1; END";
    is_same(MySql, &format!("{body};"), &format!("DELIMITER $$\n{body}$$\nDELIMITER ;\n"));
}

#[test]
fn literals_names_and_boundaries_count() {
    for dialect in ALL {
        differs(dialect, "SELECT 'a'", "SELECT 'A'");
        differs(dialect, "SELECT 'a\n'", "SELECT 'a\r'");
        differs(dialect, "SELECT 'a\n'", "SELECT 'a\n\n'");
        differs(dialect, "SELECT 'a  b'", "SELECT 'a b'");
        differs(dialect, "SELECT 1 SELECT 2", "SELECT 1; SELECT 2");
        differs(dialect, "SELECT a b", "SELECT ab");
        differs(dialect, "SELECT 1.5", "SELECT 15");
        differs(dialect, "SELECT a > = b", "SELECT a >= b");
        differs(dialect, "SELECT é", "SELECT É");
    }
    differs(Postgres, "SELECT \"a\"", "SELECT \"A\"");
    differs(Postgres, "SELECT \"a\"", "SELECT a");
    differs(Postgres, "SELECT a @> - b", "SELECT a @>- b");
    differs(Postgres, "SELECT $$a$$", "SELECT $$ a$$");
    differs(MySql, "SELECT `a`", "SELECT `A`");
    differs(MySql, "SELECT * FROM Acct", "SELECT * FROM acct");
    differs(MySql, "SELECT * FROM Status", "SELECT * FROM status");
    differs(MySql, "SELECT * FROM a, Status", "SELECT * FROM a, status");
    differs(MySql, "SELECT * FROM acct Status", "SELECT * FROM acct status");
    differs(MySql, "DROP TABLE IF EXISTS Status", "DROP TABLE IF EXISTS status");
    differs(MySql, "SELECT Data.a FROM d", "SELECT data.a FROM d");
    differs(Sqlite, "CREATE TABLE Acct (a)", "CREATE TABLE acct (a)");
}

#[test]
fn comments_that_are_code_count() {
    differs(MySql, "SELECT 1 /*! + 1 */", "SELECT 1");
    differs(MySql, "SELECT 1 /*! + 1 */", "SELECT 1 + 1");
    differs(MySql, "/*!50003 SELECT 1 */", "/*!50004 SELECT 1 */");
    differs(MySql, "SELECT /*+ SET_VAR(a = 1) */ 1", "SELECT 1");
    is_same(MySql, "SELECT 1 /*! + 1 */", "SELECT 1 /*! /* why */ + 1*/");
}

#[test]
fn what_goes_from_one_text_to_the_next_counts() {
    let together = checksum(Postgres, &["SELECT 1; SELECT 2"]).unwrap();
    let apart = checksum(Postgres, &["SELECT 1;", " SELECT 2"]).unwrap();
    assert_eq!(together.edit_since(&apart), Edit::Meaningful);
    assert_ne!(checksum(Postgres, &["ab", "c"]).unwrap().bytes, checksum(Postgres, &["a", "bc"]).unwrap().bytes);
}

/// Goal: a checksum stored by one release holds in the next: these values may never change.
#[test]
fn the_checksum_of_a_known_text_is_known() {
    let found =
        ALL.map(|dialect| of(dialect, "CREATE TABLE Acct (id INT, n TEXT DEFAULT 'It''s');\n-- end\n").to_string());

    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn a_text_that_cannot_be_split_has_no_checksum() {
    assert_eq!(checksum(Postgres, &["SELECT 1", "\nSELECT '"]).unwrap_err().line, 2);
    assert_eq!(checksum(Postgres, &[]).unwrap(), checksum(Sqlite, &[]).unwrap());
}
