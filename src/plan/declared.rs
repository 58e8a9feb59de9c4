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

/// The statements of a script that make these tables and what belongs to them, as they are written and in their order, each with
/// the table's name as it is given here. A table whose name stands in several schemas has none: whose a statement is cannot
/// be told then.
#[must_use]
pub fn makes<'a>(
    dialect: Dialect,
    script: &'a Script,
    declared: &Schema,
    tables: &'a [String],
) -> Vec<(&'a str, &'a Statement)> {
    let plain = |name: &str| sql::name_parts(dialect, name).1.to_lowercase();
    let mut called: BTreeMap<String, usize> = BTreeMap::new();
    for name in declared.tables.keys() {
        *called.entry(plain(name)).or_default() += 1;
    }
    let wanted: BTreeMap<String, &str> = tables
        .iter()
        .map(|name| (plain(name), name.as_str()))
        .filter(|(plain, _)| called.get(plain) == Some(&1))
        .collect();
    let mut made: Vec<(&str, &Statement)> = Vec::new();
    for statement in &script.statements {
        let Some(table) = made_for(dialect, written(statement)) else { continue };
        let is_told = made.last().is_some_and(|(_, last)| {
            last.part.is_some() && last.line == statement.line && written(last) == written(statement)
        });
        if let Some(name) = wanted.get(&table).filter(|_| !is_told) {
            made.push((name, statement));
        }
    }
    made
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

/// The table that a statement makes, or gives something to; none of one that could take another's place.
fn made_for(dialect: Dialect, statement: &str) -> Option<String> {
    let replaces = Words::of_newest(dialect, statement).nth(1).is_some_and(|word| word == "or");
    match sql::act(dialect, statement) {
        Act::CreateTable { table, .. } | Act::CreateIndex { table, .. } if !replaces => Some(table),
        Act::AlterTable { table, .. } => Some(table),
        _ => None,
    }
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
        let columns = now.columns.iter().filter(|column| is_new(&column.name));
        table.columns.extend(columns.cloned());
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
