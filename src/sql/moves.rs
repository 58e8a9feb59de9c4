//! Where a statement moves what is stored: tables made, dropped, emptied and called otherwise, columns dropped, and rows
//! written from one table into another.

use super::{Dialect, words::Words};

/// A name as it stands in a statement, with the schema before it where one is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// The schema, or on MariaDB the database.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

/// One thing that a statement does with what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// A table is made, unless there is one.
    Made(Called),
    /// A table goes with its rows.
    Dropped(Called),
    /// Every row of a table goes; also those of the tables that point to it, where that is said (`TRUNCATE … CASCADE`).
    Emptied(Called, Reach),
    /// A column goes with its values.
    ColumnDropped(Called, String),
    /// Every row of these partitions of a table goes, with them or out of them.
    PartitionsEmptied(Called, Vec<String>),
    /// The rows of a partition of a table and those of another table take each other's place.
    PartitionExchanged(Called, String, Called),
    /// A schema goes with all that is in it.
    SchemaDropped(String),
    /// A table is called otherwise.
    Renamed(Called, Called),
    /// A column is called otherwise.
    ColumnRenamed(Called, String, String),
    /// Every row of a table is written into another.
    Carried {
        /// Out of this table.
        from: Called,
        /// Into this one.
        into: Called,
        /// The columns that are read, each with the one it is written into; `None`: all of them, into those of their names.
        columns: Option<Vec<(String, String)>>,
    },
}

/// How far a statement that empties a table goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// That table alone.
    Alone,
    /// Also the tables that point to it.
    Pointing,
}

impl Move {
    /// Whether something that is stored may go by it.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Dropped(_)
            | Self::Emptied(..)
            | Self::ColumnDropped(..)
            | Self::PartitionsEmptied(..)
            | Self::SchemaDropped(_) => true,
            Self::Made(_)
            | Self::PartitionExchanged(..)
            | Self::Renamed(..)
            | Self::ColumnRenamed(..)
            | Self::Carried { .. } => false,
        }
    }
}

/// What a statement does with what is stored, as far as its words tell. What stands in comments that are code counts.
pub fn of(dialect: Dialect, sql: &str) -> Vec<Move> {
    let mut words = Words::of_newest(dialect, sql);
    let first = words.next_word().unwrap_or_default();
    let read = match first.as_str() {
        "create" => created(&mut words),
        "drop" => dropped(&mut words),
        "truncate" => Some(truncated(&mut words)),
        "delete" => deleted(&mut words),
        "alter" => altered(&mut words),
        "rename" => renamed(&mut words),
        "insert" => inserted(&mut words),
        _ => None,
    };
    read.unwrap_or_default()
}

fn called(words: &mut Words) -> Option<Called> {
    let (schema, name) = words.full_name()?;
    Some(Called { schema, name })
}

/// Names with commas between them.
fn list(words: &mut Words) -> Vec<Called> {
    let mut names = Vec::new();
    loop {
        words.take("only");
        let Some(name) = called(words) else { break };
        words.take("*");
        names.push(name);
        if !words.take(",") {
            break;
        }
    }
    names
}

fn created(words: &mut Words) -> Option<Vec<Move>> {
    let replaces = words.take("or") && words.take("replace");
    for kind in ["global", "local", "temporary", "temp", "unlogged"] {
        words.take(kind);
    }
    words.take("table").then_some(())?;
    words.take_all(&["if", "not", "exists"]);
    let table = called(words)?;
    let mut moves = Vec::new();
    moves.extend(replaces.then(|| Move::Dropped(table.clone())));
    moves.push(Move::Made(table.clone()));
    if words.skip_to("select") {
        moves.extend(carried(words, table, &[]));
    }
    Some(moves)
}

fn dropped(words: &mut Words) -> Option<Vec<Move>> {
    let kind = words.next_word()?;
    words.take_all(&["if", "exists"]);
    match kind.as_str() {
        "table" | "tables" => Some(list(words).into_iter().map(Move::Dropped).collect()),
        "schema" | "database" => Some(list(words).into_iter().map(|it| Move::SchemaDropped(it.name)).collect()),
        _ => None,
    }
}

fn truncated(words: &mut Words) -> Vec<Move> {
    words.take("table");
    let tables = list(words);
    let reach = if words.has_any(&["cascade"]) { Reach::Pointing } else { Reach::Alone };
    tables.into_iter().map(|table| Move::Emptied(table, reach)).collect()
}

/// `DELETE FROM t` with nothing behind it that could keep a row.
fn deleted(words: &mut Words) -> Option<Vec<Move>> {
    for option in ["low_priority", "quick", "ignore"] {
        words.take(option);
    }
    words.take("from").then_some(())?;
    words.take("only");
    let table = called(words)?;
    words.take("*");
    let keeps = ["where", "using", "limit", "join", "inner", "left", "for", ","];
    (!words.has_any(&keeps)).then(|| vec![Move::Emptied(table, Reach::Alone)])
}

fn renamed(words: &mut Words) -> Option<Vec<Move>> {
    (words.take("table") || words.take("tables")).then_some(())?;
    words.take_all(&["if", "exists"]);
    let mut moves = Vec::new();
    loop {
        let from = called(words)?;
        words.take("to").then_some(())?;
        moves.push(Move::Renamed(from, called(words)?));
        if !words.take(",") {
            return Some(moves);
        }
    }
}

