//! Takes orders.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until, timeout_at},
};
use tracing::Instrument;

use super::{
    Refused, admission, runner,
    slot::{Reservation, Slot},
    turn::pause,
};
use crate::{
    model::{
        job::{Job, JobId},
        order::{Door, Order, Requester, StopMode},
        progress::ProgressReader,
        status::LogKind,
    },
    procedure::Target,
    store::NewLine,
};

/// How often the target is looked at, at the start, until what an earlier process left can be looked after: some hours, with the
/// pauses.
const LOOKS_MAX: u32 = 2_000;
/// The first pause between two looks.
const LOOK_MS: u64 = 500;
/// How often a pause is doubled.
const LOOK_DOUBLINGS_MAX: u32 = 4;

/// Takes orders: submit, stop, wait. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    target: Target,
    slot: Slot,
    is_closed: Arc<AtomicBool>,
}

/// What an order finds at the bench.
enum Place {
    Free(Reservation),
    Known(Box<Job>),
}

impl Desk {
    /// A desk for one target.
    #[must_use]
    pub fn new(target: Target, slot: Slot) -> Self {
        Self { target, slot, is_closed: Arc::new(AtomicBool::new(false)) }
    }

    /// The same desk for the same target under other settings.
    #[must_use]
    pub fn over(&self, target: Target) -> Self {
        Self { target, ..self.clone() }
    }

    /// Takes an order. Answers as soon as the target's lock is held and the job is queued.
    ///
    /// With a `key` that was used before, answers with that job and starts nothing; while that very order is being taken, waits
    /// for what comes of it. Never waits for another run. A caller that goes away takes nothing back: what was begun is done.
    ///
    /// # Errors
    /// [`Refused`]; nothing was begun.
    pub async fn submit(&self, by: &Requester, order: Order, key: Option<&str>) -> Result<Job, Refused> {
        self.submit_for(self.target.for_one_job(), by, order, key).await
    }

    /// As [`Desk::submit`], but where there is nothing to do the answer is a job that has ended already: then no lock is
    /// taken, and nothing is written anywhere.
    ///
    /// # Errors
    /// As [`Desk::submit`].
    pub async fn submit_if_needed(&self, by: &Requester, order: Order) -> Result<Job, Refused> {
        let target = self.target.for_one_job();
        match admission::settled(&target, &order).await? {
            Some(report) => Ok(runner::settled(&target, by, &order, &report)),
            None => self.submit_for(target, by, order, None).await,
        }
    }

