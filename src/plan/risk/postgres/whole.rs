//! Statements that work on a table as a whole (PostgreSQL manual: CLUSTER, VACUUM, REINDEX, REFRESH MATERIALIZED VIEW, LOCK,
//! TRUNCATE, ALTER TABLE `SET TABLESPACE`).

use super::Lock;
use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::{Act, Words},
};

/// What a statement of a word of its own risks.
pub fn of(case: &Case<'_>, words: &Words) -> Option<Trip> {
    let mut words = words.clone();
    match words.next_word()?.as_str() {
        "cluster" => clustered(case, &mut words),
        "vacuum" => vacuumed(case, &mut words),
        "reindex" => reindexed(case, &mut words),
        "refresh" => refreshed(case, &mut words),
        "lock" => locked(case, &mut words),
        _ => None,
    }
}

fn clustered(case: &Case<'_>, words: &mut Words) -> Option<Trip> {
    words.take("verbose");
    let _ = words.group();
    let table = if words.is_at_end() { None } else { words.name().map(|name| name.to_lowercase()) };
    if table.as_ref().is_some_and(|table| case.scene.is_idle(table)) {
        return None;
    }
    let message = rewritten(case, "CLUSTER", table.as_deref());
    Some(Trip::new(
        Rule::Cluster,
        message,
        "do without it: the order does not last; or use pg_repack, which locks for moments only",
    ))
}

fn vacuumed(case: &Case<'_>, words: &mut Words) -> Option<Trip> {
    let options = words.group();
    let is_full = options.is_some_and(|options| options.has_any(&["full"])) || words.take("full");
    is_full.then_some(())?;
    while words.take_any(&["freeze", "verbose", "analyze"]).is_some() {}
    let table = if words.is_at_end() { None } else { words.name().map(|name| name.to_lowercase()) };
    if table.as_ref().is_some_and(|table| case.scene.is_idle(table)) {
        return None;
    }
    let message = rewritten(case, "VACUUM FULL", table.as_deref());
    Some(Trip::new(
        Rule::VacuumFull,
        message,
        "VACUUM without FULL makes the room usable again and lets others read and write; or use pg_repack",
    ))
}

fn rewritten(case: &Case<'_>, what: &str, table: Option<&str>) -> String {
    let Some(table) = table else {
        return format!(
            "{what} writes every table anew, and {} in turn",
            Lock::AccessExclusive.taken_on("each of them")
        );
    };
    format!(
        "{what} {} while the whole table is written anew, beside the old one{}{}",
        Lock::AccessExclusive.taken_on(table),
        case.scene.sized(table),
        case.scene.lasting(table)
    )
}

fn reindexed(case: &Case<'_>, words: &mut Words) -> Option<Trip> {
    let _ = words.group();
    let kind = words.next_word()?;
    if words.take("concurrently") {
        return None;
    }
    let name = words.name()?.to_lowercase();
    let table = match kind.as_str() {
        "index" => case.scene.table_of_index(&name),
        "table" => Some(name.clone()),
        _ => None,
    };
    if table.as_ref().is_some_and(|table| case.scene.is_idle(table)) {
        return None;
    }
    let place = table.clone().unwrap_or_else(|| format!("the tables of {name}"));
    let message = format!(
        "REINDEX {}, and ACCESS EXCLUSIVE on the index, which blocks the reads that use it, while it is built anew{}",
        Lock::Share.taken_on(&place),
        table.map(|table| case.scene.lasting(&table)).unwrap_or_default()
    );
    let remedy = format!("REINDEX {} CONCURRENTLY {name}, alone in a migration", kind.to_uppercase());
    Some(Trip::new(Rule::ReindexNotConcurrent, message, remedy))
}

fn refreshed(case: &Case<'_>, words: &mut Words) -> Option<Trip> {
    words.take_all(&["materialized", "view"]);
    if words.take("concurrently") || words.has(&["no", "data"]) {
        return None;
    }
    let view = words.name()?.to_lowercase();
    if case.scene.is_made(&view) {
        return None;
    }
    let message = format!("REFRESH MATERIALIZED VIEW {} while its query runs", Lock::AccessExclusive.taken_on(&view));
    let remedy = format!(
        "REFRESH MATERIALIZED VIEW CONCURRENTLY {view}, for which it needs a unique index over all of its rows"
    );
    Some(Trip::new(Rule::RefreshNotConcurrent, message, remedy))
}

/// A lock that blocks others. ACCESS SHARE, ROW SHARE, ROW EXCLUSIVE and SHARE UPDATE EXCLUSIVE do not.
fn locked(case: &Case<'_>, words: &mut Words) -> Option<Trip> {
    words.take("table");
    words.take("only");
    let table = words.name()?.to_lowercase();
    let mut rest = words.clone();
    let _ = rest.up_to(&["in"]);
    rest.take("in");
    let mode = rest.up_to(&["mode"]).told();
    let lock = match mode.as_str() {
        "" | "access exclusive" => Lock::AccessExclusive,
        "exclusive" => Lock::Exclusive,
        "share row exclusive" => Lock::ShareRowExclusive,
        "share" => Lock::Share,
        _ => return None,
    };
    if case.scene.is_made(&table) {
        return None;
    }
    let message = format!("LOCK TABLE {} until the transaction ends", lock.taken_on(&table));
    let remedy = "leave it out: each statement takes the lock it needs; or lock the rows alone (SELECT … FOR UPDATE)";
    Some(Trip::new(Rule::LockTable, message, remedy))
}

/// A TRUNCATE that empties tables that it does not name.
pub fn truncated(case: &Case<'_>) -> Option<Trip> {
    let Act::Truncate { tables, cascades: true } = case.act else { return None };
    let mut also: Vec<String> = Vec::new();
    let mut open = tables.clone();
    while let Some(parent) = open.pop() {
        for (name, table) in case.scene.tables() {
            let refers = table
                .foreign_keys
                .values()
                .any(|key| key.references.rsplit('.').next().is_some_and(|plain| plain.eq_ignore_ascii_case(&parent)));
            if refers && !tables.iter().chain(&also).any(|known| known == name) {
                also.push(name.to_owned());
                open.push(name.to_owned());
            }
        }
    }
    if also.is_empty() {
        return None;
    }
    also.sort();
    let list: Vec<String> = also.iter().map(|table| format!("{table}{}", case.scene.sized(table))).collect();
    let message = format!("CASCADE empties {} as well", list.join(", "));
    Some(Trip::new(Rule::TruncateCascade, message, "name every table that is meant, without CASCADE"))
}

/// A clause that moves the table, or stores it otherwise.
pub fn stored(case: &Case<'_>, table: &str, words: &Words) -> Option<Trip> {
    let mut words = words.clone();
    words.take("set").then_some(())?;
    let what = match words.next_word()?.as_str() {
        "tablespace" => "SET TABLESPACE",
        "logged" => "SET LOGGED",
        "unlogged" => "SET UNLOGGED",
        "access" => "SET ACCESS METHOD",
        _ => return None,
    };
    if case.scene.is_idle(table) {
        return None;
    }
    let message = rewritten(case, what, Some(table));
    let remedy = "make a new table so, move the rows in batches and exchange the names; or use pg_repack";
    Some(Trip::new(Rule::StorageRewrites, message, remedy))
}
