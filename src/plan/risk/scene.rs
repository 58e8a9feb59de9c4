//! What a statement finds: the target's tables, and what the run has done before it.

use std::collections::{HashMap, HashSet};

use super::words;
use crate::{
    model::{
        schema::{Column, Table},
        server::Server,
    },
    plan::Facts,
    sql::{Act, Clause, Words},
};

/// Bytes that a row is taken to have with its share of the indexes, where the server has not counted.
const ROW_BYTES: u64 = 200;
/// Rows from which on a table counts as large.
pub const LARGE_ROWS: u64 = 10_000;

/// The target's tables and what the run has done to them so far. Names are in small letters, without their schema.
pub struct Scene<'a> {
    /// What the plan is made of.
    pub facts: &'a Facts<'a>,
    tables: HashMap<String, &'a Table>,
    /// The tables that the run has made.
    made: HashSet<String>,
    /// The indexes that the run has made, each with its table.
    indexes: HashMap<String, String>,
    /// The columns that the run has added.
    added: HashSet<(String, String)>,
    /// The constraints that the run has added without looking at the rows, and those that this migration has added so.
    unproven: HashMap<(String, String), Option<String>>,
    unproven_here: HashSet<(String, String)>,
    /// The columns of which a constraint that the run has validated says that they hold something.
    proven: HashSet<(String, String)>,
}

impl<'a> Scene<'a> {
    /// Before the run.
    pub fn before(facts: &'a Facts<'a>) -> Self {
        let mut tables: HashMap<String, &Table> = HashMap::new();
        for (name, table) in facts.schema.iter().flat_map(|schema| &schema.tables) {
            let plain = name.rsplit('.').next().unwrap_or(name).to_lowercase();
            // Of two tables with one name in two schemas, the larger one is spoken of.
            tables.entry(plain).and_modify(|known| *known = larger(known, table)).or_insert(table);
        }
        Self {
            facts,
            tables,
            made: HashSet::new(),
            indexes: HashMap::new(),
            added: HashSet::new(),
            unproven: HashMap::new(),
            unproven_here: HashSet::new(),
            proven: HashSet::new(),
        }
    }

    /// Another migration begins.
    pub fn enter(&mut self) {
        self.unproven_here.clear();
    }

