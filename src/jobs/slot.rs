//! The one place at the bench: which job of this process is at work.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, futures::OwnedNotified, watch};

use crate::model::{
    job::{Job, JobEvent, JobId, JobKind, transition},
    order::StopMode,
    progress::{Progress, ProgressReader},
};

/// How many jobs are kept in memory whose end the control store has not taken.
const UNSAVED_MAX: usize = 64;
/// How long a job that gives way may take to do so.
const GIVE_WAY_S_MAX: u64 = 10;

/// A job at work, as the rest of the process sees it.
#[derive(Clone)]
pub(super) struct AtWork {
    /// Where it stands; the sender goes when it has ended and was saved.
    pub job: watch::Receiver<Job>,
    /// How far it is.
    pub progress: ProgressReader,
    /// The way to stop it.
    pub stop: watch::Sender<Option<StopMode>>,
    /// Whether it leaves the place to whoever comes.
    pub gives_way: bool,
}

enum State {
    Free,
    /// Somebody is being admitted.
    Reserved,
    /// At work, or the last that was.
    Taken(Box<AtWork>),
}

/// The one place at the bench. Cheap to clone.
#[derive(Clone)]
pub struct Slot {
    state: Arc<Mutex<State>>,
    running: Arc<watch::Sender<Option<JobKind>>>,
    /// Told when an admission is over, whatever came of it.
    settled: Arc<Notify>,
    /// Jobs as they ended that the control store has not taken, oldest first.
    unsaved: Arc<Mutex<VecDeque<Job>>>,
}

/// The right to be admitted; the place is free again when it is dropped unused.
pub(super) struct Reservation(Option<Slot>);

impl Slot {
    /// A free place; `running` is told which kind of job begins, and when it ends.
    #[must_use]
    pub fn free(running: watch::Sender<Option<JobKind>>) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::Free)),
            running: Arc::new(running),
            settled: Arc::default(),
            unsaved: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves the place; gives the job that has it when it is taken.
    pub(super) fn reserve(&self) -> Result<Reservation, Option<JobId>> {
        let mut state = self.state();
        match &*state {
            State::Taken(at_work) if !at_work.job.borrow().state.is_final() => Err(Some(at_work.job.borrow().id)),
            State::Reserved => Err(None),
            _ => {
                *state = State::Reserved;
                Ok(Reservation(Some(self.clone())))
            }
        }
    }

    /// The job that is at work, or the last that was.
    pub(super) fn at_work(&self) -> Option<AtWork> {
        match &*self.state() {
            State::Taken(at_work) => Some((**at_work).clone()),
            _ => None,
        }
    }

    /// Asks a job that gives way to stop, and waits until it has; false when there is none such at work.
    pub(super) async fn asked_to_give_way(&self) -> bool {
        let Some(mut at_work) = self.at_work().filter(|at_work| at_work.gives_way) else { return false };
        at_work.stop.send_replace(Some(StopMode::Now));
        let stopped = at_work.job.wait_for(|job| job.state.is_final());
        tokio::time::timeout(Duration::from_secs(GIVE_WAY_S_MAX), stopped).await.is_ok()
    }

    /// The end of an admission that goes on now, or of the next one. Ask for it before looking at the place.
    pub(super) fn settled(&self) -> OwnedNotified {
        Arc::clone(&self.settled).notified_owned()
    }

    /// The job that is at work, or the last that was, once nobody is being admitted.
    pub(super) async fn at_work_once_settled(&self) -> Option<AtWork> {
        loop {
            let settled = self.settled();
            if !matches!(&*self.state(), State::Reserved) {
                return self.at_work();
            }
            settled.await;
        }
    }

    fn ended(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a job as it ended, for as long as the control store has it otherwise.
    pub(super) fn keep(&self, job: Job) {
        let mut ended = self.ended();
        if ended.len() == UNSAVED_MAX {
            ended.pop_front();
        }
        ended.push_back(job);
    }

    /// The jobs that were kept so.
    pub(super) fn kept(&self) -> Vec<Job> {
        self.ended().iter().cloned().collect()
    }

    /// One of them.
    pub(super) fn kept_as(&self, id: JobId) -> Option<Job> {
        self.ended().iter().find(|job| job.id == id).cloned()
    }

    /// Lets go of a job that was saved.
    pub(super) fn let_go(&self, id: JobId) {
        self.ended().retain(|job| job.id != id);
    }

    /// Tells that a job of this kind began, or that the job ended.
    pub(super) fn tell(&self, running: Option<JobKind>) {
        self.running.send_replace(running);
    }
}

impl Reservation {
    /// Takes the place.
    pub(super) fn take(mut self, at_work: AtWork) {
        if let Some(slot) = self.0.take() {
            *slot.state() = State::Taken(Box::new(at_work));
            slot.settled.notify_waiters();
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            *slot.state() = State::Free;
            slot.settled.notify_waiters();
        }
    }
}

impl AtWork {
    /// The job as it stands now, with its live progress.
    pub(super) fn job(&self, now: chrono::DateTime<chrono::Utc>) -> Job {
        let mut job = self.job.borrow().clone();
        if !job.state.is_final() {
            job.progress = timed(self.progress.borrow().clone(), &job, now);
            if self.stop.borrow().is_some() {
                job.state = transition(job.state, JobEvent::StopAsked).unwrap_or(job.state);
            }
        }
        job
    }
}

/// A progress with its time: how long so far, and when it will end by the rate so far.
pub(super) fn timed(mut progress: Progress, job: &Job, now: chrono::DateTime<chrono::Utc>) -> Progress {
    let Some(started) = job.started_at else { return progress };
    let elapsed = (now - started).max(chrono::TimeDelta::zero());
    progress.elapsed_ms = u64::try_from(elapsed.num_milliseconds()).unwrap_or(0);
    if progress.completed > 0 && progress.total > progress.completed {
        let left = progress.elapsed_ms.saturating_mul(progress.total - progress.completed) / progress.completed;
        progress.estimated_end =
            i64::try_from(left).ok().and_then(chrono::TimeDelta::try_milliseconds).map(|left| now + left);
    }
    if let (Some(done), Some(total), Some(rate)) = (progress.rows_done, progress.rows_total, progress.rate)
        && rate > 0.0
    {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an estimate")]
        let left = (total.saturating_sub(done) as f64 / rate * 1_000.0) as i64;
        progress.estimated_end =
            chrono::TimeDelta::try_milliseconds(left).and_then(|left| now.checked_add_signed(left));
    }
    progress
}
