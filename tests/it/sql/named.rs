//! The names in a statement.

use windlass::sql::{
    Dialect::{MySql, Postgres, Sqlite},
    changed_names, changes_tables_only, names,
};

#[test]
fn names_come_unquoted_each_once_in_order() {
    assert_eq!(
        names(Postgres, "SELECT \"We\"\"ird\", Acct.id FROM public.ACCT WHERE 'x' = $1"),
        ["We\"ird", "acct", "id", "public"]
    );
    assert_eq!(
        names(MySql, "SELECT `a``b`, Acct.id FROM Acct -- gone\n WHERE \"q\" = 'x'"),
        ["a`b", "Acct", "id", "q"]
    );
    assert_eq!(names(Sqlite, "SELECT [a b], `c`, \"d\" FROM 'e' WHERE Acct"), ["a b", "c", "d", "e", "Acct"]);
}

#[test]
fn names_inside_bodies_and_code_comments_count() {
    assert_eq!(names(Postgres, "DO $x$ UPDATE Acct $$ inner $$ $x$"), ["update", "acct"]);
    assert!(names(MySql, "/*!40101 SELECT a FROM t */").ends_with(&["a".to_owned(), "t".to_owned()]));
}

#[test]
fn a_name_may_look_like_a_number_or_a_soft_keyword() {
    assert_eq!(names(MySql, "SELECT 2024_x, 1e3, 0xFF FROM status"), ["2024_x", "status"]);
    assert_eq!(names(Sqlite, "SELECT key FROM row"), ["key", "row"]);
}

#[test]
fn what_is_left_open_ends_with_the_text() {
    assert_eq!(names(Postgres, "SELECT a, \"b"), ["a", "b"]);
    assert_eq!(names(Postgres, "$a$ b"), ["b"]);
    assert_eq!(names(Postgres, "$$"), Vec::<String>::new());
    assert_eq!(names(MySql, ""), Vec::<String>::new());
}

#[test]
fn limits_of_words_and_versions_hold() {
    let longest = "a".repeat(32);
    assert_eq!(names(MySql, &format!("SELECT {longest}, {longest}a")), [longest.clone(), format!("{longest}a")]);
    assert_eq!(names(MySql, "SELECT /*!123456 a */ /*!1234567b */"), ["a", "7b"]);
}

#[test]
fn a_schema_change_changes_what_it_names_outside_parentheses() {
    let table = "CREATE TABLE acct (id INT, owner INT REFERENCES person (id))";
    assert_eq!(changed_names(MySql, table), ["acct"]);
    assert_eq!(changed_names(MySql, "alter table acct add column (a INT), rename to bill"), ["acct", "bill"]);
    assert_eq!(changed_names(Sqlite, "CREATE INDEX acct_a ON acct (a)"), ["acct_a", "acct"]);
    assert!(
        changed_names(Postgres, "CREATE FUNCTION f() RETURNS void AS $$ DROP TABLE acct $$")
            .contains(&"acct".to_owned())
    );
}

#[test]
fn any_other_statement_may_change_all_it_names() {
    assert_eq!(changed_names(MySql, "CALL rebuild(acct)"), names(MySql, "CALL rebuild(acct)"));
    assert_eq!(
        changed_names(Postgres, "DO $x$ ALTER TABLE acct (a) $x$"),
        names(Postgres, "DO $x$ ALTER TABLE acct (a) $x$")
    );
}

#[test]
fn a_change_of_tables_alone_is_told_from_any_other() {
    for table in
        ["CREATE TABLE t (a INT)", "alter table t add b int", "CREATE UNIQUE INDEX i ON t (a)", "RENAME TABLE t TO u"]
    {
        assert!(changes_tables_only(MySql, table), "{table}");
    }
    for other in [
        "CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW SET @a = 1",
        "DROP EVENT e",
        "CALL t()",
        "INSERT INTO t VALUES (1)",
    ] {
        assert!(!changes_tables_only(MySql, other), "{other}");
    }
}
