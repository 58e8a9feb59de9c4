//! The database server itself is killed in the middle, and started again. Servers that do not come back by themselves are
//! counted apart: that is theirs, not windlass's.

use std::{
    fmt,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use tokio::time::sleep;

use crate::{
    application::Application,
    budget::Budget,
    chance::{Chance, seed},
    database::On,
    only,
    orders::{Action, Fault},
    own_server::OwnServer,
    place::Place,
    program::{With, word},
    scenario::{self, Scenario},
    tally::Tally,
    total,
    trial::{Verdict, at_the_end, goes_on},
};

/// Kills of the server in the bounded slice.
const IN_A_SLICE: u32 = 3;
/// When the server is killed while the run goes on: so long after it began, at most.
const BEGUN_MS_MAX: usize = 150;
/// The scenarios that begin with an empty database.
const SCENARIOS: [&str; 4] = ["up", "wide-up", "sample-up", "real-up"];

#[tokio::test]
async fn postgres() {
    of(On::Postgres).await;
}

#[tokio::test]
async fn mariadb() {
    of(On::MariaDb).await;
}

async fn of(on: On) {
    let (seed, budget, begun) = (seed(), Budget::of(&format!("servers::{}", word(on))), Instant::now());
    let (mut chance, mut tally) = (Chance::of(seed), Tally::default());
    let mut scenarios = Vec::new();
    for told in scenario::all(on).into_iter().filter(|told| SCENARIOS.contains(&told.name)) {
        scenarios.push(Scenario::of(on, told).await);
    }
    let mut server = own(on).await;
    for nth in 0..budget.scaled(IN_A_SLICE) {
        let scenario = &scenarios[nth as usize % scenarios.len()];
        let moment = Moment::by_chance(scenario, &mut chance);
        let verdict = blow(scenario, &mut server, &moment, "").await;
        if verdict == Verdict::NotReached {
            server = own(on).await; // the old one did not come back
        }
        tally.count(scenario.name, "server", &only::server(on, scenario.name, &moment), verdict);
        if budget.is_late() {
            break;
        }
    }
    eprintln!("{}", tally.told(&format!("killed servers of {}", word(on)), Some(seed), begun.elapsed().as_secs_f64()));
    total::add(on, &tally, seed, begun);
    assert!(tally.broken.is_empty(), "{} promises were broken", tally.broken.len());
}

/// A server that may be killed.
pub async fn own(on: On) -> OwnServer {
    OwnServer::begins(on).await
}

/// When the server is killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// While a place stops the run, at one of its passings.
    At(String, usize),
    /// So many milliseconds after the run began.
    After(u64),
}

impl fmt::Display for Moment {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(place, passing) => write!(to, "at {place}@{passing}"),
            Self::After(ms) => write!(to, "after {ms} ms"),
        }
    }
}

impl Moment {
    /// Reads what [`Display`](fmt::Display) wrote.
    pub fn read(text: &str) -> Option<Self> {
        if let Some(at) = text.strip_prefix("at ") {
            let (place, passing) = at.split_once('@')?;
            return Some(Self::At(place.to_owned(), passing.parse().ok()?));
        }
        let ms = text.strip_prefix("after ")?.strip_suffix(" ms")?;
        Some(Self::After(ms.parse().ok()?))
    }

    fn by_chance(scenario: &Scenario, chance: &mut Chance) -> Self {
        let places: Vec<_> = scenario.places.iter().collect();
        let (name, passed) = chance.one_of(&places).copied().expect("a place");
        if chance.below(2) == 0 {
            return Self::At(name.clone(), 1 + chance.below(passed.times));
        }
        Self::After(chance.below(BEGUN_MS_MAX) as u64)
    }
}

/// One kill, while the run is stopped or goes on.
pub async fn blow(scenario: &Scenario, server: &mut OwnServer, moment: &Moment, ablated: &str) -> Verdict {
    let place = Place { database: server.fresh().await, catalog: scenario.catalog().to_owned() };
    let application = Application::begins(scenario, &place);
    let faults: Vec<Fault> = match moment {
        Moment::At(place, passing) => vec![Fault { place: place.clone(), action: Action::Stop, passing: *passing }],
        Moment::After(_) => Vec::new(),
    };
    let mut run = place.begin(&scenario.words(), With { faults: &faults, ablated, wait_ms: None });
    match moment {
        Moment::At(..) => drop(run.stops().await),
        Moment::After(ms) => sleep(Duration::from_millis(*ms)).await,
    }
    server.dies().await;
    run.send(Signal::SIGCONT);
    let is_back = server.comes_back().await;
    let said = run.ended().await;
    if !is_back {
        return Verdict::NotReached;
    }
    if said.hung {
        return Verdict::Broken(said.stderr);
    }
    let went_on = goes_on(scenario, &place, ablated).await;
    let wrote = application.ends().await;
    let verdict = match went_on {
        Ok(()) => at_the_end(scenario, &place, true).await,
        Err(broken) => Verdict::Broken(broken),
    };
    wrote.judged(scenario, &place, verdict).await
}
