//! A rule with a statement that trips it, one that does not, and what the server does with them.

use super::{findings, of_rule};
use crate::harness::{database::On, eye::Eye, ship::Ship};

/// What stands between two migrations of one script.
const NEXT: &str = "-- next";

/// A rule, on one engine. `$t` is a table of the pair's own, which `before` makes.
pub struct Pair {
    pub rule: &'static str,
    /// Makes what the statements are about, and fills it.
    pub before: &'static str,
    /// Trips the rule.
    pub trips: &'static str,
    /// What the server is seen to do with that.
    pub seen: &'static [Seen],
    /// The safe way, which trips nothing of the kind.
    pub twin: &'static str,
    /// What the server is seen to do with that.
    pub twin_seen: &'static [Seen],
}

/// What the server is seen to do with a script. Tables are names with `$t`.
#[derive(Debug, Clone, Copy)]
pub enum Seen {
    /// It takes this lock on a table, and the finding says so.
    Lock(&'static str, &'static str),
    /// It takes no such lock on a table.
    NoLock(&'static str, &'static str),
    /// It is run beside a transaction that has read and written the first table, and is seen with this lock on the second.
    Beside(&'static str, &'static str, &'static str),
    /// It ends although such a transaction is open.
    Passes(&'static str),
    /// While it waits for such a transaction, somebody else's statement is done.
    Lets(&'static str, &'static str),
    /// It writes a table anew.
    Rewritten(&'static str),
    /// It leaves a table's file as it is.
    Kept(&'static str),
    /// It reads all of a table.
    Scanned(&'static str),
    /// It reads nothing of a table.
    NotScanned(&'static str),
    /// It is refused, with this code or these words.
    Refused(&'static str),
    /// Afterwards this query answers so.
    Says(&'static str, &'static str),
    /// With these words behind it, it is refused with this code: so the server cannot do it by that way.
    RefusedWith(&'static str, &'static str),
    /// With these words behind it, it is done.
    DoneWith(&'static str),
    /// It is done in a transaction that is rolled back, and afterwards this query answers so.
    Survives(&'static str, &'static str),
}

/// A text with the name of the table that is a pair's own.
pub fn own(place: usize, text: &str) -> String {
    text.replace("$t", &format!("t{place}"))
}

/// The folder of a pair's migrations, up to the last part of its version.
fn folder(place: usize) -> String {
    format!("v1.{place}.")
}

/// A database with what every pair needs, and a catalog of one script of each.
pub async fn ready(on: On, pairs: &[Pair], script: fn(&Pair) -> &'static str) -> Ship {
    let ship = Ship::with_catalog(on).await;
    let mut eye = ship.eye().await;
    for (place, pair) in pairs.iter().enumerate() {
        prepare(&mut eye, place, pair).await;
        for (step, text) in script(pair).split(NEXT).enumerate() {
            let id = format!("{}{step}_{}", folder(place), pair.rule.replace('-', "_"));
            ship.catalog().file(&id, "up.sql", &own(place, text.trim()));
        }
    }
    ship
}

/// Makes what a pair is about.
pub async fn prepare(eye: &mut Eye, place: usize, pair: &Pair) {
    eye.try_run(&own(place, pair.before)).await.unwrap_or_else(|error| panic!("{}: before: {error}", pair.rule));
}

/// Every pair's script must trip its rule; gives message and remedy of each.
pub async fn every_one_trips(ship: &Ship, pairs: &[Pair]) -> Vec<String> {
    let found = findings(ship).await;
    let message = |(place, pair): (usize, &Pair)| {
        let its = of_rule(&found, pair.rule, &folder(place));
        let first = its.first().unwrap_or_else(|| panic!("{} is not tripped by {}", pair.rule, pair.trips));
        assert!(first["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{first:#}");
        [&first["message"], &first["remedy"]].map(|words| words.as_str().expect("words")).join("\n")
    };
    pairs.iter().enumerate().map(message).collect()
}

/// No pair's script may trip its rule.
pub async fn none_trips(ship: &Ship, pairs: &[Pair]) {
    let found = findings(ship).await;
    for (place, pair) in pairs.iter().enumerate() {
        let its = of_rule(&found, pair.rule, &folder(place));
        assert!(its.is_empty(), "{} is tripped by {}: {its:#?}", pair.rule, pair.twin);
    }
}

/// The statements of a script, one migration behind the other.
pub fn statements(text: &str) -> Vec<String> {
    text.split(NEXT)
        .flat_map(|step| step.split(";\n"))
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect()
}
