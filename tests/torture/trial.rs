//! One trial: a run with faults, the next one without, and what must then be so.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{
    application::Application,
    database::On,
    eye::Eye,
    orders::{Action, Fault, Orders},
    place::Place,
    program::{Said, With},
    scenario::Scenario,
    truth::{Truth, left_behind},
};

/// How many runs it may take to come to the end without a fault.
const RUNS_MAX: u32 = 2;
/// How long another process waits for a session to end whose lock was taken away.
const WAIT_FOR_UNLOCKED_MS: u64 = 5_000;

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it must.
    Held,
    /// The place was never reached, so nothing was shown.
    NotReached,
    /// A promise was broken.
    Broken(String),
}

/// Runs a trial; `ablated` is left out of the program.
pub async fn run(scenario: &Scenario, orders: &Orders, ablated: &str) -> Verdict {
    let place = scenario.begin().await;
    let application = Application::begins(scenario, &place);
    let mut lies = Vec::new();
    let verdict = match orders.first.as_slice() {
        [fault] if fault.action.stops() => stopped(scenario, &place, fault, ablated, &mut lies).await,
        _ => faulted(scenario, &place, orders, ablated, &mut lies).await,
    };
    let wrote = application.ends().await;
    let verdict = match verdict {
        Ok(reached) => at_the_end(scenario, &place, reached).await,
        Err(broken) => Verdict::Broken(broken),
    };
    let verdict = wrote.judged(scenario, &place, verdict).await;
    place.gone().await;
    match verdict {
        Verdict::Broken(how) => lies.insert(0, how),
        verdict if lies.is_empty() => return verdict,
        _ => {}
    }
    Verdict::Broken(lies.join("\n  "))
}

/// The run with its faults, and what it says of itself. Gives whether a fault came.
async fn faulted(
    scenario: &Scenario,
    place: &Place,
    orders: &Orders,
    ablated: &str,
    lies: &mut Vec<String>,
) -> Result<bool, String> {
    let words = scenario.words();
    let mut is_reached = false;
    let mut before = vec![scenario.before.clone()];
    for (nth, faults) in [&orders.first, &orders.second].into_iter().enumerate() {
        if faults.is_empty() {
            continue;
        }
        if nth > 0 {
            // Not without need: whoever looks at a SQLite file rolls back what a dead process left, as the next run must by itself.
            before = vec![Truth::of(place).await];
        }
        let said = place.run(&words, With { faults, ablated, wait_ms: None }).await;
        is_reached |= faults.iter().any(|fault| said.reached(fault));
        lies.extend(untrue(scenario, place, &said, &before).await);
    }
    goes_on(scenario, place, ablated).await?;
    Ok(is_reached)
}

/// The run is stopped at its place, and goes on after what happens meanwhile.
async fn stopped(
    scenario: &Scenario,
    place: &Place,
    fault: &Fault,
    ablated: &str,
    lies: &mut Vec<String>,
) -> Result<bool, String> {
    let words = scenario.words();
    let faults = std::slice::from_ref(fault);
    let mut first = place.begin(&words, With { faults, ablated, wait_ms: None });
    let is_reached = first.stops().await;
    // A restore on a server that swaps databases ends the sessions of all others.
    let is_patient = fault.action == Action::Stop && !scenario.leads_back();
    let wait_ms = match fault.action {
        Action::Takeover => {
            unlock(place, ablated).await;
            Some(WAIT_FOR_UNLOCKED_MS)
        }
        _ => Some(0),
    };
    if fault.action == Action::Admin {
        end_sessions(place, Sessions::All).await;
    } else {
        let other = place.run(&words, With { faults: &[], ablated, wait_ms }).await;
        must_have_ended("the other", &other, is_patient)?;
    }
    // What another did while it stood still is none of its doing.
    let before = match fault.action {
        Action::Admin => vec![scenario.before.clone()],
        _ => vec![scenario.before.clone(), Truth::of(place).await],
    };
    first.send(Signal::SIGCONT);
    let first = first.ended().await;
    must_have_ended("the one that was stopped", &first, is_patient)?;
    lies.extend(untrue(scenario, place, &first, &before).await);
    goes_on(scenario, place, ablated).await?;
    Ok(is_reached)
}

/// A process that is only in another's way waits or has nothing to do (`is_patient`); one whose session was taken away may
/// say so.
fn must_have_ended(which: &str, said: &Said, is_patient: bool) -> Result<(), String> {
    let Some(exit) = said.exit.filter(|_| !said.hung) else {
        return Err(format!("{which} did not come to an end of its own: {}", said.stderr));
    };
    let is_fine = matches!(exit, 0 | 75) || (!is_patient && matches!(exit, 1 | 69));
    if is_fine { Ok(()) } else { Err(format!("{which} says {exit}: {}", said.stderr)) }
}

/// Which sessions an administrator ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    All,
    /// So many, those that began last.
    Newest(usize),
    /// The one that holds the target's lock.
    TheLocks,
}

