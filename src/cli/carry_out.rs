//! Hands in an order and stays with it until its job has ended.

use std::{pin::pin, time::Duration};

use tokio::time::{Instant, sleep};
use ulid::Ulid;

use super::{
    call::Call,
    exit::Exit,
    failure::Failure,
    place::{News, Place},
    show::Show,
    signals::Signals,
};
use crate::model::{
    job::Job,
    order::{Order, StopMode},
};

/// The shortest time between two looks while another run holds the target.
const LOOK_MS_MIN: u64 = 250;
/// So much is added at random.
const LOOK_MS_MORE: u64 = 250;
/// How the process exits that is told to leave while nothing of its own is at work: as by SIGINT itself.
const LEFT: Exit = Exit::Killed(2);

/// Submits `order`, shows how it goes, and answers with the job once it has ended.
///
/// While another run holds the target, tries again for `wait` (`None`: as configured). The first Ctrl-C (or SIGTERM) asks
/// the job to stop at the next safe edge, the second at once.
///
/// # Errors
/// When the order is not taken.
pub(super) async fn carry_out(
    call: &Call,
    place: &Place,
    order: &Order,
    wait: Option<Duration>,
) -> Result<Job, Failure> {
    let mut signals = Signals::listen();
    let (job, is_stopped) = submit(call, place, order, wait, &mut signals).await?;
    if job.state.is_final() {
        return Ok(job);
    }
    let mut show = Show::on(call.output);
    let mut following = place.follow(job);
    let mut mode = StopMode::Safe;
    if is_stopped {
        mode = stop(place, mode, &show).await;
    }
    loop {
        tokio::select! {
            news = following.next() => match news {
                Ok(News::Progress(now)) => show.progress(&now),
                Ok(News::Silence(reason)) => show.note(&format!("{reason}; trying again")),
                Ok(News::Ended(job)) => {
                    show.end();
                    place.leave().await;
                    return Ok(*job);
                }
                Err(failure) => {
                    show.end();
                    return Err(failure);
                }
            },
            () = signals.next() => mode = stop(place, mode, &show).await,
        }
    }
}

/// Asks the job to stop, and gives how the next signal is meant.
async fn stop(place: &Place, mode: StopMode, show: &Show) -> StopMode {
    show.note(match mode {
        StopMode::Safe => "stopping at the next safe edge; once more stops at once",
        StopMode::Now => "stopping at once",
    });
    match place.stop(mode).await {
        // a job that has just ended cannot be stopped, and is found by the wait
        Err(failure) if !failure.is("nothing-runs") => show.note(&failure.detail),
        _ => {}
    }
    StopMode::Now
}

/// The job, and whether somebody wanted it to stop before it was known.
async fn submit(
    call: &Call,
    place: &Place,
    order: &Order,
    wait: Option<Duration>,
    signals: &mut Signals,
) -> Result<(Job, bool), Failure> {
    let deadline = Instant::now() + wait.unwrap_or_else(|| place.lock_wait());
    let key = Ulid::generate().to_string();
    loop {
        let (answer, is_stopped) = attempt(call, place, order, &key, signals).await?;
        match answer {
            Ok(job) => return Ok((job, is_stopped)),
            Err(failure) if is_stopped || Instant::now() >= deadline => return Err(failure),
            Err(Failure { holder: Some(holder), .. }) => tokio::select! {
                () = turn(call, place, &holder, deadline) => {}
                () = signals.next() => return Err(left("left before it was begun; nothing was changed")),
            },
            Err(failure) => return Err(failure),
        }
    }
}

/// Waits until nobody holds the target, or for as long as it may, and shows how far its holder is.
async fn turn(call: &Call, place: &Place, holder: &str, deadline: Instant) {
    let mut told = holder.to_owned();
    call.output.note(&format!("waiting for {told}"));
    let mut turn = place.watch_lock();
    while Instant::now() < deadline {
        sleep(rest().min(deadline - Instant::now())).await;
        match turn.look().await {
            Ok(None) => break,
            Ok(Some(now)) if now != told => {
                call.output.note(&format!("waiting for {now}"));
                told = now;
            }
            // What cannot be looked at now may be later, until the time is over.
            _ => {}
        }
    }
    turn.close().await;
}

/// Some at random, so that those who wait together do not ask together.
fn rest() -> Duration {
    let chance = u64::try_from(Ulid::generate().random() % u128::from(LOOK_MS_MORE)).unwrap_or_default();
    Duration::from_millis(LOOK_MS_MIN + chance)
}

/// One try. An order that is on its way is not dropped by the first signal: it may already be taken.
///
/// # Errors
/// At the second signal.
async fn attempt(
    call: &Call,
    place: &Place,
    order: &Order,
    key: &str,
    signals: &mut Signals,
) -> Result<(Result<Job, Failure>, bool), Failure> {
    let mut answer = pin!(place.submit(order, key));
    let mut is_stopped = false;
    loop {
        tokio::select! {
            answer = &mut answer => return Ok((answer, is_stopped)),
            () = signals.next() => {
                if is_stopped {
                    return Err(left("left while the order was given: it may have been taken"));
                }
                call.output.note("stopping as soon as the order is answered; once more leaves at once");
                is_stopped = true;
            }
        }
    }
}

fn left(detail: &str) -> Failure {
    Failure::of(LEFT, "left", detail, "windlass status tells how the database stands")
}

/// What came of a job: its exit code, or why it did not reach its goal.
///
/// # Errors
/// When it did not.
pub(super) fn outcome(job: &Job) -> Result<Exit, Failure> {
    match (Exit::from(job), &job.problem) {
        (Exit::Fine, _) => Ok(Exit::Fine),
        (_, Some(problem)) => Err(problem.into()),
        (exit, None) => {
            let detail = format!("job {} is {}", job.id, job.state.as_str());
            Err(Failure::of(exit, job.state.as_str(), detail, "windlass status tells more; windlass up goes on"))
        }
    }
}
