//! `backfill.sql`: what is read, and what is refused with file and line.

use windlass::{
    config::CatalogFormat,
    model::backfill::{Backfill, Part},
    sql::Dialect,
};

use super::Folder;

fn with(backfill: &str) -> Folder {
    Folder::with([("v1.0.0_t/up.sql", "SELECT 1")]).and("v1.0.0_t/backfill.sql", backfill)
}

fn read(dialect: Dialect, backfill: &str) -> Backfill {
    let catalog = with(backfill).load_as(CatalogFormat::Auto, dialect).unwrap_or_else(|error| panic!("{error}"));
    catalog.migrations[0].backfill.clone().expect("a backfill")
}

/// What a user reads, without the place of the file.
fn refused(backfill: &str) -> String {
    with(backfill).refused().replace("v1.0.0_t/backfill.sql:", "")
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

#[test]
fn table_key_and_the_places_of_the_range_are_read() {
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
        let one = read(
            dialect,
            "-- About orders.\n\n-- windlass:backfill  table=app.orders key=id batch=250 \nUPDATE orders\nSET a = ':after', b = b\nWHERE id >:after AND id <= :upto;\n",
        );
        assert_eq!(
            (one.table.as_str(), one.key.as_slice(), one.batch),
            ("app.orders", &["id".to_owned()][..], Some(250))
        );
        assert_eq!(one.place(), "v1.0.0_t/backfill.sql:4");
        let before = text("UPDATE orders\nSET a = ':after', b = b\nWHERE id ");
        assert_eq!(one.parts, [before, Part::After, text(" AND id "), Part::Upto]);

        let other = read(dialect, "-- windlass:backfill table=t\nDELETE FROM t AS o WHERE o.:range AND (:range)");
        assert!(other.key.is_empty() && other.batch.is_none());
        let alias = Part::Range(Some("o".to_owned()));
        let parts = [text("DELETE FROM t AS o WHERE "), alias, text(" AND ("), Part::Range(None), text(")")];
        assert_eq!(other.parts, parts);
    }
    let cast = read(Dialect::Postgres, "-- windlass:backfill table=t\nUPDATE t SET a = b::after WHERE \"T\".:range");
    assert_eq!(cast.parts[1], Part::Range(Some("\"T\"".to_owned())));
}

#[test]
fn an_engine_may_have_its_own() {
    let folder = with("-- windlass:backfill table=t\nUPDATE t SET a = 1 WHERE :range")
        .and("v1.0.0_t/backfill.sqlite.sql", "-- windlass:backfill table=t\nUPDATE t SET a = 2 WHERE :range")
        .and("v1.0.0_t/backfill.oracle.sql", "nothing that is read");

    assert_eq!(&*folder.only().backfill.expect("a backfill").file, "v1.0.0_t/backfill.sqlite.sql");
    insta::assert_snapshot!(folder.remarks().join("\n"), @"warning unknown-script v1.0.0_t/backfill.oracle.sql: no engine is called so, and the script is not read; did you mean backfill.sql?");
}

