//! Statements that each server has accepted, and that are nasty to cut.

use windlass::sql::Dialect::{self, MySql, Postgres, Sqlite};

use super::cut;

/// Rows with comments around them, and what is left of them.
const BARE: [(&str, &str); 5] = [
    ("/* nested /* comment ; */ still ; */ SELECT 1", "SELECT 1"),
    (
        "SELECT \"dq;str\", `id` AS `we;ird` FROM acct # trailing ; comment\n",
        "SELECT \"dq;str\", `id` AS `we;ird` FROM acct",
    ),
    ("SELECT 1 -- dash ; comment\n", "SELECT 1"),
    ("SELECT 1 -- it's a ; comment\n", "SELECT 1"),
    ("/* ; */ SELECT 2", "SELECT 2"),
];

/// A statement, and whether a client needs `DELIMITER` lines for it.
pub struct Row {
    pub sql: String,
    pub needs_delimiter: bool,
}

/// The corpus of a dialect.
pub fn rows(dialect: Dialect) -> Vec<Row> {
    let plain = |sql| Row { sql, needs_delimiter: false };
    let read = |json| -> Vec<String> { serde_json::from_str(json).unwrap() };
    match dialect {
        Postgres => read(include_str!("../../fixtures/sql/pg.json")).into_iter().map(plain).collect(),
        Sqlite => read(include_str!("../../fixtures/sql/lite.json")).into_iter().map(plain).collect(),
        MySql => {
            let rows: Vec<(String, u8, u8)> = serde_json::from_str(include_str!("../../fixtures/sql/my.json")).unwrap();
            rows.into_iter().map(|(sql, flag, _)| Row { sql, needs_delimiter: flag == 1 }).collect()
        }
    }
}

/// What splitting gives back for a row.
pub fn bare(sql: &str) -> String {
    BARE.iter().find(|(row, _)| *row == sql).map_or(sql, |(_, bare)| bare).to_owned()
}

/// Goal: a script is cut where its author ended each statement, and nowhere else.
/// Method: join the corpus with `;` and line ends, then split it.
#[test]
fn a_joined_corpus_splits_into_itself() {
    for dialect in [Postgres, MySql, Sqlite] {
        let rows = rows(dialect);
        let joined = rows.iter().fold(String::new(), |joined, row| joined + &row.sql + ";\n");

        assert_eq!(cut(dialect, &joined), rows.iter().map(|row| bare(&row.sql)).collect::<Vec<_>>());
    }
}

#[test]
fn a_corpus_with_windows_line_ends_splits_into_itself() {
    for dialect in [Postgres, MySql, Sqlite] {
        let rows = rows(dialect);
        let joined: String = rows.iter().map(|row| format!("{};\n", row.sql).replace('\n', "\r\n")).collect();
        let expected: Vec<String> = rows.iter().map(|row| bare(&row.sql).replace('\n', "\r\n")).collect();

        assert_eq!(cut(dialect, &joined), expected);
    }
}

#[test]
fn every_row_is_one_statement_without_a_delimiter_too() {
    for dialect in [Postgres, MySql, Sqlite] {
        for row in rows(dialect) {
            assert_eq!(cut(dialect, &row.sql), [bare(&row.sql)]);
        }
    }
}

/// Goal: what a client needs `DELIMITER` lines for may have them.
/// Method: put them around the rows that need them, with the delimiter on its own line and inside the last word.
#[test]
fn delimiter_lines_change_nothing() {
    for (end, delimiter) in [("\n//", "//"), ("$$", "$$"), (" go", "go"), ("|", "'|'")] {
        let rows = rows(MySql);
        let framed = |row: &Row| format!("DELIMITER {delimiter}\n{}{end}\nDELIMITER ;\n", row.sql);
        let render = |row: &Row| if row.needs_delimiter { framed(row) } else { format!("{};\n", row.sql) };
        let joined: String = rows.iter().map(render).collect();

        assert_eq!(cut(MySql, &joined), rows.iter().map(|row| bare(&row.sql)).collect::<Vec<_>>(), "{delimiter}");
    }
}

#[test]
fn the_markers_hold_any_row_together() {
    for dialect in [Postgres, MySql, Sqlite] {
        for row in rows(dialect) {
            let text =
                format!("-- windlass:statement begin\n{};\n-- windlass:statement end\nSELECT 3;", row.sql.trim_end());

            assert_eq!(cut(dialect, &text), [bare(&row.sql), "SELECT 3".to_owned()]);
        }
    }
}

/// SQLite refuses a token that begins with a vertical tab, so that it must see it; behind another blank it is one.
#[test]
fn a_vertical_tab_is_a_blank_where_the_server_takes_it_for_one() {
    for (text, sqlite) in [("SELECT 1;\u{b}", 2), ("SELECT 1;\n\u{b}", 1)] {
        assert_eq!(cut(Sqlite, text).len(), sqlite, "{text:?}");
        assert_eq!(cut(Postgres, text), ["SELECT 1"]);
        assert_eq!(cut(MySql, text), ["SELECT 1"]);
    }
}
