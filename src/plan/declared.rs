//! The declared schema: which of its statements make a table, and what becomes of the record when something was added.

use std::collections::BTreeMap;

use crate::{
    model::{
        finding::Finding,
        migration::{Script, Statement},
        schema::{Schema, Table},
    },
    sql::{self, Act, Dialect, Words},
};

/// A statement that makes a table, or gives something to one.
#[derive(Debug, Clone, Copy)]
pub struct Making<'a> {
    /// The table, by its full name as it is declared.
    pub table: &'a str,
    /// The statement as it is written.
    pub statement: &'a str,
    /// Whether it makes the table; what else there is belongs to a table that was just made.
    pub creates: bool,
}

/// The statements of a script that make these tables and what belongs to them, in their order. A table is made by none where
/// nothing tells that a statement is about it, and by none that could take another's place or fill it.
#[must_use]
pub fn makes<'a>(dialect: Dialect, script: &'a Script, declared: &Schema, tables: &'a [String]) -> Vec<Making<'a>> {
    let wanted: BTreeMap<String, &str> = tables.iter().map(|name| (name.to_lowercase(), name.as_str())).collect();
    let mut made: Vec<(Making<'a>, &Statement)> = Vec::new();
    for whole in &script.statements {
        let statement = written(whole);
        let Some((schema, table, creates)) = made_for(dialect, statement) else { continue };
        let Some(table) = wanted.get(&full_name(dialect, declared, schema.as_deref(), &table)) else { continue };
        let is_told = made
            .last()
            .is_some_and(|(told, last)| last.part.is_some() && last.line == whole.line && told.statement == statement);
        let has_table = made.iter().any(|(told, _)| told.table == *table);
        if !is_told && (creates || has_table) {
            made.push((Making { table, statement, creates }, whole));
        }
    }
    made.into_iter().map(|(making, _)| making).collect()
}

/// The full name of a table that a statement names, in small letters. Without a schema it is that of the place where new tables go,
/// and of none where tables of that name are declared elsewhere too, as a script may change the place on its way.
fn full_name(dialect: Dialect, declared: &Schema, schema: Option<&str>, table: &str) -> String {
    let mut called = declared.tables.keys().map(|name| name.to_lowercase());
    match schema.map(|schema| format!("{schema}.{table}")) {
        Some(full) if called.any(|name| name == full) => full,
        Some(_) => table.to_owned(),
        None if called.filter(|name| sql::name_parts(dialect, name).1 == table).count() == 1 => table.to_owned(),
        None => String::new(),
    }
}

/// Whether a statement makes, changes, fills or drops tables of which each is one of these, and nothing else.
#[must_use]
pub fn is_about_only(dialect: Dialect, statement: &str, these: &dyn Fn(&str) -> bool) -> bool {
    match sql::act(dialect, statement) {
        Act::CreateTable { table, .. }
        | Act::CreateIndex { table, .. }
        | Act::AlterTable { table, .. }
        | Act::Insert { table, .. } => these(&table),
        Act::DropTables { tables } => tables.iter().all(|table| these(table)),
        _ => false,
    }
}

/// A statement as the file has it.
fn written(statement: &Statement) -> &str {
    statement.part.as_ref().map_or(statement.sql.as_str(), |part| &part.of)
}

/// The table that a statement makes, or gives something to, with its schema where one is written, and whether it makes it.
fn made_for(dialect: Dialect, statement: &str) -> Option<(Option<String>, String, bool)> {
    let replaces = Words::of_newest(dialect, statement).nth(1).is_some_and(|word| word == "or");
    match sql::act(dialect, statement) {
        Act::CreateTable { schema, table, body } if !replaces && !is_filled(&body) => Some((schema, table, true)),
        Act::CreateIndex { schema, table, .. } if !replaces => Some((schema, table, false)),
        Act::AlterTable { schema, table, .. } => Some((schema, table, false)),
        _ => None,
    }
}

/// `CREATE TABLE t AS …`, and on MariaDB and MySQL without the word.
fn is_filled(body: &Words) -> bool {
    body.has_outside(&["as"]) || body.has_outside(&["select"])
}

/// Tables that have their columns in another order: it is no difference, unless somebody leaves out the columns' names.
#[must_use]
pub fn other_order(fresh: &Schema, upgraded: &Schema) -> Vec<Finding> {
    let common = |one: &Table, other: &Table| -> Vec<String> {
        let is_in_both = |name: &&String| other.columns.iter().any(|column| column.name == **name);
        one.columns.iter().map(|column| &column.name).filter(is_in_both).cloned().collect()
    };
    let both = fresh.tables.iter().filter_map(|(name, table)| Some((name, table, upgraded.tables.get(name)?)));
    both.filter(|(_, fresh, upgraded)| common(fresh, upgraded) != common(upgraded, fresh))
        .map(|(name, fresh, upgraded)| {
            let [then, now] = [common(fresh, upgraded), common(upgraded, fresh)].map(|names| names.join(", "));
            let message = format!(
                "a fresh installation has the columns in the order {then}, an upgraded database in the order {now}"
            );
            Finding::info("column-order", name, message)
                .remedy("it does no harm as long as every INSERT names its columns")
        })
        .collect()
}

/// The schema that the last run left, with what was added since: everything that is `after` and was not `before`. What differed
/// otherwise still does.
#[must_use]
pub fn remembered(mut left: Schema, before: &Schema, after: &Schema) -> Schema {
    added(&mut left.objects, &before.objects, &after.objects);
    for (name, now) in &after.tables {
        let Some(then) = before.tables.get(name) else {
            left.tables.insert(name.clone(), now.clone());
            continue;
        };
        let Some(table) = left.tables.get_mut(name) else { continue };
        let is_new = |column: &str| then.columns.iter().all(|known| known.name != column);
        // One that was there long before, had gone and was added again is there once.
        table.columns.retain(|column| !(is_new(&column.name) && now.columns.iter().any(|one| one.name == column.name)));
        table.columns.extend(now.columns.iter().filter(|column| is_new(&column.name)).cloned());
        added(&mut table.indexes, &then.indexes, &now.indexes);
        added(&mut table.constraints, &then.constraints, &now.constraints);
        added(&mut table.foreign_keys, &then.foreign_keys, &now.foreign_keys);
    }
    left
}

fn added<T: Clone>(left: &mut BTreeMap<String, T>, before: &BTreeMap<String, T>, after: &BTreeMap<String, T>) {
    let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
    left.extend(new.map(|(name, it)| (name.clone(), it.clone())));
}