/// Ends sessions of the target at the server.
pub async fn end_sessions(place: &Place, which: Sessions) {
    let (all, holder, end) = match place.database.on {
        On::Sqlite => return,
        On::Postgres => (
            "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND backend_type = 'client backend' ORDER BY backend_start DESC",
            "SELECT pid::text FROM pg_locks WHERE locktype = 'advisory' AND database = \
             (SELECT oid FROM pg_database WHERE datname = current_database())",
            "SELECT pg_terminate_backend(#)",
        ),
        On::MariaDb => (
            "SELECT CAST(id AS CHAR) FROM information_schema.processlist \
             WHERE db = DATABASE() AND id <> CONNECTION_ID() ORDER BY id DESC",
            "SELECT CAST(IS_USED_LOCK(CONCAT('windlass:', LEFT(SHA2(DATABASE(), 256), 40))) AS CHAR)",
            "KILL #",
        ),
    };
    let mut eye = Eye::on(&place.database).await;
    let ids = eye.texts(if which == Sessions::TheLocks { holder } else { all }).await;
    let most = if let Sessions::Newest(most) = which { most } else { usize::MAX };
    for id in ids.into_iter().take(most) {
        // It may have gone by itself.
        let _ = eye.try_run(&end.replace('#', &id)).await;
    }
}

/// Takes the lock away from whoever has it, as a careless administrator does.
pub async fn unlock(place: &Place, ablated: &str) {
    match place.database.on {
        On::Sqlite => {
            let lock = format!("{}.windlass-lock", place.database.url.trim_start_matches("sqlite:"));
            let _ = std::fs::remove_file(lock);
        }
        On::Postgres | On::MariaDb => {
            // Where the lock has a session of its own, only that one goes.
            let is_elsewhere = ablated.contains("same-session");
            end_sessions(place, if is_elsewhere { Sessions::TheLocks } else { Sessions::All }).await;
        }
    }
}

/// The same command without a fault comes to its end, with nobody's help.
pub async fn goes_on(scenario: &Scenario, place: &Place, ablated: &str) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..RUNS_MAX {
        let said = place.run(&scenario.words(), With { faults: &[], ablated, wait_ms: None }).await;
        if said.exit == Some(0) {
            return if last.is_empty() { Ok(()) } else { Err(format!("it took more than one run: {last}")) };
        }
        last = format!("exit {:?}: {}", said.exit, said.stderr);
        if said.hung {
            break;
        }
    }
    Err(format!("it does not come to its end by itself: {last}"))
}

pub async fn at_the_end(scenario: &Scenario, place: &Place, is_reached: bool) -> Verdict {
    let truth = Truth::of(place).await;
    if let Some(difference) = truth.against(&scenario.golden) {
        return Verdict::Broken(difference);
    }
    if truth.epoch < scenario.before.epoch {
        return Verdict::Broken(format!("the epoch fell from {} to {}", scenario.before.epoch, truth.epoch));
    }
    match left_behind(place).await {
        Some(left) => Verdict::Broken(left),
        None if is_reached => Verdict::Held,
        None => Verdict::NotReached,
    }
}

/// Where an answer does not agree with what is so right after it. A process that was killed has answered nothing.
async fn untrue(scenario: &Scenario, place: &Place, said: &Said, before: &[Truth]) -> Option<String> {
    if said.hung {
        return Some(said.stderr.clone());
    }
    let exit = said.exit?;
    let now = Truth::of(place).await;
    if exit == 0 {
        let difference = now.against(&scenario.golden)?;
        return Some(format!("it said that it was done, and {difference}"));
    }
    if said.problem["type"].is_null() {
        return Some(format!("it ended with {exit} and told no problem: {}", said.stderr));
    }
    let state = said.problem["target_state"].as_str().unwrap_or_default();
    let is_untouched = state == "the target is as it was before";
    if is_untouched && !is_as_before(before, &said.job, &now) {
        return Some(format!("it said that nothing was changed, and now {:?}; {}", now.history, said.problem));
    }
    wrong_about_a_migration(&said.job, state, &now)
}

/// A run of which nothing is reported as done must have left everything alone.
fn is_as_before(before: &[Truth], job: &Value, now: &Truth) -> bool {
    let is_something_done = migrations(job).any(|(_, succeeded)| succeeded);
    is_something_done || before.iter().any(|before| now.everything == before.everything)
}

fn wrong_about_a_migration(job: &Value, state: &str, now: &Truth) -> Option<String> {
    let is_up = job["kind"] == "migrate" || job["kind"] == "migration";
    for (id, succeeded) in migrations(job) {
        let is_in = now.applied.iter().any(|name| id.ends_with(name.as_str()) || name == id);
        if succeeded && is_in != is_up {
            return Some(format!("it said that {id} was done, and the history does not: {:?}", now.applied));
        }
        // Another one may have failed earlier, not been critical, and rightly be in the history.
        let is_meant = state.contains(id) && state.contains("is as it was before it");
        if !succeeded && is_meant && is_in == is_up {
            return Some(format!("it said that {id} failed and left nothing, and the history has it"));
        }
    }
    None
}

/// The migrations that a job tells of, and whether they succeeded.
fn migrations(job: &Value) -> impl Iterator<Item = (&str, bool)> {
    let all = job["result"]["migrations"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| Some((one["id"].as_str()?, one["success"] == true)))
}
