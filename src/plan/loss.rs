//! What scripts would take away that is stored, before anybody has counted it.
//!
//! The scripts are followed statement by statement over the tables that are there: what they make themselves holds nothing that
//! was there before, what they rename is still the same, and rows that were written whole into another table before theirs
//! is dropped (the way in which SQLite's tables are changed) stay, but for the columns that were left behind.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{
        finding::Finding,
        loss::{Going, Vanishing},
        migration::{Script, Statement},
        schema::Schema,
    },
    sql::{self, Called, Dialect, Move, Reach},
};

/// Where scripts would be run.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// How its SQL is read.
    pub dialect: Dialect,
    /// The schema that a name without one is in.
    pub default_schema: &'a str,
    /// What is there.
    pub schema: &'a Schema,
}

/// What would be lost could not be counted.
#[must_use]
pub fn not_counted(target: &str, why: &str) -> Finding {
    Finding::warning("loss-not-counted", target, format!("what the run would take away could not be counted: {why}"))
        .remedy("see that windlass may read every table, and that run.statement_timeout is long enough")
}

/// Whether any of these scripts has a statement that may take away something that is stored.
pub fn takes_away<'a>(dialect: Dialect, scripts: impl IntoIterator<Item = &'a Script>) -> bool {
    let statements = scripts.into_iter().flat_map(|script| &script.statements);
    statements.flat_map(|statement| sql::moves(dialect, written(statement))).any(|one| one.takes_away())
}

/// What these scripts would take away, run one after the other, in the order in which it would happen.
#[must_use]
pub fn vanishing<'a>(ground: Ground<'_>, scripts: impl IntoIterator<Item = &'a Script>) -> Vec<Vanishing> {
    let mut walk = Walk::over(ground);
    for script in scripts {
        let mut last = None;
        for statement in &script.statements {
            // What is run as several steps was written as one statement.
            let this = statement.part.is_some().then(|| (statement.line, written(statement)));
            if this.is_some() && this == last {
                continue;
            }
            last = this;
            walk.place = format!("{}:{}", script.file, statement.line);
            for one in sql::moves(ground.dialect, written(statement)) {
                walk.go(one);
            }
        }
    }
    walk.found
}

fn written(statement: &Statement) -> &str {
    statement.part.as_ref().map_or(statement.sql.as_str(), |part| &part.of)
}

/// Rows that were there before the scripts, in the table they are in now.
#[derive(Debug, Clone)]
struct Rows {
    /// The table that they were in, by its name in the schema.
    of: String,
    /// Its columns that are still there, by their names now.
    columns: BTreeMap<String, String>,
    /// The partition of that table which they were in, where these are its rows alone.
    partition: Option<String>,
    /// The partition which they are in now, where they were put into one.
    within: Option<String>,
    /// The partitions whose rows are elsewhere.
    without: Vec<String>,
}

impl Rows {
    fn of(table: &str, columns: BTreeMap<String, String>) -> Self {
        Self { of: table.to_owned(), columns, partition: None, within: None, without: Vec::new() }
    }
}

/// A table on the way.
#[derive(Debug, Clone)]
struct Standing {
    schema: String,
    name: String,
    rows: Vec<Rows>,
}

struct Walk<'a> {
    ground: Ground<'a>,
    tables: Vec<Standing>,
    place: String,
    found: Vec<Vanishing>,
}

impl<'a> Walk<'a> {
    fn over(ground: Ground<'a>) -> Self {
        let mut walk = Self { ground, tables: Vec::new(), place: String::new(), found: Vec::new() };
        walk.tables = ground
            .schema
            .tables
            .iter()
            .map(|(key, table)| {
                let (schema, name) = walk.parts(key);
                let columns = table.columns.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
                Standing { schema, name, rows: vec![Rows::of(key, columns)] }
            })
            .collect();
        walk
    }

    /// The schema and the name in a table's full name.
    fn parts(&self, full: &str) -> (String, String) {
        let (schema, name) = sql::name_parts(self.ground.dialect, full);
        (schema.unwrap_or(self.ground.default_schema).to_owned(), name.to_owned())
    }