    /// The server that answers.
    pub fn server(&self) -> Option<&'a Server> {
        self.facts.server
    }

    /// Whether the server is this or newer; an unknown one is.
    pub fn is_at_least(&self, release: (u32, u32, u32)) -> bool {
        self.server().is_none_or(|server| server.release() >= release)
    }

    /// A table that was there before the run.
    pub fn table(&self, name: &str) -> Option<&'a Table> {
        self.tables.get(name).copied().filter(|_| !self.made.contains(name))
    }

    /// Every table that was there before the run.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &'a Table)> + '_ {
        self.tables.iter().map(|(name, table)| (name.as_str(), *table)).filter(|(name, _)| !self.made.contains(*name))
    }

    /// A column that was there before the run.
    pub fn column(&self, table: &str, column: &str) -> Option<&'a Column> {
        self.table(table)?.columns.iter().find(|own| own.name.eq_ignore_ascii_case(column))
    }

    /// Whether the run itself has made the table.
    pub fn is_made(&self, table: &str) -> bool {
        self.made.contains(table)
    }

    /// Whether the run itself has added the column, or made its table.
    pub fn is_added(&self, table: &str, column: &str) -> bool {
        self.is_made(table) || self.added.contains(&(table.to_owned(), column.to_owned()))
    }

    /// Whether nobody minds what is done to a table: the run has made it, or it is known to be empty.
    pub fn is_idle(&self, table: &str) -> bool {
        self.is_made(table) || self.table(table).is_some_and(|table| table.is_empty && !table.columns.is_empty())
    }

    /// Whether a table is known to hold many rows.
    pub fn is_large(&self, table: &str) -> bool {
        self.rows(table) >= LARGE_ROWS
    }

    /// The rows of a table, as the server estimates them, else by its size; 0 where nothing is known.
    pub fn rows(&self, table: &str) -> u64 {
        let by_size = |table: &Table| if table.is_empty { 0 } else { table.size_bytes / ROW_BYTES };
        self.table(table).map_or(0, |table| match table.rows_estimate {
            0 => by_size(table),
            rows => rows,
        })
    }

    /// ` (about 1 200 000 rows, 340 MB)`; less, or nothing, where less is known.
    pub fn sized(&self, table: &str) -> String {
        match self.table(table) {
            Some(table) if table.rows_estimate > 0 => {
                format!(" (about {}, {})", words::rows(table.rows_estimate), words::size(table.size_bytes))
            }
            Some(table) if table.size_bytes > 0 => format!(" ({})", words::size(table.size_bytes)),
            _ => String::new(),
        }
    }

    /// `, for some 12 s`, for work on every row of a table.
    pub fn lasting(&self, table: &str) -> String {
        words::lasting(self.rows(table))
    }

    /// The table of an index.
    pub fn table_of_index(&self, index: &str) -> Option<String> {
        let has = |table: &Table| table.indexes.keys().any(|name| name.eq_ignore_ascii_case(index));
        let known = self.tables.iter().find(|(_, table)| has(table)).map(|(name, _)| name.clone());
        self.indexes.get(index).cloned().or(known)
    }

    /// Whether the run has made the index.
    pub fn is_made_index(&self, index: &str) -> bool {
        self.indexes.contains_key(index)
    }

    /// Whether the migration itself has added a constraint without looking at the rows.
    pub fn is_unproven_here(&self, table: &str, constraint: &str) -> bool {
        self.unproven_here.contains(&(table.to_owned(), constraint.to_owned()))
    }

    /// Whether a valid constraint says that a column holds something.
    pub fn is_proven(&self, table: &str, column: &str) -> bool {
        let says = |words: &String| {
            let plain = words.replace(['(', ')', '"'], "").to_lowercase();
            plain == format!("check {column} is not null")
        };
        self.proven.contains(&(table.to_owned(), column.to_owned()))
            || self.table(table).is_some_and(|table| table.constraints.values().any(says))
    }

    /// Remembers what a statement does.
    pub fn note(&mut self, act: &Act) {
        match act {
            Act::CreateTable { table, .. } => {
                self.made.insert(table.clone());
            }
            Act::CreateIndex { index: Some(index), table, .. } => {
                self.indexes.insert(index.clone(), table.clone());
            }
            Act::RenameTables(pairs) => pairs.iter().for_each(|(from, to)| self.renamed(from, to)),
            Act::AlterTable { table, clauses, .. } => clauses.iter().for_each(|clause| self.altered(table, clause)),
            Act::Other(words) => self.made.extend(made_view(words)),
            _ => {}
        }
    }

    fn renamed(&mut self, from: &str, to: &str) {
        if self.made.remove(from) {
            self.made.insert(to.to_owned());
        } else if let Some(table) = self.tables.get(from).copied() {
            self.tables.insert(to.to_owned(), table);
        }
    }

    fn altered(&mut self, table: &str, clause: &Clause) {
        match clause {
            Clause::AddColumn { column, .. } => {
                self.added.insert((table.to_owned(), column.clone()));
            }
            Clause::RenameTo { to } => self.renamed(table, to),
            Clause::AddConstraint { name: Some(name), definition } => {
                let key = (table.to_owned(), name.clone());
                let column = held(definition);
                if definition.has(&["not", "valid"]) {
                    self.unproven_here.insert(key.clone());
                    self.unproven.insert(key, column);
                } else if let Some(column) = column {
                    self.proven.insert((table.to_owned(), column));
                }
            }
            Clause::Other(words) => {
                let mut words = words.clone();
                if words.take("validate")
                    && words.take("constraint")
                    && let Some(name) = words.name()
                {
                    self.validated(table, &name.to_lowercase());
                }
            }
            _ => {}
        }
    }

    fn validated(&mut self, table: &str, constraint: &str) {
        let known = self.unproven.remove(&(table.to_owned(), constraint.to_owned())).flatten();
        let of_schema = || {
            let words =
                self.table(table)?.constraints.iter().find(|(name, _)| name.eq_ignore_ascii_case(constraint))?.1;
            held(&Words::of_newest(self.facts.site.dialect, words))
        };
        if let Some(column) = known.or_else(of_schema) {
            self.proven.insert((table.to_owned(), column));
        }
    }
}

/// The materialized view that a statement makes.
fn made_view(words: &Words) -> Option<String> {
    let mut words = words.clone();
    (words.take("create") && words.take("materialized") && words.take("view")).then_some(())?;
    words.take_all(&["if", "not", "exists"]);
    Some(words.name()?.to_lowercase())
}

/// The column of which a CHECK says that it holds something, and nothing else.
fn held(definition: &Words) -> Option<String> {
    let mut words = definition.clone();
    words.take("check").then_some(())?;
    let mut inner = words.group()?;
    while let Some(deeper) = inner.group() {
        inner = deeper;
    }
    let column = inner.name()?.to_lowercase();
    inner.take_all(&["is", "not", "null"]);
    inner.is_at_end().then_some(column)
}

fn larger<'a>(one: &'a Table, other: &'a Table) -> &'a Table {
    if one.rows_estimate >= other.rows_estimate { one } else { other }
}
