//! Hands in an order and stays with it until its job has ended.

use std::{pin::pin, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};
use ulid::Ulid;

use super::{
    call::Call,
    exit::Exit,
    failure::Failure,
    place::{News, Place},
    show::Show,
    signals::{Asked, Signals},
};
use crate::{
    jobs::pause,
    model::{
        job::Job,
        order::{Order, StopMode},
    },
};

/// Submits `order`, shows how it goes, and answers with the job once it has ended.
///
/// While another run holds the target, tries again for `wait` (`None`: as configured). Signals end the job as
/// [`Ending::go_on`] says.
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
    let (job, asked) = submit(call, place, order, wait, &mut signals).await?;
    if job.state.is_final() {
        return Ok(job);
    }
    let mut show = Show::on(call.output);
    let mut following = place.follow(job);
    let mut ending = Ending::default();
    if let Some(asked) = asked {
        ending.go_on(asked, place, &show).await?;
    }
    loop {
        tokio::select! {
            news = following.next() => match news {
                Ok(News::Progress(now)) => show.progress(&now),
                Ok(News::Silence(reason)) => show.note(&format!("{reason}; trying again")),
                Ok(News::Ended(job)) => {
                    show.end();
                    if let Some(file) = job.log_file.as_ref().filter(|_| job.problem.is_some()) {
                        show.note(&format!("every step is told in {file}"));
                    }
                    place.leave().await;
                    return Ok(*job);
                }
                Err(failure) => {
                    show.end();
                    return Err(failure);
                }
            },
            asked = signals.next() => ending.go_on(asked, place, &show).await.inspect_err(|_| show.end())?,
            () = ending.is_due() => ending.at_once(place, &show).await,
        }
    }
}

/// How far the ending of a job has come, by the signals that asked for it.
#[derive(Default)]
struct Ending {
    last: Option<StopMode>,
    /// When an orchestrator's patience is nearly over.
    due: Option<Instant>,
}

impl Ending {
    /// The first signal asks for the next safe edge, Ctrl-C again for an end at once, and after that, or by a second
    /// SIGTERM, the process leaves.
    ///
    /// # Errors
    /// When it leaves.
    async fn go_on(&mut self, asked: Asked, place: &Place, show: &Show) -> Result<(), Failure> {
        match (self.last, asked) {
            (None, _) => {
                self.last = Some(StopMode::Safe);
                let grace = place.grace().filter(|_| asked == Asked::Terminate);
                self.due = grace.map(|grace| Instant::now() + grace);
                show.note("stopping at the next safe edge; once more stops at once");
                stop(place, StopMode::Safe, show).await;
                Ok(())
            }
            (Some(StopMode::Safe), Asked::Interrupt) => {
                self.at_once(place, show).await;
                Ok(())
            }
            _ => Err(left(asked, "left at once; what the job was at is found and finished by the next run")),
        }
    }

    /// Comes back once the job has had its time to come to a safe edge.
    async fn is_due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    async fn at_once(&mut self, place: &Place, show: &Show) {
        self.last = Some(StopMode::Now);
        self.due = None;
        show.note("stopping at once");
        stop(place, StopMode::Now, show).await;
    }
}

/// Asks the job to stop.
async fn stop(place: &Place, mode: StopMode, show: &Show) {
    match place.stop(mode).await {
        // a job that has just ended cannot be stopped, and is found by the wait
        Err(failure) if !failure.is("nothing-runs") => show.note(&failure.detail),
        _ => {}
    }
}

/// The job, and the signal that wanted it to stop before it was known.
async fn submit(
    call: &Call,
    place: &Place,
    order: &Order,
    wait: Option<Duration>,
    signals: &mut Signals,
) -> Result<(Job, Option<Asked>), Failure> {
    let deadline = Instant::now() + wait.unwrap_or_else(|| place.lock_wait());
    let key = Ulid::generate().to_string();
    loop {
        let (answer, asked) = attempt(call, place, order, &key, signals).await?;
        match answer {
            Ok(job) => return Ok((job, asked)),
            Err(failure) if asked.is_some() || Instant::now() >= deadline => return Err(failure),
            Err(Failure { holder: Some(holder), .. }) => tokio::select! {
                () = turn(call, place, &holder, deadline) => {}
                asked = signals.next() => return Err(left(asked, "left before it was begun; nothing was changed")),
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
        sleep(pause().min(deadline - Instant::now())).await;
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
) -> Result<(Result<Job, Failure>, Option<Asked>), Failure> {
    let mut answer = pin!(place.submit(order, key));
    let mut first = None;
    loop {
        tokio::select! {
            answer = &mut answer => return Ok((answer, first)),
            asked = signals.next() => {
                if first.is_some() {
                    return Err(left(asked, "left while the order was given: it may have been taken"));
                }
                call.output.note("stopping as soon as the order is answered; once more leaves at once");
                first = Some(asked);
            }
        }
    }
}

/// The process leaves as by the signal itself.
fn left(asked: Asked, detail: &str) -> Failure {
    Failure::of(Exit::Killed(asked.number()), "left", detail, "windlass status tells how the database stands")
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