    fn go(&mut self, one: Move) {
        match one {
            Move::Made(table) => {
                if self.at(&table).is_none() {
                    let schema = table.schema.unwrap_or_else(|| self.ground.default_schema.to_owned());
                    self.tables.push(Standing { schema, name: table.name, rows: Vec::new() });
                }
            }
            Move::Dropped(table) => {
                if let Some(at) = self.at(&table) {
                    self.drop_at(at);
                }
            }
            Move::SchemaDropped(schema) => {
                while let Some(at) = self.tables.iter().position(|table| self.is_same(&table.schema, &schema)) {
                    self.drop_at(at);
                }
            }
            Move::Emptied(table, reach) => self.empty(&table, reach),
            Move::ColumnDropped(table, column) => self.drop_column(&table, &column),
            Move::PartitionsEmptied(table, partitions) => {
                for partition in &partitions {
                    self.empty_partition(&table, partition);
                }
            }
            Move::PartitionExchanged(table, partition, with) => self.exchange(&table, &partition, &with),
            Move::Renamed(from, to) => {
                if let Some(at) = self.at(&from) {
                    if let Some(schema) = to.schema {
                        self.tables[at].schema = schema;
                    }
                    self.tables[at].name = to.name;
                }
            }
            Move::ColumnRenamed(table, from, to) => {
                let Some(at) = self.at(&table) else { return };
                let dialect = self.ground.dialect;
                for rows in &mut self.tables[at].rows {
                    rows.columns = std::mem::take(&mut rows.columns)
                        .into_iter()
                        .map(|(now, then)| {
                            (if sql::is_same_name(dialect, &now, &from) { to.clone() } else { now }, then)
                        })
                        .collect();
                }
            }
            Move::Carried { from, into, columns } => self.carry(&from, &into, columns.as_deref()),
        }
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        sql::is_same_name(self.ground.dialect, one, other)
    }

    fn at(&self, table: &Called) -> Option<usize> {
        let schema = table.schema.as_deref().unwrap_or(self.ground.default_schema);
        let is_here = |standing: &Standing| self.is_same(&standing.schema, schema);
        let exactly = self.tables.iter().position(|it| is_here(it) && it.name == table.name);
        exactly.or_else(|| self.tables.iter().position(|it| is_here(it) && self.is_same(&it.name, &table.name)))
    }

    fn drop_at(&mut self, at: usize) {
        let gone = self.tables.remove(at);
        self.lose(gone.rows, Going::TableDropped);
    }

    fn empty(&mut self, table: &Called, reach: Reach) {
        let Some(at) = self.at(table) else { return };
        let mut all = vec![at];
        if reach == Reach::Pointing {
            let mut next = 0;
            while let Some(&at) = all.get(next) {
                let more: Vec<usize> = (0..self.tables.len()).filter(|other| self.points(*other, at)).collect();
                for other in more {
                    if !all.contains(&other) {
                        all.push(other);
                    }
                }
                next += 1;
            }
        }
        for at in all {
            let gone = std::mem::take(&mut self.tables[at].rows);
            self.lose(gone, Going::TableEmptied);
        }
    }

    /// Whether a foreign key of one table that was there before points to another.
    fn points(&self, one: usize, to: usize) -> bool {
        let named = |at: usize| self.tables[at].rows.iter().map(|rows| rows.of.as_str());
        named(one)
            .filter_map(|of| self.ground.schema.tables.get(of))
            .any(|table| table.foreign_keys.values().any(|key| named(to).any(|of| key.references == of)))
    }

    fn drop_column(&mut self, table: &Called, column: &str) {
        let Some(at) = self.at(table) else { return };
        let mut gone = Vec::new();
        for rows in &mut self.tables[at].rows {
            let is_it = |now: &String| sql::is_same_name(self.ground.dialect, now, column);
            let Some(now) = rows.columns.keys().find(|now| is_it(now)).cloned() else { continue };
            gone.extend(rows.columns.remove(&now).map(|then| (rows.of.clone(), then)));
        }
        for (of, column) in gone {
            if !self.kept(&of).is_some_and(|kept| kept.contains(&column)) {
                self.add(&of, Some(column), Going::ColumnDropped);
            }
        }
    }

    /// Rows of a partition go: those that were there before, and those that were put there. Where the table was written into another
    /// they count all the same. Of a partition that the scripts made nobody knows what is in it: what may be counts whole.
    fn empty_partition(&mut self, table: &Called, partition: &str) {
        let Some(at) = self.at(table) else { return };
        let rows = std::mem::take(&mut self.tables[at].rows);
        let (gone, mut left): (Vec<Rows>, _) = rows.into_iter().partition(|rows| self.is_within(rows, partition));
        let here: Vec<String> =
            left.iter().filter(|rows| self.has(rows, partition)).map(|rows| rows.of.clone()).collect();
        let is_known = !gone.is_empty() || left.iter().any(|rows| self.knows(rows, partition));
        let mut cut: Vec<Rows> = Vec::new();
        for rows in left.iter_mut().filter(|_| !is_known) {
            cut.push(rows.clone());
            rows.without.push(partition.to_owned());
        }
        self.tables[at].rows = left;
        self.lose(gone, Going::PartitionEmptied);
        self.lose(cut, Going::PartitionEmptied);
        for of in here {
            self.add_partition(&of, partition);
        }
    }

