//! Settings, types and domains (PostgreSQL manual: `lock_timeout`; ALTER TYPE, Notes; ALTER DOMAIN).

use super::Lock;
use crate::{
    model::{plan::Route, risk::Rule},
    plan::risk::{Case, Trip},
    sql::{Act, Words},
};

/// What a statement of this kind risks.
pub fn of(case: &Case<'_>, words: &Words) -> Option<Trip> {
    let mut words = words.clone();
    match words.next_word()?.as_str() {
        "set" => unbounded(&mut words),
        "reset" if words.take_any(&["lock_timeout", "all"]).is_some() => Some(no_timeout()),
        "alter" if words.take("type") => enum_value(case, &mut words),
        "alter" if words.take("domain") => domain(case, &mut words),
        _ => None,
    }
}

/// `SET lock_timeout = 0`, which means no bound at all.
fn unbounded(words: &mut Words) -> Option<Trip> {
    let _ = words.take_any(&["session", "local"]);
    words.take("lock_timeout").then_some(())?;
    words.take_any(&["=", "to"])?;
    let value = words.literal().or_else(|| words.next_word())?;
    let number = value.trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace());
    (number == "0" || value == "default").then(no_timeout)
}

fn no_timeout() -> Trip {
    let message = "the script takes the bound on waiting for locks away: a statement that waits keeps everybody \
         waiting behind it";
    let remedy = "leave run.lock_timeout to windlass, which comes again; or set another one: SET lock_timeout = '5s', \
         or \"lock_timeout\" in metadata.json";
    Trip::new(Rule::NoLockTimeout, message, remedy)
}

/// A new value of an enumeration that a later statement of the same transaction uses.
fn enum_value(case: &Case<'_>, words: &mut Words) -> Option<Trip> {
    let kind = words.name()?.to_lowercase();
    (words.take("add") && words.take("value")).then_some(())?;
    words.take_all(&["if", "not", "exists"]);
    let value = words.literal()?;
    let names_it = |words: &Words| words.names().any(|name| name == kind);
    let makes_type = |act: &Act| matches!(act, Act::Other(words) if words.has(&["create", "type"]) && names_it(words));
    if case.route != Route::Whole
        || case.before().iter().any(makes_type)
        || !case.behind().iter().any(|act| says(act, &value))
    {
        return None;
    }
    let message = format!(
        "{kind} gets the value '{value}', and a later statement of the same transaction uses it: the server refuses \
         that until it is committed"
    );
    Some(Trip::new(Rule::EnumValueUsed, message, "add the value in a migration of its own, and use it in the next one"))
}

fn says(act: &Act, value: &str) -> bool {
    let has = |words: &Words| words.literals().any(|literal| literal == value);
    match act {
        Act::CreateTable { body: words, .. }
        | Act::CreateIndex { rest: words, .. }
        | Act::Insert { rest: words, .. }
        | Act::Other(words) => has(words),
        Act::Update { rest, .. } | Act::Delete { rest, .. } => has(rest),
        Act::AlterTable { clauses, .. } => clauses.iter().any(|clause| clause.words().is_some_and(has)),
        _ => false,
    }
}

/// A constraint of a domain, for which every table is read that has a column of it.
fn domain(case: &Case<'_>, words: &mut Words) -> Option<Trip> {
    let domain = words.name()?.to_lowercase();
    if !words.take("add") || words.has(&["not", "valid"]) {
        return None;
    }
    let is_of = |kind: &str| kind.rsplit('.').next().is_some_and(|plain| plain.eq_ignore_ascii_case(&domain));
    let uses = case.scene.tables().filter(|(_, table)| table.columns.iter().any(|column| is_of(&column.data_type)));
    let mut tables: Vec<&str> = uses.map(|(name, _)| name).filter(|name| !case.scene.is_idle(name)).collect();
    tables.sort_unstable();
    if tables.is_empty() {
        return None;
    }
    let message = format!(
        "a constraint of the domain {domain} {} while every row is read",
        Lock::Share.taken_on(&tables.join(" and "))
    );
    let remedy = format!(
        "ALTER DOMAIN {domain} ADD CONSTRAINT c CHECK (…) NOT VALID, and VALIDATE CONSTRAINT c in the next migration"
    );
    Some(Trip::new(Rule::DomainScans, message, remedy))
}
