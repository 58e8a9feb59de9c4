//! Under which lock a statement changes a table.
//!
//! Neither server tells which lock a statement held that has ended, and a schema change ends before anybody can ask. But both
//! take words on how it is done and what may go on meanwhile, and refuse what they cannot grant (MariaDB manual, "ALTER TABLE",
//! `ALGORITHM` and `LOCK`; MySQL manual, "Online DDL Operations"). So on a copy they are tried in the server's own order.

use crate::{
    engine::{Trial, Tries, bookkeeping},
    sql::{self, Act, Clause, Dialect, Words},
};

/// Readers and writers go on; readers do; neither does.
const NONE: &str = "LOCK=NONE";
const SHARED: &str = "LOCK=SHARED";
const EXCLUSIVE: &str = "LOCK=EXCLUSIVE";

/// How a change may be done, in the order in which the server chooses where nothing is said: at once, in place, as a copy; each
/// under the weakest lock. A word of the lock alone would have MySQL do in place what it does at once, and MariaDB 11 copy what it
/// does in place.
const BY_ALGORITHM: [(&[&str], &str); 6] = [
    (&["ALGORITHM=INSTANT"], NONE),
    (&["ALGORITHM=INPLACE", NONE], NONE),
    (&["ALGORITHM=INPLACE", SHARED], SHARED),
    (&["ALGORITHM=INPLACE"], EXCLUSIVE),
    (&[NONE], NONE),
    (&[SHARED], SHARED),
];

/// The same where the statement says how.
const BY_LOCK: [(&[&str], &str); 2] = [(&[NONE], NONE), (&[SHARED], SHARED)];

/// What goes with the locks of single rows that are changed (MariaDB and MySQL manuals, "`InnoDB` Lock Modes").
const OF_ROWS: &str = "IX";

/// How locks are known here. The codes say that a statement cannot be done under the lock, or by the algorithm, that it names
/// (MariaDB and MySQL manuals, "Error Codes").
pub(super) const TRIES: Tries = Tries {
    of,
    written,
    too_weak: &["1845", "1846", "4092"],
    by_row: "SELECT count(*) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = ? AND engine = 'InnoDB'",
    rows: OF_ROWS,
};

/// How a statement that runs by itself is tried; `None` where nobody knows what it locks. What stands in comments that are code is
/// read by some servers only.
fn of(sql: &str) -> Option<Trial> {
    if sql.contains("/*!") || sql.contains("/*M!") {
        return None;
    }
    let words = Words::of_newest(Dialect::MySql, sql);
    match sql::act(Dialect::MySql, sql) {
        Act::AlterTable { .. } if words.has_any(&["partition", "partitioning", "partitions"]) => None,
        Act::AlterTable { table, clauses, .. } => {
            let to = clauses.iter().find_map(|clause| match clause {
                Clause::RenameTo { to } => Some((as_written(sql, to), as_written(sql, &table))),
                _ => None,
            });
            Some(Trial { renames: to.into_iter().collect(), ..by_word(sql, &words, &table, ",")? })
        }
        Act::CreateIndex { table, .. } => by_word(sql, &words, &table, ""),
        Act::DropIndex { indexes, table: Some(table), .. } => without_index(sql, &words, &indexes, &table),
        // Each of them waits until nobody uses the table (MariaDB manual, "Metadata Locking").
        Act::CreateTable { table, .. } => Some(exclusive(sql, &[table])),
        Act::DropTables { tables } | Act::Truncate { tables, .. } => Some(exclusive(sql, &tables)),
        Act::RenameTables(pairs) => {
            let from: Vec<String> = pairs.iter().map(|(from, _)| from.clone()).collect();
            let renames = pairs.iter().map(|(from, to)| (as_written(sql, to), as_written(sql, from))).collect();
            Some(Trial { renames, ..exclusive(sql, &from) })
        }
        Act::DropIndex { table: None, .. }
        | Act::DropWhole { .. }
        | Act::Update { .. }
        | Act::Delete { .. }
        | Act::Insert { .. } => None,
        Act::Other(words) => other(sql, words),
    }
}

