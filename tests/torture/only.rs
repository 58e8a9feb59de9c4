//! One trial alone, to repeat it: as a failure names it, behind `BROKEN`.
//!
//! `sqlite up: done.before=kill@3` · `postgres schedule: seed 17` · `mariadb held: ghost for 310 ms` ·
//! `mariadb up: server killed at intent.after@2` · `postgres up: server killed after 34 ms`

use crate::{
    chance::Chance,
    database::On,
    effects::Effects,
    ghosts::haunt,
    orders::{self, Orders},
    program::{ENGINES, word},
    scenario::{self, Scenario},
    schedules::storm,
    servers::{self, Moment},
    tally::Tally,
    trial,
};

/// A trial, without the engine and the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Faults(Orders),
    Schedule(u64),
    Ghost(u64),
    Server(Moment),
}

/// A trial.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Only {
    on: On,
    scenario: String,
    what: What,
}

/// Reads what [`fault`], [`schedule`], [`ghost`] and [`server`] wrote.
fn read(text: &str) -> Option<Only> {
    let text = text.trim().trim_start_matches("BROKEN ");
    let (name, what) = text.split_once(": ")?;
    let (engine, scenario) = name.split_once(' ')?;
    let on = ENGINES.into_iter().find(|on| word(*on) == engine)?;
    let number = |before: &str, after: &str| what.strip_prefix(before)?.strip_suffix(after)?.parse().ok();
    let what = if let Some(seed) = number("seed ", "").filter(|_| scenario == "schedule") {
        What::Schedule(seed)
    } else if let Some(held_ms) = number("ghost for ", " ms") {
        What::Ghost(held_ms)
    } else if let Some(moment) = what.strip_prefix("server killed ") {
        What::Server(Moment::read(moment)?)
    } else {
        What::Faults(orders::read(what)?)
    };
    Some(Only { on, scenario: scenario.to_owned(), what })
}

pub fn fault(on: On, scenario: &str, orders: &Orders) -> String {
    format!("{} {scenario}: {orders}", word(on))
}

pub fn schedule(on: On, seed: u64) -> String {
    format!("{} schedule: seed {seed}", word(on))
}

pub fn ghost(on: On, scenario: &str, held_ms: u64) -> String {
    format!("{} {scenario}: ghost for {held_ms} ms", word(on))
}

pub fn server(on: On, scenario: &str, moment: &Moment) -> String {
    format!("{} {scenario}: server killed {moment}", word(on))
}

/// Nothing is asked for in most runs.
#[tokio::test]
async fn the_trial_that_is_asked_for() {
    let Ok(text) = std::env::var("WINDLASS_TORTURE_ONLY") else { return };
    let only = read(&text).unwrap_or_else(|| panic!("{text:?} is no trial; a failure names one behind BROKEN"));
    let told = scenario::all(only.on).into_iter().chain(scenario::held(only.on));
    let names: Vec<&str> = told.clone().map(|told| told.name).collect();
    let mut tally = Tally::default();
    if let What::Schedule(seed) = only.what {
        let effects = Effects::of(only.on).await;
        tally.count("schedule", "schedule", &text, storm(&effects, Chance::of(seed)).await);
    } else {
        let told = told.clone().find(|told| told.name == only.scenario);
        let told = told.unwrap_or_else(|| panic!("{:?} is no scenario on {:?}: {names:?}", only.scenario, only.on));
        let scenario = Scenario::of(only.on, told).await;
        let verdict = match &only.what {
            What::Faults(orders) => trial::run(&scenario, orders, "").await,
            What::Ghost(held_ms) => haunt(&scenario, "", *held_ms).await,
            What::Server(moment) => servers::blow(&scenario, &mut servers::own(only.on).await, moment, "").await,
            What::Schedule(_) => unreachable!("above"),
        };
        tally.count(scenario.name, "only", &text, verdict);
        scenario.end().await;
    }
    eprintln!("{}", tally.told(&text, None, 0.0));
    assert!(tally.broken.is_empty(), "the promise was broken");
}

/// Goal: whatever a failure prints can be given back.
#[test]
fn what_is_told_can_be_read() {
    let orders = orders::read("up.a=kill@3 then recover.found=err@1").expect("orders");
    let twice = orders::read("up.a=err@3,undo.before=kill@1").expect("orders");
    let (at, after) = (Moment::read("at a.b@2").expect("a moment"), Moment::read("after 34 ms").expect("a moment"));
    for told in [
        fault(On::Sqlite, "up-with-snapshot", &orders),
        fault(On::Postgres, "down", &twice),
        schedule(On::MariaDb, 17),
        ghost(On::MariaDb, "held", 310),
        server(On::Postgres, "up", &at),
        server(On::MariaDb, "real-up", &after),
    ] {
        let read = read(&format!("BROKEN {told}")).unwrap_or_else(|| panic!("{told:?} cannot be read"));
        let again = match &read.what {
            What::Faults(orders) => fault(read.on, &read.scenario, orders),
            What::Schedule(seed) => schedule(read.on, *seed),
            What::Ghost(held_ms) => ghost(read.on, &read.scenario, *held_ms),
            What::Server(moment) => server(read.on, &read.scenario, moment),
        };
        assert_eq!(again, told);
    }
    for nothing in ["", "up: done.before=kill@3", "sqlite up", "oracle up: a=kill@1", "sqlite up: a=melt@1"] {
        assert_eq!(read(nothing), None, "{nothing:?}");
    }
}
