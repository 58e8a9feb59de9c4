//! The schema, from the pragmas wherever they tell, so that a table that was altered reads as one that was created so.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqliteConnection;

use super::{
    definition::{self, Hidden},
    rows::{self, int, optional, text},
    sizes, tables,
};
use crate::{
    engine::Row,
    model::schema::{Column, ForeignKey, Schema, Table},
};

/// Ordinary tables of the file itself, by `t`: none of a virtual table's own, whose module may be missing here.
macro_rules! for_each_table {
    ($columns:literal, $from:literal, $rest:literal) => {
        concat!(
            "SELECT t.name, ",
            $columns,
            " FROM pragma_table_list AS t",
            $from,
            " WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
            $rest
        )
    };
}

const TABLES: &str =
    for_each_table!("s.sql, t.wr, t.strict", " JOIN sqlite_schema AS s ON s.type = 'table' AND s.name = t.name", "");

const COLUMNS: &str = for_each_table!(
    "c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden",
    ", pragma_table_xinfo(t.name) AS c",
    " ORDER BY t.name, c.cid"
);

const INDEXES: &str = for_each_table!(
    "i.name, i.\"unique\", i.origin, i.partial, (SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = i.name)",
    ", pragma_index_list(t.name) AS i",
    ""
);

const INDEX_COLUMNS: &str = for_each_table!(
    "i.name, c.cid, c.name, c.\"desc\", c.coll",
    ", pragma_index_list(t.name) AS i, pragma_index_xinfo(i.name) AS c",
    " AND c.key = 1 ORDER BY i.name, c.seqno"
);

const FOREIGN_KEYS: &str = for_each_table!(
    "f.id, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete, f.\"match\"",
    ", pragma_foreign_key_list(t.name) AS f",
    " ORDER BY t.name, f.id, f.seq"
);

/// Its table tells of an index as well; here it is found by its own name, which is all that DROP INDEX gives.
const OBJECTS: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger', 'index') \
                       AND sql IS NOT NULL \
                       OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%')";

/// A column that an expression computes is told so by this number (SQLite manual, `PRAGMA table_xinfo`).
const GENERATED_VIRTUAL: i64 = 2;
/// As [`GENERATED_VIRTUAL`], but kept in the row.
const GENERATED_STORED: i64 = 3;
/// What stands in the place of a column when an index holds an expression (SQLite manual, `PRAGMA index_xinfo`).
const EXPRESSION: i64 = -2;

/// The schema; with names, only the tables and objects called so, and the tables that have an index called so.
///
/// # Errors
/// The driver's.
pub(super) async fn schema(connection: &mut SqliteConnection, names: Option<&[String]>) -> Result<Schema, sqlx::Error> {
    let mut schema = Schema::default();
    let mut hidden = BTreeMap::new();
    for row in rows::ask(connection, TABLES, &[]).await?.iter().filter(|row| !tables::is_ours(&text(row, 0))) {
        let facts = definition::hidden(&text(row, 1));
        schema.tables.insert(text(row, 0), table(row, &facts));
        hidden.insert(text(row, 0), facts);
    }
    add_columns(&mut schema, &hidden, &rows::ask(connection, COLUMNS, &[]).await?);
    let indexes = rows::ask(connection, INDEXES, &[]).await?;
    add_indexes(&mut schema, &indexes, &rows::ask(connection, INDEX_COLUMNS, &[]).await?);
    add_foreign_keys(&mut schema, &rows::ask(connection, FOREIGN_KEYS, &[]).await?);
    add_objects(&mut schema, &rows::ask(connection, OBJECTS, &[]).await?);
    if let Some(names) = names {
        keep_only(&mut schema, names);
    }
    sizes::estimate(connection, &mut schema).await?;
    Ok(schema)
}

fn table(row: &Row, hidden: &Hidden) -> Table {
    let told =
        [(int(row, 2) == 1, "without rowid"), (int(row, 3) == 1, "strict"), (hidden.autoincrement, "autoincrement")];
    let options = told.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect::<Vec<_>>().join(" ");
    Table { options, constraints: hidden.constraints.clone(), ..Table::default() }
}