#[test]
fn a_first_line_that_does_not_say_enough_is_a_fault() {
    let with_header = |header: &str| refused(&format!("{header}\nUPDATE t SET a = 1 WHERE :range"));
    insta::assert_snapshot!(with_header(""), @"1: no line says which table is cut by which key; begin the file with a line such as `-- windlass:backfill table=orders key=id`");
    insta::assert_snapshot!(with_header("-- windlass:backfill key=id"), @"1: the line `-- windlass:backfill` names no table; begin the file with a line such as `-- windlass:backfill table=orders key=id`");
    insta::assert_snapshot!(with_header("-- windlass:backfill table=t keys=id"), @"1: the field `keys` is not known; did you mean `key`?; begin the file with a line such as `-- windlass:backfill table=orders key=id`");
    insta::assert_snapshot!(with_header("-- windlass:backfill table=t key=a,,b"), @"1: `key=a,,b` is told twice, or holds what is no name; begin the file with a line such as `-- windlass:backfill table=orders key=id`");
    insta::assert_snapshot!(with_header("-- windlass:backfill table=\"t\""), @r#"1: `table="t"` is told twice, or holds what is no name; begin the file with a line such as `-- windlass:backfill table=orders key=id`"#);
    insta::assert_snapshot!(with_header("-- windlass:backfill table=t batch=0"), @"1: batch=0 is not a number from 1 to 1000000; begin the file with a line such as `-- windlass:backfill table=orders key=id`");
    insta::assert_snapshot!(with_header("-- windlass:backfill table=t table=u"), @"1: `table=u` is told twice, or holds what is no name; begin the file with a line such as `-- windlass:backfill table=orders key=id`");
    insta::assert_snapshot!(with_header("-- windlass:backfill table"), @"1: `table` is not written as name=value; begin the file with a line such as `-- windlass:backfill table=orders key=id`");
    insta::assert_snapshot!(with_header("-- windlass:backfill table=t\n-- windlass:backfill table=u"), @"2: a second line says which table is cut; keep one of them");
}

#[test]
fn anything_but_one_change_over_a_range_is_a_fault() {
    let statement = |sql: &str| refused(&format!("-- windlass:backfill table=t key=id\n\n{sql}"));
    insta::assert_snapshot!(statement(""), @"1: a backfill is one statement, and here are 0; write one UPDATE, INSERT or DELETE over the range");
    insta::assert_snapshot!(statement("UPDATE t SET a = 1 WHERE :range;\nUPDATE t SET b = 1 WHERE :range;"), @"4: a backfill is one statement, and here are 2; write one UPDATE, INSERT or DELETE over the range");
    insta::assert_snapshot!(statement("ALTER TABLE t ADD COLUMN b INT"), @"3: a backfill changes rows, and this statement does something else; write an UPDATE, INSERT or DELETE; the rest goes into up.sql");
    insta::assert_snapshot!(statement("SELECT 1 FROM t WHERE :range"), @"3: a backfill changes rows, and this statement does something else; write an UPDATE, INSERT or DELETE; the rest goes into up.sql");
    insta::assert_snapshot!(statement("UPDATE t SET a = 1"), @"3: the statement does not say where the range of keys goes; write `WHERE id > :after AND id <= :upto` with the key's column, or `WHERE :range`");
    insta::assert_snapshot!(statement("UPDATE t SET a = 1\nWHERE id > :after"), @"3: the statement does not say where the range of keys goes; write `WHERE id > :after AND id <= :upto` with the key's column, or `WHERE :range`");
    insta::assert_snapshot!(statement("UPDATE t SET a = 1\nWHERE id >= :after AND id <= :upto"), @"4: `:after` must stand behind `>`; write the range as `key > :after AND key <= :upto`, or as `:range`");
    insta::assert_snapshot!(statement("UPDATE t SET a = 1\nWHERE id > :after AND id < :upto"), @"4: `:upto` must stand behind `<=`; write the range as `key > :after AND key <= :upto`, or as `:range`");
    insta::assert_snapshot!(statement("UPDATE t SET a = 1 WHERE id > :from"), @"3: `:from` stands for nothing here; write the range as `key > :after AND key <= :upto`, or as `:range`");
    insta::assert_snapshot!(statement("INSERT OR IGNORE INTO t SELECT id + 1 FROM t WHERE :range"), @"3: it would read the rows that it inserts, and never end; insert into another table, or cut this one in up.sql");
    insta::assert_snapshot!(statement("UPDATE t SET a = 'x WHERE :range"), @"3: this string is never closed; close it, and double a quote that belongs to it");
    insta::assert_snapshot!(
        refused("-- windlass:backfill table=t key=a,b\nUPDATE t SET n = 1 WHERE a > :after AND a <= :upto"),
        @"2: `:after` and `:upto` are for a key of one column; write `:range` in their place, or `o.:range` where the table is called `o`"
    );
}

/// Goal: what is done to the rows is part of what the migration is.
#[test]
fn it_belongs_to_the_checksum() {
    let checksum = |text: &str| with(text).only().checksum;
    let one = checksum("-- windlass:backfill table=t key=id\nUPDATE t SET a = 1 WHERE :range");

    let again = checksum("-- windlass:backfill  key=id  table=t batch=9\nupdate t set a = 1\nwhere :range;");
    assert_eq!(one.tokens, again.tokens);
    for other in [
        "-- windlass:backfill table=t key=id\nUPDATE t SET a = 2 WHERE :range",
        "-- windlass:backfill table=t\nUPDATE t SET a = 1 WHERE :range",
        "-- windlass:backfill table=u key=id\nUPDATE t SET a = 1 WHERE :range",
    ] {
        assert_ne!(one.tokens, checksum(other).tokens, "{other}");
    }
}
