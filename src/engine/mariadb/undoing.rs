//! The statements that take additions to a schema out again.

use super::broken::name as quoted;
use crate::model::schema::{Schema, Table};

/// The statements that lead from `now` back to `before`, where that only means taking out what was added; `None` when
/// anything was dropped or changed, which no statement brings back. Whoever runs them looks afterwards whether they did.
pub(super) fn undoing(before: &Schema, now: &Schema) -> Option<Vec<String>> {
    let is_gone = before.tables.keys().any(|name| !now.tables.contains_key(name));
    let is_changed = before.objects.iter().any(|(name, words)| now.objects.get(name) != Some(words));
    if is_gone || is_changed {
        return None;
    }
    // New tables may point to each other, in any order (MariaDB manual, "foreign_key_checks").
    let mut statements = vec![
        "SET @windlass_foreign_key_checks = @@foreign_key_checks".to_owned(),
        "SET SESSION foreign_key_checks = 0".to_owned(),
    ];
    let new_objects = now.objects.keys().filter(|name| !before.objects.contains_key(*name));
    for (kind, name) in new_objects.map(|key| key.split_once(' ').unwrap_or((key, ""))) {
        let is_known = ["view", "trigger", "procedure", "function", "event", "sequence"].contains(&kind);
        statements.push(is_known.then(|| format!("DROP {} {}", kind.to_uppercase(), quoted(name)))?);
    }
    for (name, table) in &now.tables {
        match before.tables.get(name) {
            None => statements.push(format!("DROP TABLE {}", quoted(name))),
            Some(old) => statements.extend(taken_out(name, old, table)?),
        }
    }
    statements.push("SET SESSION foreign_key_checks = @windlass_foreign_key_checks".to_owned());
    Some(statements)
}

/// One ALTER, which is one step whatever it holds (MariaDB manual, "Atomic DDL"); nothing for a table without additions.
fn taken_out(name: &str, old: &Table, now: &Table) -> Option<Vec<String>> {
    let column = |table: &Table, name: &str| table.columns.iter().find(|column| column.name == name).cloned();
    let keeps_columns = old.columns.iter().all(|one| column(now, &one.name).as_ref() == Some(one));
    let keeps_indexes = old.indexes.iter().all(|(name, words)| now.indexes.get(name) == Some(words));
    let keeps_checks = old.constraints.iter().all(|(name, words)| now.constraints.get(name) == Some(words));
    let keeps_keys = old.foreign_keys.iter().all(|(name, key)| now.foreign_keys.get(name) == Some(key));
    if !(keeps_columns && keeps_indexes && keeps_checks && keeps_keys && old.options == now.options) {
        return None;
    }
    let keys = now.foreign_keys.keys().filter(|key| !old.foreign_keys.contains_key(*key));
    let checks = now.constraints.keys().filter(|check| !old.constraints.contains_key(*check));
    let indexes = now.indexes.keys().filter(|index| !old.indexes.contains_key(*index));
    let columns = now.columns.iter().filter(|one| column(old, &one.name).is_none());
    let mut clauses: Vec<String> = keys.map(|key| format!("DROP FOREIGN KEY {}", quoted(key))).collect();
    clauses.extend(checks.map(|check| format!("DROP CONSTRAINT {}", quoted(check))));
    clauses.extend(indexes.map(|index| match index.as_str() {
        "PRIMARY" => "DROP PRIMARY KEY".to_owned(),
        index => format!("DROP INDEX {}", quoted(index)),
    }));
    clauses.extend(columns.map(|column| format!("DROP COLUMN {}", quoted(&column.name))));
    let alter = (!clauses.is_empty()).then(|| format!("ALTER TABLE {} {}", quoted(name), clauses.join(", ")));
    Some(alter.into_iter().collect())
}