    async fn submit_for(
        &self,
        target: Target,
        by: &Requester,
        order: Order,
        key: Option<&str>,
    ) -> Result<Job, Refused> {
        let (desk, by, key) = (self.clone(), by.clone(), key.map(str::to_owned));
        let admitting = async move { desk.admit(&target, &by, order, key.as_deref()).await };
        match tokio::spawn(admitting.in_current_span()).await {
            Ok(answer) => answer,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_the_process_ends) => Err(Refused::Stopping),
            },
        }
    }

    async fn admit(&self, target: &Target, by: &Requester, order: Order, key: Option<&str>) -> Result<Job, Refused> {
        runner::save_ends(target, &self.slot).await;
        let reservation = match self.place(&order, key).await? {
            Place::Free(reservation) => reservation,
            Place::Known(job) => return Ok(*job),
        };
        let session = admission::admit(target, &order).await.inspect_err(|refused| {
            tracing::info!(by = %by, %refused, "an order was refused");
        })?;
        if self.is_closed.load(Ordering::SeqCst) {
            session.close().await;
            return Err(Refused::Stopping);
        }
        let job = runner::accept(target, by, &order);
        let line = self.audit_line(by, Some(job.id), format!("ordered {}", words(&order)));
        if let Err(error) = target.store.add_job(&job, &order, key, &line).await {
            session.close().await;
            return Err(error.into());
        }
        failpoint!("job.claim");
        let is_mend = order == Order::Recover;
        let working = runner::start(target, &self.slot, by.clone(), order, reservation, &job, session);
        // A command line ends with its job; whoever comes next finishes what is left.
        if !is_mend && by.door != Door::Cli {
            self.mend_behind(working);
        }
        Ok(job)
    }

    /// Finishes what a job leaves that falls over by a fault of windlass, as a service does at its start. What a recovery leaves
    /// is left to the next start: it would fall over again.
    fn mend_behind(&self, working: JoinHandle<Job>) {
        let desk = self.clone();
        let mending = async move {
            if working.await.is_ok_and(|job| job.kind.may_change() && runner::is_by_mistake(&job)) {
                desk.pick_up().await;
            }
        };
        tokio::spawn(mending.in_current_span());
    }

    /// The place at the bench, or the job that this key began before.
    async fn place(&self, order: &Order, key: Option<&str>) -> Result<Place, Refused> {
        loop {
            if self.is_closed.load(Ordering::SeqCst) {
                return Err(Refused::Stopping);
            }
            let settled = self.slot.settled();
            // Reserved first: what this key began between the two is then found.
            let reserved = self.slot.reserve();
            if let Some(job) = self.earlier(order, key).await? {
                return Ok(Place::Known(Box::new(job)));
            }
            match reserved {
                Ok(reservation) => return Ok(Place::Free(reservation)),
                Err(None) if key.is_some() => settled.await, // perhaps this very order
                Err(Some(_)) if self.slot.asked_to_give_way().await => {}
                Err(job) => {
                    let holder =
                        job.map_or_else(|| "a job that is just being taken".to_owned(), |id| format!("job {id}"));
                    return Err(Refused::Busy { holder, job });
                }
            }
        }
    }

    /// The job that came under this key before.
    async fn earlier(&self, order: &Order, key: Option<&str>) -> Result<Option<Job>, Refused> {
        let Some(key) = key else { return Ok(None) };
        match self.target.store.job_of_key(key).await? {
            Some((job, same)) if same == *order => Ok(Some(job)),
            Some(_) => Err(Refused::KeyReused),
            None => Ok(None),
        }
    }

    /// Asks the job that is at work to stop at the next safe edge. Answers at once.
    ///
    /// # Errors
    /// [`Refused::NothingRuns`].
    pub async fn stop(&self, by: &Requester, mode: StopMode) -> Result<Job, Refused> {
        let at_work = self.slot.at_work().filter(|at_work| !at_work.job.borrow().state.is_final());
        let at_work = at_work.ok_or(Refused::NothingRuns)?;
        let id = at_work.job.borrow().id;
        self.audit(by, Some(id), "asked it to stop".to_owned()).await?;
        at_work.stop.send_replace(Some(mode));
        Ok(at_work.job(self.target.clock.now()))
    }

    /// The job, once it ended or `at_most` has passed; one of another process is looked up again and again.
    ///
    /// # Errors
    /// [`Refused::NoJob`].
    pub async fn wait(&self, id: JobId, at_most: Duration) -> Result<Job, Refused> {
        let deadline = Instant::now() + at_most;
        if let Some(mut at_work) = self.slot.at_work().filter(|at_work| at_work.job.borrow().id == id) {
            let ended = at_work.job.wait_for(|job| job.state.is_final());
            let is_abandoned = matches!(timeout_at(deadline, ended).await, Ok(Err(_)));
            let now = self.target.clock.now();
            let job = at_work.job(now);
            return Ok(if is_abandoned { runner::abandoned(job, now) } else { job });
        }
        loop {
            if let Some(ended) = self.slot.kept_as(id) {
                return Ok(ended);
            }
            let job = self.target.store.job(id).await?.ok_or(Refused::NoJob(id))?;
            if job.state.is_final() || Instant::now() >= deadline {
                return Ok(job);
            }
            sleep_until(deadline.min(Instant::now() + pause())).await;
        }
    }

    /// Looks once after the jobs that an earlier process left open, and writes down as interrupted those whose process is gone.
    /// While the target's lock is held (a server may take a while to end a dead process's session), looks again, for as long as
    /// [`LOOKS_MAX`] lasts. Then finishes what that process left in the middle.
    pub async fn take_stock(&self) {
        for look in 0..LOOKS_MAX {
            match admission::take_stock(&self.target).await {
                Ok(true) => break,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "open jobs could not be looked after"),
            }
            rest(look).await;
        }
        self.pick_up().await;
    }

    /// Finishes what an earlier process left in the middle, or says why not. While another process is at work on the target,
    /// which may be doing the same, or the target does not answer, waits and looks again.
    async fn pick_up(&self) {
        let by = Requester { name: "windlass".to_owned(), door: Door::Service };
        for look in 0..LOOKS_MAX {
            match admission::left(&self.target).await {
                Ok(None) => return,
                Ok(Some(left)) if left.waits_for_a_person => {
                    tracing::warn!("{} is interrupted: {}", left.migration, left.next_step);
                    return;
                }
                Ok(Some(left)) => match self.submit(&by, Order::Recover, None).await {
                    Ok(job) => {
                        tracing::info!(job.id = %job.id, "job {} finishes {}, which was interrupted", job.id, left.migration);
                        return;
                    }
                    // A target that does not answer is told of by health, and may answer at the next look.
                    Err(Refused::Busy { .. } | Refused::Target(_)) => {}
                    Err(refused) => {
                        tracing::warn!(%refused, "{} is interrupted and could not be picked up", left.migration);
                        return;
                    }
                },
                Err(Refused::Target(_)) => {}
                Err(error) => tracing::warn!(%error, "whether a migration was interrupted could not be looked up"),
            }
            rest(look).await;
        }
    }

    /// The live progress of a job that is at work in this process.
    #[must_use]
    pub fn follow(&self, id: JobId) -> Option<ProgressReader> {
        let at_work = self.slot.at_work()?;
        let follows = at_work.job.borrow().id == id && !at_work.job.borrow().state.is_final();
        follows.then_some(at_work.progress)
    }

    /// Takes no more orders, asks the job at work to stop at its next safe edge, and waits for that, `at_an_edge` so long;
    /// then stops at the server what it is at, and waits `at_once` for that to be undone. True when nothing is at work any
    /// more: the session has then ended too.
    pub async fn close(&self, at_an_edge: Duration, at_once: Duration) -> bool {
        self.is_closed.store(true, Ordering::SeqCst);
        for (mode, at_most) in [(StopMode::Safe, at_an_edge), (StopMode::Now, at_once)] {
            let ending = async {
                if let Some(mut at_work) = self.slot.at_work_once_settled().await {
                    at_work.stop.send_replace(Some(mode));
                    let _ = at_work.job.wait_for(|job| job.state.is_final()).await;
                }
            };
            if tokio::time::timeout(at_most, ending).await.is_ok() {
                return true;
            }
        }
        false
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Writes into the audit trail what is about to be done; without that it must not be.
    pub(super) async fn audit(&self, by: &Requester, job: Option<JobId>, message: String) -> Result<(), Refused> {
        Ok(self.target.store.record(&self.audit_line(by, job, message)).await?)
    }

    fn audit_line(&self, by: &Requester, job: Option<JobId>, message: String) -> NewLine {
        NewLine {
            at: self.target.clock.now(),
            kind: LogKind::Audit,
            level: "info",
            job: job.map(|job| job.to_string()),
            actor: Some(by.to_string()),
            message,
        }
    }
}

/// The pause behind one look, longer behind later ones.
async fn rest(look: u32) {
    tokio::time::sleep(Duration::from_millis(LOOK_MS << look.min(LOOK_DOUBLINGS_MAX))).await;
}

/// An order in words, for the audit trail.
fn words(order: &Order) -> String {
    let json = serde_json::to_string(order).unwrap_or_default();
    format!("{}: {json}", order.kind().as_str())
}
