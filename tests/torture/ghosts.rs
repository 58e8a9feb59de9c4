//! A statement that outlives its client: it waits for a table, its client is killed, the next process begins at once, and
//! only then does the table become free. Whoever looks at the schema before the ghost is gone sees what will not be so.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::time::{sleep, timeout};

use crate::{
    budget::Budget,
    chance::{Chance, seed},
    database::On,
    eye::Eye,
    only,
    place::Place,
    program::{With, word},
    scenario::{self, Scenario},
    tally::Tally,
    total,
    trial::{Verdict, at_the_end, goes_on},
};

/// How long the table is held after the next process has begun, at most.
const HELD_MS_MAX: usize = 900;
/// How often a statement is looked for that waits, and how long apart.
const LOOKS_MAX: u32 = 2_000;
const LOOK_MS: u64 = 5;
/// How many trials there are in the bounded slice, for each scenario.
const IN_A_SLICE: u32 = 3;

#[tokio::test]
async fn postgres() {
    of(On::Postgres).await;
}

#[tokio::test]
async fn mariadb() {
    of(On::MariaDb).await;
}

async fn of(on: On) {
    let (seed, budget) = (seed(), Budget::of(&format!("ghosts::{}", word(on))));
    let mut chance = Chance::of(seed);
    let mut tally = Tally::default();
    let begun = Instant::now();
    for told in scenario::held(on) {
        let scenario = Scenario::of(on, told).await;
        for _ in 0..budget.scaled(IN_A_SLICE) {
            let held_ms = held_ms(&mut chance);
            let verdict = haunt(&scenario, "", held_ms).await;
            tally.count(scenario.name, "ghost", &only::ghost(on, scenario.name, held_ms), verdict);
            if budget.is_late() {
                break;
            }
        }
        scenario.end().await;
    }
    eprintln!("{}", tally.told(&format!("ghosts on {}", word(on)), Some(seed), begun.elapsed().as_secs_f64()));
    total::add(on, &tally, seed, begun);
    assert!(tally.broken.is_empty(), "{} promises were broken", tally.broken.len());
}

/// How long a table is held once the next process has begun.
pub fn held_ms(chance: &mut Chance) -> u64 {
    chance.below(HELD_MS_MAX) as u64
}

/// One ghost.
pub async fn haunt(scenario: &Scenario, ablated: &str, held_ms: u64) -> Verdict {
    let place = scenario.begin().await;
    let verdict = match haunted(scenario, &place, ablated, held_ms).await {
        Ok(()) => at_the_end(scenario, &place, true).await,
        Err(broken) => Verdict::Broken(broken),
    };
    place.gone().await;
    verdict
}

async fn haunted(scenario: &Scenario, place: &Place, ablated: &str, held_ms: u64) -> Result<(), String> {
    let words = scenario.words();
    let with = With { faults: &[], ablated, wait_ms: None };
    let mut holder = Eye::on(&place.database).await;
    holder.run("BEGIN").await;
    holder.number("SELECT COUNT(*) FROM held").await;
    let first = place.begin(&words, with);
    are_waiting(place, 1).await;

    first.send(Signal::SIGKILL);
    first.ended().await;
    let second = place.begin(&words, with);
    // Two that wait are one too many, and the sooner seen.
    let _ = timeout(Duration::from_millis(held_ms), are_waiting(place, 2)).await;
    holder.run("ROLLBACK").await;

    let said = second.ended().await;
    if said.exit != Some(0) {
        return Err(format!("the next process says {:?}: {}", said.exit, said.stderr));
    }
    goes_on(scenario, place, ablated).await
}

/// The server itself must say that so many statements wait for the table.
async fn are_waiting(place: &Place, number: i64) {
    let sql = match place.database.on {
        On::Sqlite => return,
        On::Postgres => {
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        On::MariaDb => {
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE '%metadata lock%'"
        }
    };
    let mut eye = Eye::on(&place.database).await;
    for _ in 0..LOOKS_MAX {
        if eye.number(sql).await >= number {
            return;
        }
        sleep(Duration::from_millis(LOOK_MS)).await;
    }
    panic!("no statement ever waited for the table");
}