fn altered(words: &mut Words) -> Option<Vec<Move>> {
    for word in ["online", "ignore"] {
        words.take(word);
    }
    words.take("table").then_some(())?;
    words.take_all(&["if", "exists"]);
    words.take("only");
    let mut table = called(words)?;
    words.take("*");
    let mut moves = Vec::new();
    loop {
        if let Some(last) = partitions(words, &table) {
            moves.push(last);
            return Some(moves);
        }
        if let Some(next) = clause(&mut words.clause(), &table) {
            if let Move::Renamed(_, to) = &next {
                table = to.clone();
            }
            moves.push(next);
        }
        if !words.take(",") {
            return Some(moves);
        }
    }
}

/// `DROP PARTITION a, b`, `TRUNCATE PARTITION a, b` or `ALL`, and `EXCHANGE PARTITION a WITH TABLE t`, behind which no other clause can
/// stand (MariaDB and MySQL manuals, "ALTER TABLE"; "Partition Maintenance").
fn partitions(words: &mut Words, table: &Called) -> Option<Move> {
    if words.nth(0)? == "exchange" && words.nth(1)? == "partition" {
        words.next_word();
        words.next_word();
        let partition = words.name()?;
        words.take_all(&["with", "table"]);
        return Some(Move::PartitionExchanged(table.clone(), partition, called(words)?));
    }
    let is_drop = words.nth(0)? == "drop";
    ((is_drop || words.nth(0)? == "truncate") && words.nth(1)? == "partition").then_some(())?;
    words.next_word();
    words.next_word();
    words.take_all(&["if", "exists"]);
    if !is_drop && words.take("all") {
        return Some(Move::Emptied(table.clone(), Reach::Alone));
    }
    let names = list(words).into_iter().map(|partition| partition.name).collect();
    Some(Move::PartitionsEmptied(table.clone(), names))
}

/// What else than a column a clause may drop; each is named behind its kind.
const NO_COLUMN: [&str; 10] =
    ["constraint", "index", "key", "foreign", "primary", "check", "partition", "period", "system", "expression"];

/// One clause of ALTER TABLE.
fn clause(words: &mut Words, table: &Called) -> Option<Move> {
    match words.next_word()?.as_str() {
        "drop" => {
            let is_bare = words.nth(1).is_none_or(|next| ["restrict", "cascade"].contains(&next.as_str()));
            if !is_bare && NO_COLUMN.contains(&words.nth(0)?.as_str()) {
                return None;
            }
            if !is_bare {
                words.take("column");
                words.take_all(&["if", "exists"]);
            }
            Some(Move::ColumnDropped(table.clone(), words.name()?))
        }
        "rename" => renamed_in(words, table),
        "change" => {
            words.take("column");
            words.take_all(&["if", "exists"]);
            Some(Move::ColumnRenamed(table.clone(), words.name()?, words.name()?))
        }
        "set" if words.take("schema") => {
            let to = Called { schema: Some(words.name()?), name: table.name.clone() };
            Some(Move::Renamed(table.clone(), to))
        }
        _ => None,
    }
}

/// `RENAME [TO | AS] table`, `RENAME [COLUMN] a TO b`. A table stays in its schema.
fn renamed_in(words: &mut Words, table: &Called) -> Option<Move> {
    if ["index", "key", "constraint"].contains(&words.nth(0)?.as_str()) && words.nth(2).is_some_and(|to| to == "to") {
        return None;
    }
    let is_table = words.take("to") || words.take("as") || words.nth(1).is_none();
    if is_table {
        let mut to = called(words)?;
        to.schema = to.schema.or_else(|| table.schema.clone());
        return Some(Move::Renamed(table.clone(), to));
    }
    words.take("column");
    let from = words.name()?;
    words.take("to").then_some(())?;
    Some(Move::ColumnRenamed(table.clone(), from, words.name()?))
}

fn inserted(words: &mut Words) -> Option<Vec<Move>> {
    words.take("into").then_some(())?;
    let into = called(words)?;
    let mut targets = Vec::new();
    if words.take("(") {
        while let Some(column) = words.name() {
            targets.push(column);
            words.take(",");
        }
        words.take(")").then_some(())?;
    }
    words.take("select").then_some(())?;
    carried(words, into, &targets).map(|carried| vec![carried])
}

/// Functions that give back the value they are given, in another form or unless it is NULL.
const KEEPING: [&str; 3] = ["cast", "coalesce", "ifnull"];

/// What `SELECT … FROM t` reads, if that is every row of one table once.
fn carried(words: &mut Words, into: Called, targets: &[String]) -> Option<Move> {
    let mut read = Vec::new();
    let mut takes_all = false;
    loop {
        let item = words.until(&["from"]);
        if item.starred() {
            takes_all = true;
        } else {
            read.push(item.columns_kept(&KEEPING)?);
        }
        if !words.take(",") {
            break;
        }
    }
    words.take("from").then_some(())?;
    let from = called(words)?;
    words.take("as");
    let is_whole = |words: &Words| words.is_at_end() || words.nth(0).is_some_and(|word| word == "order");
    if !is_whole(words) {
        let alias = words.nth(0)?;
        (!["where", "limit", "group", "join", "union", ",", "("].contains(&alias.as_str())).then_some(())?;
        words.name()?;
    }
    (is_whole(words) && !words.has_any(&["limit", "conflict", "duplicate", "offset", "fetch"])).then_some(())?;
    let columns = (!takes_all).then(|| {
        let pairs = read.into_iter().enumerate().flat_map(|(at, names)| {
            let target = targets.get(at).cloned();
            names.into_iter().map(move |name| (name.clone(), target.clone().unwrap_or(name)))
        });
        pairs.collect()
    });
    Some(Move::Carried { from, into, columns })
}
