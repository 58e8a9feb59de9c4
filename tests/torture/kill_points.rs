//! Count, then kill: every place a run passes, each of its passings, each fault.

use std::time::Instant;

use crate::{
    budget::Budget,
    chance::{Chance, seed},
    database::On,
    only,
    orders::{self, Orders},
    program::word,
    scenario::{self, Scenario},
    tally::Tally,
    total, trial,
};

/// Faults that once broke a promise; they are tried first on every engine that has them.
const KNOWN: [(&str, &str); 16] = [
    ("up", "done.after=kill@1"),
    ("up", "rows.before=kill@2"),
    ("down", "intent.before=takeover@2"),
    ("down", "rows.after=takeover@2"),
    ("sample-up", "announce.after=takeover@1"),
    ("down", "intent.after=kill@4"),
    ("down", "done.before=kill@3"),
    ("up", "job.finish=kill@1"),
    ("up", "intent.before=err@3,undo.proved=kill@1"),
    ("up", "intent.before=err@3,undo.statement=kill@2"),
    ("up", "rows.before=takeover@1"),
    ("down", "history.before=takeover@1"),
    ("sample-down", "begin.tables=takeover@1"),
    ("restore", "restore.renamed=admin@1"),
    ("wide-up", "intent.after=kill@12 then recover.after=drop@1"),
    ("up-by-journal", "commit.before=kill@2"),
];
/// Of so many trials, one has two faults.
const ONE_IN: usize = 5;

#[tokio::test]
async fn sqlite() {
    torture(On::Sqlite).await;
}

#[tokio::test]
async fn postgres() {
    torture(On::Postgres).await;
}

#[tokio::test]
async fn mariadb() {
    torture(On::MariaDb).await;
}

async fn torture(on: On) {
    let (seed, budget) = (seed(), Budget::of(&format!("kill_points::{}", word(on))));
    let mut tally = Tally::default();
    all(on, seed, &budget, &mut tally).await;
    eprintln!("{}", tally.told(word(on), Some(seed), budget.begun.elapsed().as_secs_f64()));
    total::add(on, &tally, seed, budget.begun);
    assert!(tally.broken.is_empty(), "{} promises were broken", tally.broken.len());
}

/// Scenario after scenario in turn, so that whatever time there is goes to all of them.
async fn all(on: On, seed: u64, budget: &Budget, tally: &mut Tally) {
    let mut chance = Chance::of(seed);
    let mut lanes = Vec::new();
    for told in scenario::all(on) {
        let scenario = Scenario::of(on, told).await;
        let mut orders = orders::single(on, &scenario.places, &mut chance);
        if scenario.keeps_readers_out() {
            orders.retain(|orders| !orders.first.iter().any(|fault| fault.action.stops()));
        }
        orders.reverse();
        lanes.push((scenario, orders));
    }
    for (name, fault) in KNOWN {
        let Some((scenario, _)) = lanes.iter().find(|(scenario, _)| scenario.name == name) else {
            assert_ne!(on, On::Sqlite, "{name} is no scenario: SQLite has all of them");
            continue;
        };
        one(scenario, &orders::read(fault).expect("a fault"), tally).await;
    }
    let mut turn = 0_usize;
    while !budget.is_over(tally.trials()) {
        let at = turn % lanes.len();
        let (scenario, orders) = &mut lanes[at];
        turn += 1;
        let is_double = turn.is_multiple_of(ONE_IN) || orders.is_empty();
        let next = if is_double { orders::double(on, &scenario.places, &mut chance) } else { orders.pop() };
        if let Some(next) = next {
            one(scenario, &next, tally).await;
        }
    }
    for (scenario, _) in lanes {
        scenario.end().await;
    }
}

async fn one(scenario: &Scenario, orders: &Orders, tally: &mut Tally) {
    let begun = Instant::now();
    let verdict = trial::run(scenario, orders, "").await;
    if std::env::var_os("WINDLASS_TORTURE_TIMES").is_some() {
        eprintln!("{:>6} ms {} {}: {orders}", begun.elapsed().as_millis(), word(scenario.on), scenario.name);
    }
    let repeat = only::fault(scenario.on, scenario.name, orders);
    tally.count(scenario.name, orders.word(), &repeat, verdict);
}
