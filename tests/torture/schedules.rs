//! Several processes want the same at once, command lines and services, and each is stopped, killed or cut off when chance
//! says so. Every effect must be there once, and in the order of the epochs.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::time::sleep;

use crate::{
    budget::Budget,
    chance::{Chance, seed},
    database::On,
    effects::{self, Effects},
    only,
    place::Place,
    program::{Begun, With, word},
    service::Service,
    tally::Tally,
    total,
    trial::{Sessions, Verdict, end_sessions},
};

/// Processes at the beginning, services among them.
const ACTORS_MIN: usize = 2;
const ACTORS_MAX: usize = 8;
const SERVICES_MAX: usize = 2;
/// How long chance has its way.
const STORM_MS: u64 = 1_500;
/// The time between two blows, at most.
const LULL_MS_MAX: usize = 40;
/// How long a process is stopped, at most.
const STOPPED_MS_MAX: usize = 300;
/// Command lines that take the place of killed ones.
const SUCCESSORS_MAX: usize = 12;
/// Services that take the place of killed ones.
const REPLICAS_MAX: usize = 3;
/// Schedules in the bounded slice.
const IN_A_SLICE: u32 = 4;

#[tokio::test]
async fn sqlite() {
    of(On::Sqlite).await;
}

#[tokio::test]
async fn postgres() {
    of(On::Postgres).await;
}

#[tokio::test]
async fn mariadb() {
    of(On::MariaDb).await;
}

async fn of(on: On) {
    let (seed, budget, begun) = (seed(), Budget::of(&format!("schedules::{}", word(on))), Instant::now());
    let mut tally = Tally::default();
    let effects = Effects::of(on).await;
    for nth in 0..budget.schedules(IN_A_SLICE) {
        // Each has a seed of its own, so that one can be repeated without those before it.
        let its_own = seed.wrapping_add(u64::from(nth));
        let verdict = storm(&effects, Chance::of(its_own)).await;
        tally.count("schedule", "schedule", &only::schedule(on, its_own), verdict);
        if budget.is_late() {
            break;
        }
    }
    eprintln!("{}", tally.told(&format!("schedules on {}", word(on)), Some(seed), begun.elapsed().as_secs_f64()));
    total::add(on, &tally, seed, begun);
    assert!(tally.broken.is_empty(), "{} promises were broken", tally.broken.len());
}

/// One that is at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Service(usize),
    CommandLine(usize),
}

/// Who is at it, and those among them that stand still until a certain time.
struct Crew<'a> {
    place: &'a Place,
    services: Vec<Service>,
    command_lines: Vec<Begun>,
    still: Vec<(Who, Instant)>,
    successors: usize,
    replicas: usize,
}

/// One schedule.
pub async fn storm(effects: &Effects, mut chance: Chance) -> Verdict {
    let place = effects.begin().await;
    let mut crew = Crew {
        place: &place,
        services: Vec::new(),
        command_lines: Vec::new(),
        still: Vec::new(),
        successors: 0,
        replicas: 0,
    };
    let actors = ACTORS_MIN + chance.below(ACTORS_MAX - ACTORS_MIN + 1);
    let services = chance.below(SERVICES_MAX.min(actors - 1) + 1);
    for nth in 0..services {
        crew.services.extend(Service::begins(&place, nth).await);
    }
    for _ in services..actors {
        crew.joined(&mut chance);
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(STORM_MS) && crew.is_at_it() {
        sleep(Duration::from_millis(chance.below(LULL_MS_MAX) as u64)).await;
        crew.go_on_by(Instant::now());
        crew.blow(&mut chance).await;
    }
    let verdict = match crew.comes_to_an_end().await {
        Ok(()) => effects.must_be_whole(&place).await,
        Err(broken) => Verdict::Broken(broken),
    };
    place.gone().await;
    verdict
}

impl Crew<'_> {
    /// One more command line: it does the work, or asks a service for it.
    fn joined(&mut self, chance: &mut Chance) {
        let asked = self.services.get(chance.below(2 * self.services.len()));
        let begun = match asked {
            Some(service) => service.asked(self.place),
            None => self.place.begin(&["up"], With::default()),
        };
        self.command_lines.push(begun);
    }

    fn is_at_it(&mut self) -> bool {
        self.command_lines.iter_mut().any(|actor| actor.is_stopped().is_some())
    }

    fn send(&self, who: Who, signal: Signal) {
        match who {
            Who::Service(at) => self.services[at].send(signal),
            Who::CommandLine(at) => self.command_lines[at].send(signal),
        }
    }

    /// Lets those go on whose time has come.
    fn go_on_by(&mut self, now: Instant) {
        let (due, still) = self.still.drain(..).partition(|(_, until)| *until <= now);
        self.still = still;
        let due: Vec<(Who, Instant)> = due;
        for (who, _) in due {
            self.send(who, Signal::SIGCONT);
        }
    }

    fn anybody(&self, chance: &mut Chance) -> Who {
        let at = chance.below(self.services.len() + self.command_lines.len());
        at.checked_sub(self.services.len()).map_or(Who::Service(at), Who::CommandLine)
    }

    async fn blow(&mut self, chance: &mut Chance) {
        let who = self.anybody(chance);
        match (chance.below(6), who) {
            (0 | 1, who) => {
                self.send(who, Signal::SIGSTOP);
                let for_ms = chance.below(STOPPED_MS_MAX) as u64;
                self.still.push((who, Instant::now() + Duration::from_millis(for_ms)));
            }
            (2, Who::CommandLine(_)) if self.successors < SUCCESSORS_MAX => {
                self.send(who, Signal::SIGKILL);
                self.successors += 1;
                self.joined(chance);
            }
            (2, Who::Service(at)) if self.replicas < REPLICAS_MAX => {
                self.replicas += 1;
                self.still.retain(|(other, _)| *other != who);
                if self.services[at].is_replaced(self.place).await {
                    self.joined(chance);
                }
            }
            (3, _) => end_sessions(self.place, Sessions::Newest(1 + chance.below(3))).await,
            _ => {}
        }
    }

    /// Everybody may go on, and must come to an end.
    async fn comes_to_an_end(self) -> Result<(), String> {
        for actor in &self.command_lines {
            actor.send(Signal::SIGCONT);
        }
        for service in &self.services {
            service.send(Signal::SIGCONT);
        }
        let mut hung = None;
        for actor in self.command_lines {
            let said = actor.ended().await;
            hung = hung.or(said.hung.then_some(said.stderr));
        }
        for service in self.services {
            hung = hung.or(service.ends().await);
        }
        if let Some(hung) = hung {
            return Err(hung);
        }
        effects::goes_on(self.place).await
    }
}
