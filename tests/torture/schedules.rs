//! Several processes want the same at once, command lines and a service, and each is stopped, killed or cut off when chance
//! says so. Every effect must be there once, and in the order of the epochs.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::time::sleep;

use crate::{
    budget::Budget,
    chance::{Chance, seed},
    database::On,
    effects::{self, Effects},
    place::Place,
    program::{Begun, With, word},
    service::Service,
    tally::Tally,
    trial::{Sessions, Verdict, end_sessions},
};

const ACTORS_MAX: usize = 8;
/// How long chance has its way.
const STORM_MS: u64 = 2_500;
/// The time between two blows, at most.
const LULL_MS_MAX: usize = 60;
/// How long a process is stopped, at most.
const STOPPED_MS_MAX: usize = 400;
/// Processes that take the place of killed ones.
const SUCCESSORS_MAX: usize = 12;
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
    for nth in 0..budget.scaled(IN_A_SLICE) {
        // Each has a seed of its own, so that one can be repeated without those before it.
        let its_own = seed.wrapping_add(u64::from(nth));
        let verdict = storm(&effects, Chance::of(its_own)).await;
        let repeat = format!("{} schedule with seed {its_own}", word(on));
        tally.count("schedule", "storm", &repeat, verdict);
        if budget.is_late() {
            break;
        }
    }
    eprintln!("{}", tally.told(&format!("schedules on {}", word(on)), seed, begun.elapsed().as_secs_f64()));
    assert!(tally.broken.is_empty(), "{} promises were broken", tally.broken.len());
}

/// Who is at it: processes, and those among them that stand still until a certain time.
struct Crew<'a> {
    place: &'a Place,
    service: Option<Service>,
    actors: Vec<Begun>,
    still: Vec<(usize, Instant)>,
    successors: usize,
}

async fn storm(effects: &Effects, mut chance: Chance) -> Verdict {
    let place = effects.begin().await;
    let service = if chance.below(2) == 0 { Some(Service::begins(&place).await) } else { None };
    let mut crew = Crew { place: &place, service, actors: Vec::new(), still: Vec::new(), successors: 0 };
    let actors = 2 + chance.below(ACTORS_MAX - 1);
    for nth in 0..actors {
        crew.joined(nth == 0);
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
    /// One more process; the first asks the service, when there is one.
    fn joined(&mut self, asks_the_service: bool) {
        let begun = match &self.service {
            Some(service) if asks_the_service => service.asked(self.place),
            _ => self.place.begin(&["up"], With::default()),
        };
        self.actors.push(begun);
    }

    fn is_at_it(&mut self) -> bool {
        self.actors.iter_mut().any(|actor| actor.is_stopped().is_some())
    }

    /// Lets those go on whose time has come.
    fn go_on_by(&mut self, now: Instant) {
        let actors = &self.actors;
        self.still.retain(|(at, until)| {
            if *until <= now {
                actors[*at].send(Signal::SIGCONT);
            }
            *until > now
        });
    }

    async fn blow(&mut self, chance: &mut Chance) {
        let at = chance.below(self.actors.len());
        match chance.below(6) {
            0 | 1 => {
                self.actors[at].send(Signal::SIGSTOP);
                let for_ms = chance.below(STOPPED_MS_MAX) as u64;
                self.still.push((at, Instant::now() + Duration::from_millis(for_ms)));
            }
            2 if self.successors < SUCCESSORS_MAX => {
                self.actors[at].send(Signal::SIGKILL);
                self.successors += 1;
                self.joined(false);
            }
            3 => end_sessions(self.place, Sessions::Newest(1 + chance.below(3))).await,
            4 if chance.below(4) == 0 => {
                if let Some(service) = &self.service {
                    service.send(Signal::SIGKILL);
                }
            }
            _ => {}
        }
    }

    /// Everybody may go on, and must come to an end.
    async fn comes_to_an_end(self) -> Result<(), String> {
        for actor in &self.actors {
            actor.send(Signal::SIGCONT);
        }
        let mut hung = None;
        for actor in self.actors {
            let said = actor.ended().await;
            hung = hung.or(said.hung.then_some(said.stderr));
        }
        if let Some(service) = self.service {
            service.ends().await;
        }
        if let Some(hung) = hung {
            return Err(hung);
        }
        effects::goes_on(self.place).await
    }
}
