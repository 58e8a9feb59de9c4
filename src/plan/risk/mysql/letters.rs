//! Character sets and collations of columns.

use super::is_mariadb;
use crate::{
    model::schema::{Column, Table},
    plan::risk::Case,
    sql::Words,
};

/// What a new definition makes of a column's letters.
pub struct Letters {
    /// What a character takes at most, before and afterwards.
    pub bytes: (u32, u32),
    /// Whether each row is written in other letters, or each of an index in another order.
    pub copies: bool,
}

impl Letters {
    /// By what stands behind the type in a definition. A definition without a character set has that of the table.
    pub fn of(case: &Case<'_>, table: &str, column: &Column, rest: &Words) -> Self {
        let own = told(&column.extra);
        let known = case.scene.table(table);
        let of_table = known.map(|table| told(&table.options)).filter(|collation| !collation.is_empty());
        let collation = named(rest, &["collate"]).or_else(|| {
            let is_silent = charset(rest).is_none();
            is_silent.then(|| of_table.unwrap_or(own).to_owned())
        });
        let wanted =
            charset(rest).or_else(|| collation.as_deref().map(|name| charset_of(name).to_owned())).map_or_else(
                || charset_of(own).to_owned(),
                |name| if name == "utf8" { "utf8mb3".to_owned() } else { name },
            );
        let (before, after) = (charset_of(own), wanted.as_str());
        let bytes = (bytes_of(before), bytes_of(after));
        if own.is_empty() || before == after && collation.is_none_or(|collation| collation == own) {
            return Self { bytes: (bytes.0, bytes.0), copies: false };
        }
        // Each server takes these as they are; only the order of an index may be another.
        let same_bytes = before == after || (before, after) == ("utf8mb3", "utf8mb4");
        let is_sorted = known.is_some_and(|table| is_indexed(table, &column.name));
        Self { bytes, copies: !same_bytes || (is_sorted && !is_mariadb(case)) }
    }
}

/// The collation that introspection tells of a column or a table.
fn told(words: &str) -> &str {
    words.split_whitespace().find_map(|word| word.strip_prefix("collation=")).unwrap_or_default()
}

fn charset(rest: &Words) -> Option<String> {
    named(rest, &["character", "set"]).or_else(|| named(rest, &["charset"]))
}

/// The name that stands behind these words.
fn named(rest: &Words, behind: &[&str]) -> Option<String> {
    let mut words = rest.clone();
    let _ = words.up_to(behind);
    words.take_all(behind);
    words.name().map(|name| name.to_lowercase())
}

/// `utf8mb4` of `utf8mb4_bin`.
fn charset_of(collation: &str) -> &str {
    collation.split('_').next().unwrap_or_default()
}

/// The most bytes that a character takes.
fn bytes_of(charset: &str) -> u32 {
    match charset {
        "utf8mb3" | "utf8" => 3,
        "utf8mb4" => 4,
        "ucs2" => 2,
        _ => 1,
    }
}

/// Whether an index holds the column.
fn is_indexed(table: &Table, column: &str) -> bool {
    let holds = |columns: &str| {
        let mut names = columns.split_whitespace().filter_map(|word| word.split('(').next());
        names.any(|name| name.eq_ignore_ascii_case(column))
    };
    table.indexes.values().filter_map(|index| index.rsplit_once(" on ")).any(|(_, columns)| holds(columns))
}
