//! Hands in an order and stays with it until its job has ended.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep},
};

use super::{
    call::{Call, requester},
    exit::Exit,
    failure::Failure,
    output::Output,
};
use crate::{
    app::App,
    jobs::Refused,
    model::{
        job::Job,
        order::{Order, StopMode},
        progress::{Progress, ProgressReader},
    },
    telemetry::harmless,
};

/// The time between two tries while another run holds the target.
const RETRY_MS: u64 = 500;
/// The longest one wait for a job's end takes; then the next one begins.
const WAIT_S: u64 = 60;
/// How long the end of a job may take to let go of the target before the process leaves.
const CLOSE_S_MAX: u64 = 5;
/// How a run with a known length looks while it goes on.
const BAR: &str = "{bar:30} {percent:>3}% {pos}/{len}  {msg}  {elapsed}";
/// How one looks whose length is not known yet.
const SPINNER: &str = "{spinner} {msg}  {elapsed}";
/// How often a spinner turns, in milliseconds.
const TICK_MS: u64 = 120;

/// Submits `order`, shows how it goes, and answers with the job once it has ended.
///
/// While another run holds the target, tries again for `run.lock_wait`. The first Ctrl-C (or SIGTERM) asks the job to
/// stop at the next safe edge, the second at once.
///
/// # Errors
/// When the order is not taken.
pub(super) async fn carry_out(call: &Call, app: &App, order: Order) -> Result<Job, Failure> {
    let job = submit(call, app, order).await?;
    let mut show = Show::on(call.output);
    let mut signals = Signals::listen();
    let mut progress = app.desk.follow(job.id);
    let mut stop = StopMode::Safe;
    loop {
        tokio::select! {
            waited = app.desk.wait(job.id, Duration::from_secs(WAIT_S)) => {
                let job = waited?;
                if job.state.is_final() {
                    show.end();
                    app.desk.close(Duration::from_secs(CLOSE_S_MAX)).await;
                    return Ok(job);
                }
            }
            now = changed(&mut progress) => show.progress(&now),
            () = signals.next() => {
                show.note(match stop {
                    StopMode::Safe => "stopping at the next safe edge; once more stops at once",
                    StopMode::Now => "stopping at once",
                });
                // a job that has just ended cannot be stopped, and is found by the wait
                let _ = app.desk.stop(&requester(), stop).await;
                stop = StopMode::Now;
            }
        }
    }
}

async fn submit(call: &Call, app: &App, order: Order) -> Result<Job, Failure> {
    let deadline = Instant::now() + app.config.run.lock_wait;
    let mut told = String::new();
    loop {
        match app.desk.submit(&requester(), order.clone(), None).await {
            Err(Refused::Busy { holder, .. }) if Instant::now() < deadline => {
                if told != holder {
                    call.output.note(&format!("waiting for {holder}"));
                    told = holder;
                }
                sleep(Duration::from_millis(RETRY_MS)).await;
            }
            answer => return Ok(answer?),
        }
    }
}

/// The next news; none ever comes from a job that cannot be followed, or is done telling.
async fn changed(progress: &mut Option<ProgressReader>) -> Progress {
    if let Some(reader) = progress {
        if reader.changed().await.is_ok() {
            return reader.borrow_and_update().clone();
        }
        *progress = None;
    }
    std::future::pending().await
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

/// The signals that ask to stop; without any where they cannot be listened to.
struct Signals(Vec<Signal>);

impl Signals {
    fn listen() -> Self {
        Self(
            [SignalKind::interrupt(), SignalKind::terminate()]
                .into_iter()
                .filter_map(|kind| signal(kind).ok())
                .collect(),
        )
    }

    async fn next(&mut self) {
        match self.0.as_mut_slice() {
            [first, second] => tokio::select! { _ = first.recv() => {} _ = second.recv() => {} },
            [only] => drop(only.recv().await),
            _ => std::future::pending().await,
        }
    }
}

/// A bar on a terminal, a line for each step elsewhere.
struct Show {
    output: Output,
    bar: ProgressBar,
    step: String,
}

impl Show {
    fn on(output: Output) -> Self {
        let target = if output.has_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if output.has_terminal() {
            bar.enable_steady_tick(Duration::from_millis(TICK_MS));
        }
        let mut show = Self { output, bar, step: String::new() };
        show.style(SPINNER);
        show
    }

    fn style(&mut self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    fn progress(&mut self, now: &Progress) {
        let message = match &now.waiting_for {
            Some(blocker) => format!("{}: waiting for {blocker}", now.step),
            None => now.step.clone(),
        };
        // without a bar one line a step is enough, not one for each count behind its comma
        let begins = |text: &str| text.split(',').next().map(str::to_owned);
        if !self.output.has_terminal() && begins(&message) != begins(&self.step) {
            self.output.note(&message);
        }
        if now.total > 0 {
            if self.bar.length().is_none() {
                self.style(BAR);
            }
            self.bar.set_length(now.total);
            self.bar.set_position(now.completed);
        }
        self.bar.set_message(harmless(&message));
        self.step = message;
    }

    fn note(&self, text: &str) {
        self.bar.suspend(|| self.output.note(text));
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