/// A statement that may say under which lock it is done.
fn by_word(sql: &str, words: &Words, table: &str, comma: &str) -> Option<Trial> {
    let says = |word: &str| words.has(&["lock", "=", word]) || words.has(&["lock", word]);
    // MySQL takes no word of a lock beside INSTANT, and lets others read and write; ONLINE is MariaDB's for LOCK=NONE.
    let is_free = words.has(&["algorithm", "=", "instant"])
        || words.has(&["algorithm", "instant"])
        || (1..=2).any(|nth| words.nth(nth).as_deref() == Some("online"));
    let said = [("none", NONE), ("shared", SHARED), ("exclusive", EXCLUSIVE)].into_iter().find(|(word, _)| says(word));
    let said = said.map(|(_, mode)| mode).or(is_free.then_some(NONE));
    if says("default") {
        return None;
    }
    let ways: &[_] = if words.has(&["algorithm"]) { &BY_LOCK } else { &BY_ALGORITHM };
    let ways = if said.is_some() { &[] } else { ways };
    // On a line of its own: the last one may end in a comment.
    let tried = |(way, mode): &(&[&str], &'static str)| {
        (way.iter().fold(sql.to_owned(), |text, word| format!("{text}\n{comma} {word}")), *mode)
    };
    let weaker = ways.iter().map(tried).collect();
    Some(Trial { weaker, mode: said.unwrap_or(EXCLUSIVE), ..exclusive(sql, &[table.to_owned()]) })
}

/// MariaDB's `DROP INDEX` takes no such word; an `ALTER TABLE` that does the same does.
fn without_index(sql: &str, words: &Words, indexes: &[String], table: &str) -> Option<Trial> {
    let [index] = indexes else { return None };
    if words.has_any(&["if", "online", ".", "lock", "algorithm", "wait", "nowait"]) {
        return None;
    }
    let quoted = |name: &str| format!("`{}`", as_written(sql, name).replace('`', "``"));
    let alter = format!("ALTER TABLE {} DROP INDEX {}", quoted(table), quoted(index));
    by_word(&alter, &Words::of_newest(Dialect::MySql, &alter), table, ",")
}

fn exclusive(sql: &str, tables: &[String]) -> Trial {
    let tables = tables.iter().map(|table| as_written(sql, table)).collect();
    Trial { tables, mode: EXCLUSIVE, ..Trial::default() }
}

/// Settings and questions, and what has a definition and no rows.
fn other(sql: &str, mut words: Words) -> Option<Trial> {
    let first = words.next_word()?;
    let is_defined = words.has_any(&["view", "procedure", "function", "event", "sequence", "package"]);
    match first.as_str() {
        "set" if words.nth(0).as_deref() == Some("statement") => None,
        "set" | "select" => Some(exclusive(sql, &[])),
        "create" if words.skip_to("trigger") => {
            words.skip_to("on").then_some(())?;
            Some(exclusive(sql, &[words.name()?]))
        }
        "create" | "drop" | "alter" if is_defined => Some(exclusive(sql, &[])),
        _ => None,
    }
}

/// The tables whose rows are changed by statements of one transaction; `None` where their words do not tell. Ours are left out.
fn written(statements: &[&str]) -> Option<Vec<String>> {
    let mut tables = Vec::new();
    for statement in statements {
        match sql::act(Dialect::MySql, statement) {
            Act::Update { table, .. } | Act::Delete { table, .. } | Act::Insert { table, .. } => {
                if !bookkeeping::is_ours(&table) {
                    tables.push(sql::only_table_written(Dialect::MySql, statement)?);
                }
            }
            Act::Other(words) if words.nth(1).as_deref() == Some("statement") => return None,
            _ if sql::is_query(Dialect::MySql, statement) || sql::sets(statement) => {}
            _ => return None,
        }
    }
    Some(tables)
}

/// The name as it stands in the statement.
fn as_written(sql: &str, table: &str) -> String {
    let mut names = sql::names(Dialect::MySql, sql).into_iter();
    names.find(|name| name.to_lowercase() == table).unwrap_or_else(|| table.to_owned())
}
