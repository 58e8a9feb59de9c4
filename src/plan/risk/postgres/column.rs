//! Columns (PostgreSQL manual, ALTER TABLE, Notes: which forms rewrite the table).

use super::{
    Lock, constraint,
    kinds::{self, Change, Kind},
};
use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::Words,
};

/// Functions whose value stays the same within a statement, so that a default made of them is computed once (`pg_proc`,
/// provolatile).
const STEADY: [&str; 36] = [
    "abs",
    "age",
    "array_fill",
    "ceil",
    "coalesce",
    "concat",
    "current_setting",
    "date",
    "date_part",
    "date_trunc",
    "decode",
    "encode",
    "extract",
    "floor",
    "format",
    "greatest",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "least",
    "length",
    "lower",
    "make_date",
    "make_interval",
    "md5",
    "now",
    "nullif",
    "round",
    "statement_timestamp",
    "timezone",
    "to_date",
    "to_json",
    "to_jsonb",
    "transaction_timestamp",
    "upper",
];

/// Functions that give every row another value.
const VOLATILE: [&str; 13] = [
    "clock_timestamp",
    "currval",
    "gen_random_bytes",
    "gen_random_uuid",
    "lastval",
    "nextval",
    "pg_sleep",
    "random",
    "timeofday",
    "uuid_generate_v1",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
];

/// How a column's constraints begin.
const CONSTRAINTS: [&str; 12] = [
    "constraint",
    "not",
    "null",
    "default",
    "generated",
    "unique",
    "primary",
    "references",
    "check",
    "collate",
    "compression",
    "storage",
];

/// What a new column costs.
pub fn added(case: &Case<'_>, table: &str, column: &str, definition: &Words) -> Vec<Trip> {
    let mut words = definition.clone();
    let kind = kinds::read(&mut words);
    let mut found: Vec<Trip> = json(column, kind.as_ref()).into_iter().collect();
    if case.scene.is_idle(table) {
        return found;
    }
    found.extend(rewritten(case, table, column, kind.as_ref(), &words));
    // Without a default every row refers to nothing, and nobody is looked up.
    if words.has_outside(&["references"]) && default(&words).is_some() {
        found.extend(constraint::foreign_key(case, table, &words));
    }
    if words.has_outside(&["unique"]) || words.has_outside(&["primary", "key"]) {
        let message = format!(
            "column {column} with an index of its own {} while that is built{}{}",
            Lock::AccessExclusive.taken_on(table),
            case.scene.sized(table),
            case.scene.lasting(table)
        );
        let remedy = format!(
            "add the column alone, then CREATE UNIQUE INDEX CONCURRENTLY i ON {table} ({column}), then ADD CONSTRAINT \
             i UNIQUE USING INDEX i"
        );
        found.push(Trip::new(Rule::UniqueWithoutIndex, message, remedy));
    }
    found
}

