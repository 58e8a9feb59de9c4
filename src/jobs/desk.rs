//! Takes orders.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{Refused, admission, runner, slot::Slot};
use crate::{
    model::{
        job::{Job, JobId},
        order::{Order, Requester, StopMode},
        progress::ProgressReader,
        status::LogKind,
    },
    procedure::Target,
    store::NewLine,
};

/// Takes orders: submit, stop, wait. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    target: Target,
    slot: Slot,
    is_closed: Arc<AtomicBool>,
}

impl Desk {
    /// A desk for one target.
    #[must_use]
    pub fn new(target: Target, slot: Slot) -> Self {
        Self { target, slot, is_closed: Arc::new(AtomicBool::new(false)) }
    }

    /// Takes an order. Answers as soon as the target's lock is held and the job is queued.
    ///
    /// With a `key` that was used before, answers with that job and starts nothing. Never waits for another run.
    ///
    /// # Errors
    /// [`Refused`]; nothing was begun.
    pub async fn submit(&self, by: &Requester, order: Order, key: Option<&str>) -> Result<Job, Refused> {
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(Refused::Stopping);
        }
        if let Some(job) = self.earlier(&order, key).await? {
            return Ok(job);
        }
        let reservation = match self.slot.reserve() {
            Ok(reservation) => reservation,
            Err(job) => {
                // The job may be the one that this very key began a moment ago.
                if let Some(job) = self.earlier(&order, key).await? {
                    return Ok(job);
                }
                let holder = job.map_or_else(|| "a job that is just being taken".to_owned(), |id| format!("job {id}"));
                return Err(Refused::Busy { holder, job });
            }
        };
        let session = admission::admit(&self.target, &order).await.inspect_err(|refused| {
            tracing::info!(by = %by, %refused, "an order was refused");
        })?;
        let job = runner::accept(&self.target, by, &order);
        self.target.store.add_job(&job, &order, key).await?;
        self.audit(by, job.id, format!("ordered {}", words(&order))).await?;
        runner::start(&self.target, &self.slot, by.clone(), order, reservation, &job, session);
        Ok(job)
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
        at_work.stop.send_replace(Some(mode));
        let job = at_work.job(self.target.clock.now());
        self.audit(by, job.id, "asked it to stop".to_owned()).await?;
        Ok(job)
    }

    /// The job, once it ended or `at_most` has passed.
    ///
    /// # Errors
    /// [`Refused::NoJob`].
    pub async fn wait(&self, id: JobId, at_most: Duration) -> Result<Job, Refused> {
        if let Some(mut at_work) = self.slot.at_work().filter(|at_work| at_work.job.borrow().id == id) {
            let ended = at_work.job.wait_for(|job| job.state.is_final());
            let _ = tokio::time::timeout(at_most, ended).await;
            return Ok(at_work.job(self.target.clock.now()));
        }
        self.target.store.job(id).await?.ok_or(Refused::NoJob(id))
    }

    /// The live progress of a job that is at work in this process.
    #[must_use]
    pub fn follow(&self, id: JobId) -> Option<ProgressReader> {
        let at_work = self.slot.at_work()?;
        let follows = at_work.job.borrow().id == id && !at_work.job.borrow().state.is_final();
        follows.then_some(at_work.progress)
    }

    /// Takes no more orders, asks the job at work to stop at its next safe edge, and waits for that, `at_most` so long.
    /// True when nothing is at work any more.
    pub async fn close(&self, at_most: Duration) -> bool {
        self.is_closed.store(true, Ordering::SeqCst);
        let Some(mut at_work) = self.slot.at_work() else { return true };
        at_work.stop.send_replace(Some(StopMode::Safe));
        let ended = at_work.job.wait_for(|job| job.state.is_final());
        tokio::time::timeout(at_most, ended).await.is_ok()
    }

    async fn audit(&self, by: &Requester, job: JobId, message: String) -> Result<(), Refused> {
        let line = NewLine {
            at: self.target.clock.now(),
            kind: LogKind::Audit,
            level: "info",
            job: Some(job.to_string()),
            actor: Some(by.to_string()),
            message,
        };
        Ok(self.target.store.append(&[line]).await?)
    }
}

/// An order in words, for the audit trail.
fn words(order: &Order) -> String {
    let json = serde_json::to_string(order).unwrap_or_default();
    format!("{}: {json}", order.kind().as_str())
}
