//! Tables that are made anew (SQLite documentation, ALTER TABLE, "Making Other Kinds Of Table Schema Changes").

use crate::{
    model::{risk::Rule, schema::Table},
    plan::risk::{Case, Trip, general::takes_name},
    sql::{Act, Clause, Words},
};

/// A column of a new table: its name, and its type as it is written.
type Column = (String, String);

/// The table that will take the place of one that is dropped: its name, and its definition.
fn successor<'a>(case: &Case<'a>, table: &str) -> Option<(&'a str, &'a Words)> {
    let renamed = case.behind().iter().find_map(|act| match act {
        Act::AlterTable { table: from, .. } if takes_name(act, table) => Some(from),
        _ => None,
    })?;
    definition(case, renamed).map(|body| (renamed.as_str(), body))
}

/// The definition of a table that the migration makes.
fn definition<'a>(case: &Case<'a>, wanted: &str) -> Option<&'a Words> {
    case.acts.iter().find_map(|act| match act {
        Act::CreateTable { table, body, .. } if table == wanted => Some(body),
        _ => None,
    })
}

/// The columns of a definition.
fn columns(body: &Words) -> Vec<Column> {
    const CONSTRAINTS: [&str; 5] = ["constraint", "primary", "unique", "check", "foreign"];
    const BEHIND_TYPE: [&str; 9] =
        ["constraint", "primary", "not", "null", "unique", "check", "default", "collate", "references"];
    let clauses = body.clone().group().map(|mut group| group.clauses()).unwrap_or_default();
    let is_column = |clause: &Words| clause.nth(0).is_none_or(|first| !CONSTRAINTS.contains(&first.as_str()));
    let column = |mut clause: Words| {
        let name = clause.name()?.to_lowercase();
        let kind = clause.up_to_any_outside(&BEHIND_TYPE).told();
        Some((name, kind.replace(' ', "").to_uppercase()))
    };
    clauses.into_iter().filter(is_column).filter_map(column).collect()
}

/// A table that is renamed away, so that another can be made in its place: since 3.26 whatever refers to it follows the old one.
pub fn renamed_away(case: &Case<'_>, table: &str, to: &str) -> Option<Trip> {
    case.scene.table(table)?;
    let is_made_again =
        case.behind().iter().any(|act| matches!(act, Act::CreateTable { table: made, .. } if made == table));
    let is_legacy =
        case.before().iter().any(|act| matches!(act, Act::Other(words) if super::statement::is_legacy(words)));
    if !is_made_again || is_legacy {
        return None;
    }
    let refers = |key: &crate::model::schema::ForeignKey| key.references.eq_ignore_ascii_case(table);
    let children = case.scene.tables().filter(|(name, own)| *name != table && own.foreign_keys.values().any(refers));
    let mut users: Vec<String> = children.map(|(name, _)| name.to_owned()).collect();
    users.extend(objects(case, table, &["view", "trigger"]));
    if users.is_empty() {
        return None;
    }
    users.sort();
    let message = format!(
        "{table} is renamed to {to} and made anew: {} follow the old table, and refer to {to} from then on, which is \
         dropped",
        users.join(", ")
    );
    let remedy = format!(
        "the other way round: CREATE TABLE {table}_new, copy the rows, DROP TABLE {table}, ALTER TABLE {table}_new \
         RENAME TO {table}"
    );
    Some(Trip::new(Rule::RebuildOrder, message, remedy))
}

/// The views and triggers that name a table.
fn objects(case: &Case<'_>, table: &str, kinds: &[&str]) -> Vec<String> {
    let schema = case.scene.facts.schema.iter();
    let named = schema.flat_map(|schema| &schema.objects).filter(|(key, words)| {
        let is_of_kind = key.split_once(' ').is_some_and(|(kind, _)| kinds.contains(&kind));
        is_of_kind && Words::of_newest(case.scene.facts.site.dialect, words).names().any(|name| name == table)
    });
    named.map(|(key, _)| key.clone()).collect()
}

/// A table that is dropped for one that takes its place.
pub fn dropped(case: &Case<'_>, table: &str) -> Vec<Trip> {
    let Some(known) = case.scene.table(table) else { return Vec::new() };
    let Some((successor, body)) = successor(case, table) else { return Vec::new() };
    [lost_objects(case, table, known), restarts(case, table, known, successor, body)].into_iter().flatten().collect()
}

/// Indexes and triggers go with their table (SQLite documentation, DROP TABLE).
fn lost_objects(case: &Case<'_>, table: &str, known: &Table) -> Option<Trip> {
    let is_made = |name: &str| {
        let makes = |act: &Act| match act {
            Act::CreateIndex { index: Some(index), .. } => index.eq_ignore_ascii_case(name),
            Act::Other(words) => words.has(&["trigger"]) && words.names().any(|own| own.eq_ignore_ascii_case(name)),
            _ => false,
        };
        case.acts.iter().any(makes)
    };
    let indexes = known.indexes.keys().filter(|name| *name != "primary key").map(|name| format!("index {name}"));
    let triggers = objects(case, table, &["trigger"]).into_iter().filter(|key| is_on(case, key, table));
    let all = indexes.chain(triggers);
    let lost: Vec<String> = all.filter(|key| !is_made(key.split_once(' ').map_or("", |(_, name)| name))).collect();
    if lost.is_empty() {
        return None;
    }
    let message = format!("{} go with the old {table}, and the migration does not make them again", lost.join(", "));
    Some(Trip::new(Rule::RebuildLosesObjects, message, "write their CREATE INDEX and CREATE TRIGGER behind the rename"))
}