fn rewritten(case: &Case<'_>, table: &str, column: &str, kind: Option<&Kind>, words: &Words) -> Option<Trip> {
    let is_serial = kind.is_some_and(|kind| kind.name.contains("serial"));
    let (why, writes) = if is_serial || words.has(&["as", "identity"]) {
        ("a number for every row".to_owned(), "writes")
    } else if words.has(&["generated"]) && words.has_any(&["stored"]) {
        ("a value that is computed and stored in every row".to_owned(), "writes")
    } else {
        let called = default(words)?.called();
        if let Some(name) = called.iter().find(|name| VOLATILE.contains(&name.as_str())) {
            (format!("a default of its own for every row ({name} is volatile)"), "writes")
        } else {
            let unknown = called.iter().find(|name| !STEADY.contains(&name.as_str()))?;
            (
                format!("a default that {unknown} computes, for every row unless it is declared STABLE or IMMUTABLE"),
                "may write",
            )
        }
    };
    let message = format!(
        "column {column} gets {why}: ALTER TABLE {}, and {writes} the whole table anew{}{}",
        Lock::AccessExclusive.taken_on(table),
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy = format!(
        "add {column} without it, ALTER COLUMN {column} SET DEFAULT … for new rows (or a trigger, or a sequence), \
         fill the old ones by backfill.sql"
    );
    Some(Trip::new(Rule::ColumnRewrites, message, remedy))
}

/// The words of a column's default.
fn default(words: &Words) -> Option<Words> {
    let mut rest = words.clone();
    let _ = rest.up_to(&["default"]);
    rest.take("default").then(|| rest.up_to_any_outside(&CONSTRAINTS))
}

/// What a change of a column costs.
pub fn altered(case: &Case<'_>, table: &str, column: &str, change: &Words) -> Vec<Trip> {
    let mut words = change.clone();
    if words.has(&["set", "not", "null"]) {
        return not_null(case, table, column).into_iter().collect();
    }
    words.take_all(&["set", "data"]);
    if !words.take("type") {
        return Vec::new();
    }
    let new = kinds::read(&mut words);
    let mut found: Vec<Trip> = json(column, new.as_ref()).into_iter().collect();
    found.extend(retyped(case, table, column, new.as_ref(), &words));
    found
}

fn not_null(case: &Case<'_>, table: &str, column: &str) -> Option<Trip> {
    let scene = case.scene;
    let is_so = scene.column(table, column).is_some_and(|column| !column.nullable);
    if scene.is_idle(table) || scene.is_proven(table, column) || is_so {
        return None;
    }
    let message = format!(
        "SET NOT NULL {} while every row is read{}{}",
        Lock::AccessExclusive.taken_on(table),
        scene.sized(table),
        scene.lasting(table)
    );
    let remedy = format!(
        "ALTER TABLE {table} ADD CONSTRAINT c CHECK ({column} IS NOT NULL) NOT VALID; in the next migration VALIDATE \
         CONSTRAINT c; then SET NOT NULL, which believes it, and DROP CONSTRAINT c"
    );
    Some(Trip::new(Rule::NotNullScans, message, remedy))
}

fn retyped(case: &Case<'_>, table: &str, column: &str, new: Option<&Kind>, rest: &Words) -> Vec<Trip> {
    let mut found = Vec::new();
    let Some(new) = new else { return found };
    if case.scene.is_idle(table) {
        return found;
    }
    let old = case.scene.column(table, column).and_then(|own| kinds::of_text(&own.data_type));
    let change = match &old {
        _ if converts(rest, new) => Change::Rewrites,
        Some(old) => kinds::change(old, new),
        None => Change::Rewrites,
    };
    if change != Change::Free {
        found.push(rewrite(case, table, column, old.as_ref(), new, change));
    }
    if let Some(lost) = old.as_ref().and_then(|old| kinds::narrows(old, new)) {
        let message = format!("{table}.{column} becomes {new}: {lost}");
        let remedy = format!(
            "look first: SELECT count(*) FROM {table} WHERE {column} does not fit {new}; put them right by \
             backfill.sql, or keep the wider type with a CHECK"
        );
        found.push(Trip::new(Rule::NarrowingType, message, remedy));
    }
    found
}

/// Whether USING computes something: more than a cast to the new type.
fn converts(rest: &Words, new: &Kind) -> bool {
    let mut words = rest.clone();
    let _ = words.up_to(&["using"]);
    if !words.take("using") || words.name().is_none() {
        return rest.has_any(&["using"]);
    }
    if words.is_at_end() {
        return false;
    }
    !(words.take("::") && kinds::read(&mut words).as_ref() == Some(new) && words.is_at_end())
}

fn rewrite(case: &Case<'_>, table: &str, column: &str, old: Option<&Kind>, new: &Kind, change: Change) -> Trip {
    let from = old.map_or_else(String::new, |old| format!("from {old} "));
    let unless = match change {
        Change::OutsideUtc => " (unless the session's time zone is UTC)",
        _ if old.is_none() => " (as far as its present type is not known)",
        _ => "",
    };
    let message = format!(
        "changing {table}.{column} {from}to {new} {} while the whole table and its indexes are written \
         anew{unless}{}{}",
        Lock::AccessExclusive.taken_on(table),
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    let remedy = "add a column of the new type beside it, let a trigger keep both alike, fill it by backfill.sql, and \
                  exchange the names in a later release";
    Trip::new(Rule::TypeRewrites, message, remedy)
}

/// A column of the type json (PostgreSQL manual, "JSON Types").
fn json(column: &str, kind: Option<&Kind>) -> Option<Trip> {
    kind.filter(|kind| kind.name == "json").map(|_| {
        let message = format!(
            "{column} has the type json, which has no equality: SELECT DISTINCT, GROUP BY and UNION over it fail"
        );
        Trip::new(Rule::JsonColumn, message, "use jsonb, unless the very text must be kept")
    })
}

/// The first column of the type json in a new table.
pub fn created(body: &Words) -> Option<Trip> {
    let columns = body.clone().group()?.clauses();
    columns.into_iter().find_map(|mut words| {
        let column = words.name()?;
        json(&column, kinds::read(&mut words).as_ref())
    })
}