fn add_columns(schema: &mut Schema, hidden: &BTreeMap<String, Hidden>, found: &[Row]) {
    let mut keys: BTreeMap<String, BTreeMap<i64, String>> = BTreeMap::new();
    for row in found {
        let Some(table) = schema.tables.get_mut(&text(row, 0)) else { continue };
        let name = text(row, 1);
        let mut extra = Vec::new();
        match int(row, 6) {
            GENERATED_VIRTUAL => extra.push("virtual".to_owned()),
            GENERATED_STORED => extra.push("stored".to_owned()),
            _ => {}
        }
        extra.extend(hidden.get(&text(row, 0)).and_then(|facts| facts.columns.get(&name.to_lowercase())).cloned());
        if int(row, 5) > 0 {
            keys.entry(text(row, 0)).or_default().insert(int(row, 5), name.clone());
        }
        table.columns.push(Column {
            name,
            data_type: data_type(&text(row, 2)),
            nullable: int(row, 3) == 0,
            default: optional(row, 4).map(|default| definition::canonical(&default)),
            extra: extra.join(" "),
        });
    }
    for (name, columns) in keys {
        if let Some(table) = schema.tables.get_mut(&name) {
            let columns = columns.into_values().collect::<Vec<_>>().join(", ");
            table.indexes.insert("primary key".to_owned(), format!("({columns})"));
        }
    }
}

fn add_indexes(schema: &mut Schema, indexes: &[Row], columns: &[Row]) {
    for row in indexes {
        let Some(table) = schema.tables.get_mut(&text(row, 0)) else { continue };
        let name = text(row, 1);
        let own: Vec<&Row> = columns.iter().filter(|column| text(column, 1) == name).collect();
        // A condition and an expression are in the text alone; an index that a constraint made has neither.
        let in_text = int(row, 4) == 1 || own.iter().any(|column| int(column, 2) == EXPRESSION);
        let words = if in_text { definition::from_parenthesis(&text(row, 5)) } else { index_columns(&own) };
        match text(row, 3).as_str() {
            "pk" => table.indexes.insert("primary key".to_owned(), format!("{words} with an index")),
            "u" => table.constraints.insert(format!("unique {words}"), format!("unique {words}")),
            _ if int(row, 2) == 1 => table.indexes.insert(name, format!("unique {words}")),
            _ => table.indexes.insert(name, words),
        };
    }
}

fn index_columns(columns: &[&Row]) -> String {
    let word = |row: &&Row| {
        let collation = match text(row, 5).to_lowercase() {
            binary if binary == "binary" => String::new(),
            other => format!(" collate {other}"),
        };
        format!("{}{collation}{}", text(row, 3), if int(row, 4) == 1 { " desc" } else { "" })
    };
    format!("({})", columns.iter().map(word).collect::<Vec<_>>().join(", "))
}

fn add_foreign_keys(schema: &mut Schema, found: &[Row]) {
    let mut keys: BTreeMap<(String, i64), ForeignKey> = BTreeMap::new();
    for row in found {
        let key = keys.entry((text(row, 0), int(row, 1))).or_insert_with(|| ForeignKey {
            columns: Vec::new(),
            references: text(row, 2),
            referenced_columns: Vec::new(),
            rules: format!("on update {} on delete {} match {}", text(row, 5), text(row, 6), text(row, 7))
                .to_lowercase(),
        });
        key.columns.push(text(row, 3));
        // Nothing is said when it points to the primary key.
        key.referenced_columns.extend(optional(row, 4));
    }
    for ((table, _), key) in keys {
        let Some(table) = schema.tables.get_mut(&table) else { continue };
        // SQLite has no names for them, and numbers them by their place in the text.
        let name =
            format!("({}) -> {} ({})", key.columns.join(", "), key.references, key.referenced_columns.join(", "));
        table.foreign_keys.insert(name, key);
    }
}

fn add_objects(schema: &mut Schema, found: &[Row]) {
    for row in found.iter().filter(|row| !tables::is_ours(&text(row, 2))) {
        let words = definition::canonical(&text(row, 3));
        if text(row, 0) == "table" {
            schema.tables.insert(text(row, 1), Table { options: words, ..Table::default() });
        } else {
            schema.objects.insert(format!("{} {}", text(row, 0), text(row, 1)), words);
        }
    }
}

fn keep_only(schema: &mut Schema, names: &[String]) {
    let names: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    schema.tables.retain(|name, table| {
        names.contains(&name.to_lowercase()) || table.indexes.keys().any(|index| names.contains(&index.to_lowercase()))
    });
    schema.objects.retain(|name, _| name.split_once(' ').is_some_and(|(_, name)| names.contains(&name.to_lowercase())));
}

/// A declared type, which SQLite keeps as it was written.
fn data_type(declared: &str) -> String {
    let words = declared.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    words.replace(" (", "(").replace("( ", "(").replace(" )", ")").replace(", ", ",").replace(" ,", ",")
}