/// Whether a trigger is one of a table, and does not only name it.
fn is_on(case: &Case<'_>, key: &str, table: &str) -> bool {
    let words = case.scene.facts.schema.and_then(|schema| schema.objects.get(key));
    words.is_some_and(|words| {
        let mut words = Words::of_newest(case.scene.facts.site.dialect, words);
        let _ = words.up_to(&["on"]);
        words.take("on") && words.name().is_some_and(|name| name.eq_ignore_ascii_case(table))
    })
}

/// The numbers of a table with AUTOINCREMENT are remembered by its name (SQLite documentation, "SQLite Autoincrement").
fn restarts(case: &Case<'_>, table: &str, known: &Table, successor: &str, body: &Words) -> Option<Trip> {
    let keeps = |act: &Act| match act {
        Act::Update { table, .. } | Act::Insert { table, .. } => table == "sqlite_sequence",
        _ => false,
    };
    if !known.options.contains("autoincrement") || case.acts.iter().any(keeps) {
        return None;
    }
    let message = if body.has(&["autoincrement"]) {
        format!(
            "{table} has AUTOINCREMENT: {successor} counts on from the highest number that is copied, so that numbers \
             of rows that are gone are given again"
        )
    } else {
        format!(
            "{table} has AUTOINCREMENT, and what takes its place has not: numbers of rows that are gone are given again"
        )
    };
    let remedy = format!(
        "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = '{table}') WHERE name = \
         '{successor}', before the old table is dropped"
    );
    Some(Trip::new(Rule::AutoincrementRestarts, message, remedy))
}

/// Rows that are copied into a table that will take another's place.
pub fn copied(case: &Case<'_>, successor: &str, rest: &Words) -> Vec<Trip> {
    let taken = case.behind().iter().find_map(|act| match act {
        Act::AlterTable { table, clauses, .. } if table == successor => {
            clauses.iter().find_map(|clause| match clause {
                Clause::RenameTo { to } => Some(to),
                _ => None,
            })
        }
        _ => None,
    });
    let Some((table, known)) = taken.and_then(|table| Some((table, case.scene.table(table)?))) else {
        return Vec::new();
    };
    let Some(body) = definition(case, successor) else { return Vec::new() };
    if !(rest.has(&["select"]) && rest.names().any(|name| name == *table)) {
        return Vec::new();
    }
    let new = columns(body);
    [missed(table, known, &new, rest), kept(table, known, &new, body)].into_iter().flatten().collect()
}

/// Columns that both tables have, and that the copy leaves out, or exchanges.
fn missed(table: &str, known: &Table, new: &[Column], rest: &Words) -> Option<Trip> {
    let mut words = rest.clone();
    let own = |name: &str| known.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
    let message = if let Some(list) = words.group() {
        let listed: Vec<String> = list.names().collect();
        let left: Vec<&str> = new
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| own(name).is_some() && !listed.iter().any(|column| column == name))
            .collect();
        if left.is_empty() {
            return None;
        }
        format!("the copy of {table} leaves out {}: the values go with the old table", left.join(", "))
    } else {
        let moved =
            new.iter().enumerate().find(|(place, (name, _))| own(name).is_some_and(|before| before != *place))?;
        format!("the copy of {table} goes by position, and {} stands at another place than before", moved.1.0)
    };
    let remedy = "name the columns on both sides: INSERT INTO t_new (a, b) SELECT a, b FROM t";
    Some(Trip::new(Rule::RebuildMissesColumns, message, remedy))
}

/// Another declared type turns nothing away that does not fit it (SQLite documentation, "Datatypes In SQLite").
fn kept(table: &str, known: &Table, new: &[Column], body: &Words) -> Option<Trip> {
    if body.has_outside(&["strict"]) {
        return None;
    }
    let changed = known.columns.iter().find_map(|old| {
        let (name, kind) = new.iter().find(|(name, _)| old.name.eq_ignore_ascii_case(name))?;
        let numbers = |kind: &str| ["INT", "REAL", "FLOA", "DOUB", "NUM", "DEC"].iter().any(|word| kind.contains(word));
        (numbers(kind) && !numbers(&old.data_type)).then(|| format!("{name} from {} to {kind}", old.data_type))
    })?;
    let message = format!("{table}.{changed}: a text that is no number is kept as text, and nothing says so");
    let remedy =
        "end the new table with STRICT, which refuses it; or look first: SELECT … WHERE typeof(CAST(c AS NUMERIC)) …";
    Some(Trip::new(Rule::RebuildKeepsValues, message, remedy))
}
