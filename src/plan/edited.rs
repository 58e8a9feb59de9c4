//! Which statements of a migration are others than those that were applied.

use super::Facts;
use crate::{
    model::{
        finding::Finding,
        migration::{Migration, Written},
    },
    sql,
};

/// The rule of a migration that was edited after it was applied.
const CHANGED: &str = "changed-after-applied";
/// How many lines a finding names.
const LINES_MAX: usize = 10;

/// That the statements of an applied migration, called so in the history, are others now: the first of them, and how many.
pub(super) fn finding(facts: &Facts<'_>, name: &str, migration: &Migration) -> Finding {
    let written: Vec<Written<'_>> = migration.written().collect();
    let now: Vec<String> = written.iter().map(|written| sql::print(facts.site.dialect, written.sql)).collect();
    let (at, message) = match facts.history.prints.get(name) {
        Some(then) => told(then, &now, &written),
        None => (
            None,
            "its statements were changed after it was applied; which ones is not known, as the windlass that \
            applied it did not keep that"
                .to_owned(),
        ),
    };
    let place = at.and_then(|at| written.get(at)).map(|written| format!("{}:{}", written.file, written.line));
    Finding::critical(CHANGED, place.unwrap_or_else(|| migration.up.file.to_string()), message)
}

/// The first of the statements that differ, counted from 0, and what became of them.
fn told(then: &[String], now: &[String], written: &[Written<'_>]) -> (Option<usize>, String) {
    let begin = then.iter().zip(now).take_while(|(then, now)| then == now).count();
    let (then, now) = (&then[begin..], &now[begin..]);
    let end = then.iter().rev().zip(now.iter().rev()).take_while(|(then, now)| then == now).count();
    let (gone, come) = (&then[..then.len() - end], &now[..now.len() - end]);
    let message = match (gone.len(), come.len()) {
        (0, 0) => {
            let message = "its statements are those that were applied, but what goes with them was changed: BEGIN and COMMIT \
                round them, or what the first line of a backfill says";
            return (None, message.to_owned());
        }
        (0, 1) => "this statement was added after it was applied".to_owned(),
        (0, added) => format!("{added} statements, of which this is the first, were added after it was applied"),
        (removed, 0) => return without(removed, begin, written.len()),
        (then, now) if then == now => {
            let differs = gone.iter().zip(come).enumerate().filter(|(_, (then, now))| then != now);
            changed(differs.map(|(nth, _)| &written[begin + nth]))
        }
        (then, now) => format!(
            "from this statement on, {} where {} when it was applied",
            counted(now, "statement stands", "statements stand"),
            counted(then, "other stood", "others stood")
        ),
    };
    (Some(begin), message)
}

/// That statements are gone which stood before the one at `begin`, or behind the last.
fn without(removed: usize, begin: usize, left: usize) -> (Option<usize>, String) {
    let (at, side) = if begin < left { (Some(begin), "before") } else { (left.checked_sub(1), "behind") };
    let what = counted(removed, "statement that stood", "statements that stood");
    let were = if removed == 1 { "was" } else { "were" };
    (at, format!("{what} {side} this one {were} removed after it was applied"))
}

/// That these were changed, the first of which is where the finding points.
fn changed<'a>(mut statements: impl Iterator<Item = &'a Written<'a>>) -> String {
    let file = statements.next().map(|first| first.file);
    let place = |written: &Written<'_>| match written {
        Written { line, .. } if Some(written.file) == file => line.to_string(),
        Written { file, line, .. } => format!("{line} of {file}"),
    };
    let others: Vec<String> = statements.map(place).collect();
    match others.as_slice() {
        [] => "this statement was changed after it was applied".to_owned(),
        [line] => format!("this statement and that on line {line} were changed after they were applied"),
        lines => {
            let named = &lines[..lines.len().min(LINES_MAX)];
            let more = lines.len() - named.len();
            let more = if more > 0 { format!(" and on {more} more") } else { String::new() };
            format!(
                "this statement and those on the lines {}{more} were changed after they were applied",
                named.join(", ")
            )
        }
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