    /// The rows of a partition and those of a table take each other's place. Of a partition that the scripts made nobody knows
    /// what is in it: from then on, neither table has all.
    fn exchange(&mut self, table: &Called, partition: &str, with: &Called) {
        let (Some(at), Some(with)) = (self.at(table), self.at(with)) else { return };
        let rows = std::mem::take(&mut self.tables[at].rows);
        let (mut out, mut left): (Vec<Rows>, Vec<Rows>) =
            rows.into_iter().partition(|rows| self.is_within(rows, partition));
        let is_known = !out.is_empty() || left.iter().any(|rows| self.knows(rows, partition));
        for rows in &mut left {
            if self.has(rows, partition) {
                out.push(Rows { partition: Some(partition.to_owned()), without: Vec::new(), ..rows.clone() });
            } else if !is_known {
                out.push(Rows { without: vec![partition.to_owned()], ..rows.clone() });
            } else {
                continue;
            }
            rows.without.push(partition.to_owned());
        }
        for rows in &mut out {
            rows.within = None;
        }
        let into = std::mem::replace(&mut self.tables[with].rows, out);
        left.extend(into.into_iter().map(|rows| Rows { within: Some(partition.to_owned()), ..rows }));
        self.tables[at].rows = left;
    }

    /// Whether these are the rows of a table that had such a partition before.
    fn knows(&self, rows: &Rows, partition: &str) -> bool {
        let table = self.ground.schema.tables.get(&rows.of);
        rows.partition.is_none() && rows.within.is_none() && table.is_some_and(|table| table.has_partition(partition))
    }

    /// The same, and the partition's own are still among them.
    fn has(&self, rows: &Rows, partition: &str) -> bool {
        self.knows(rows, partition) && !rows.without.iter().any(|other| other.eq_ignore_ascii_case(partition))
    }

    /// Whether they were put into this partition, or into one of its subpartitions.
    fn is_within(&self, rows: &Rows, partition: &str) -> bool {
        let Some(within) = &rows.within else { return false };
        let mut tables = self.ground.schema.tables.values();
        within.eq_ignore_ascii_case(partition) || tables.any(|table| table.has_subpartition(partition, within))
    }

    fn carry(&mut self, from: &Called, into: &Called, columns: Option<&[(String, String)]>) {
        let (Some(from), Some(into)) = (self.at(from), self.at(into)) else { return };
        let dialect = self.ground.dialect;
        let narrowed = |rows: &Rows| {
            let Some(pairs) = columns else { return rows.clone() };
            let kept = pairs.iter().filter_map(|(read, written)| {
                let then = rows.columns.iter().find(|(now, _)| sql::is_same_name(dialect, now, read))?.1;
                Some((written.clone(), then.clone()))
            });
            Rows { columns: kept.collect(), ..rows.clone() }
        };
        let carried: Vec<Rows> = self.tables[from].rows.iter().map(narrowed).collect();
        if from != into {
            self.tables[into].rows.extend(carried);
        }
    }

    /// The columns of a table that was there before whose values are still there; `None` when its rows are not.
    fn kept(&self, of: &str) -> Option<BTreeSet<String>> {
        let is_copy = |rows: &&Rows| rows.of == of && rows.partition.is_none() && rows.without.is_empty();
        let mut copies = self.tables.iter().flat_map(|table| &table.rows).filter(is_copy).peekable();
        copies.peek()?;
        Some(copies.flat_map(|rows| rows.columns.values().cloned()).collect())
    }

    fn lose(&mut self, gone: Vec<Rows>, what: Going) {
        for rows in gone {
            if let Some(partition) = &rows.partition {
                self.add_partition(&rows.of, partition);
                continue;
            }
            let Some(kept) = self.kept(&rows.of) else {
                self.add(&rows.of, None, what);
                continue;
            };
            for column in rows.columns.into_values().filter(|column| !kept.contains(column)) {
                self.add(&rows.of, Some(column), Going::ColumnDropped);
            }
        }
    }

    fn add_partition(&mut self, of: &str, partition: &str) {
        let partition = Some(partition.to_owned());
        let gone = Vanishing { partition, ..self.vanishing(of, Going::PartitionEmptied) };
        self.found.push(gone);
    }

    fn add(&mut self, of: &str, column: Option<String>, what: Going) {
        let gone = Vanishing { column, ..self.vanishing(of, what) };
        self.found.push(gone);
    }

    /// All rows of a table that was there before.
    fn vanishing(&self, of: &str, what: Going) -> Vanishing {
        let (schema, table) = self.parts(of);
        let schema = Some(schema).filter(|schema| schema != self.ground.default_schema);
        Vanishing { schema, table, column: None, partition: None, what, place: self.place.clone() }
    }
}
