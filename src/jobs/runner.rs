//! Runs a job on a task of its own, and keeps its row and its log.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tracing::{Instrument, Span, field::Empty, info_span};

use super::{
    run_log,
    slot::{AtWork, Reservation, Slot, timed},
};
use crate::{
    engine::Session,
    model::{
        job::{Job, JobEvent, JobId, JobProblem, JobState, transition},
        order::{Door, Order, Requester},
        progress::{Progress, ProgressReader, ProgressWriter},
        report::RunReport,
        status::LogKind,
    },
    procedure::{self, Assignment, Ended, JobLog, Target, Told},
    store::NewLine,
    telemetry::TRACE,
};

/// How often a running job's progress is written down, for other processes to see.
const SAVE_MS: u64 = 1_000;
/// Log lines that are written at once.
const LINES_AT_ONCE_MAX: usize = 100;
/// How long a line waits for others, so that a run of small migrations does not write each of them by itself.
const LINES_WAIT_MS: u64 = 100;

/// The kind of problem of a job that fell over.
const MISTAKE: &str = "internal";

/// A job for an order, queued.
pub(super) fn accept(target: &Target, by: &Requester, order: &Order) -> Job {
    Job {
        id: JobId::fresh(),
        kind: order.kind(),
        target: target.name.to_string(),
        state: JobState::Queued,
        requested_by: by.to_string(),
        created_at: target.clock.now(),
        started_at: None,
        finished_at: None,
        progress: Progress::default(),
        result: None,
        problem: None,
        log_file: None,
    }
}

/// A job for an order that found nothing to do, as it ended; it is kept nowhere.
pub(super) fn settled(target: &Target, by: &Requester, order: &Order, report: &RunReport) -> Job {
    let job = accept(target, by, order);
    let progress = Progress { percentage: 100.0, ..Progress::default() };
    Job {
        state: JobState::Succeeded,
        started_at: Some(job.created_at),
        finished_at: Some(target.clock.now()),
        progress,
        result: serde_json::to_value(report).ok(),
        ..job
    }
}

/// Puts a job to work on a task of its own; gives it as it ended. However that task ends, the place is free then.
pub(super) fn start(
    target: &Target,
    slot: &Slot,
    by: Requester,
    order: Order,
    reservation: Reservation,
    job: &Job,
    session: Box<dyn Session>,
) -> JoinHandle<Job> {
    let (writer, reader) = ProgressWriter::channel();
    let (stop, stopped) = watch::channel(None);
    let (to, seen) = watch::channel(job.clone());
    let to = Arc::new(to);
    let (log, lines) = mpsc::unbounded_channel();
    let gives_way = by.door == Door::Service && matches!(order, Order::Verify { .. });
    reservation.take(AtWork { job: seen, progress: reader.clone(), stop, gives_way });
    let told = Assignment { job: job.id, by: by.clone(), progress: writer, stop: stopped, log: JobLog::to(log) };
    let (target, slot) = (target.clone(), slot.clone());
    slot.tell(Some(job.kind));
    let span = info_span!(
        target: TRACE, "job", otel.name = job.kind.as_str(), job.id = %job.id, target.name = &*target.name, job.state = Empty,
        problem.type = Empty, otel.status_code = Empty,
    );
    let working = {
        let (target, slot, to) = (target.clone(), slot.clone(), Arc::clone(&to));
        async move { work(&target, &slot, told, order, session, &to, reader, lines).await }
    };
    let working = tokio::spawn(working.instrument(span));
    tokio::spawn(async move {
        let ended = match working.await {
            Ok(ended) => ended,
            Err(_it_fell_over) => {
                let job = to.borrow().clone();
                fallen(target, &slot, by, job).await
            }
        };
        to.send_replace(ended.clone());
        slot.tell(None);
        ended
    })
}

/// How a job ended whose task is gone without a word: as it was kept, if it was, else failed. On a task of its own, as what made the
/// other fall over may be met again.
async fn fallen(target: Target, slot: &Slot, by: Requester, job: Job) -> Job {
    let slot = slot.clone();
    let unkept = abandoned(job.clone(), job.started_at.unwrap_or(job.created_at));
    let keeping = async move {
        if let Ok(Some(kept)) = target.store.job(job.id).await
            && kept.state.is_final()
        {
            return kept;
        }
        let failed = abandoned(job, target.clock.now());
        tracing::error!(job.id = %failed.id, "job {} fell over by a fault of windlass", failed.id);
        count(&target, &failed);
        save_end(&target, &slot, &failed).await;
        audit(&target, &by, &failed).await;
        failed
    };
    tokio::spawn(keeping).await.unwrap_or(unkept)
}

/// From queued to its end; gives the job as it ended, already saved.
#[expect(clippy::too_many_arguments, reason = "each is used once, and none belongs to another")]
async fn work(
    target: &Target,
    slot: &Slot,
    mut told: Assignment,
    order: Order,
    session: Box<dyn Session>,
    to: &watch::Sender<Job>,
    progress: ProgressReader,
    lines: mpsc::UnboundedReceiver<Told>,
) -> Job {
    let mut job = to.borrow().clone();
    job.state = transition(job.state, JobEvent::Began).unwrap_or(job.state);
    job.started_at = Some(target.clock.now());
    told.log = run_log::begin(target, &mut job, &order, session.server(), told.log).await;
    let log = told.log.clone();
    to.send_replace(job.clone());
    save(target, &job).await;
    failpoint!("job.begun");
    let writing = tokio::spawn(keep_log(target.clone(), job.id, lines));
    let saving = tokio::spawn(keep_progress(target.clone(), job.clone(), progress.clone()));
    let by = told.by.clone();
    let performing = {
        let target = target.clone();
        tokio::spawn(async move { procedure::perform(&target, &told, &order, session).await }.in_current_span())
    };
    let (ended, session) = performing.await.unwrap_or_else(|_| (fell_over(), None));
    saving.abort();
    job.state = transition(job.state, ended.event).unwrap_or(JobState::Failed);
    job.finished_at = Some(target.clock.now());
    let last = timed(progress.borrow().clone(), &job, target.clock.now());
    job.progress = Progress { statement: None, within: None, estimated_end: None, waiting_for: None, ..last };
    if job.state == JobState::Succeeded {
        job.progress.percentage = 100.0;
    }
    job.result = ended.result;
    job.problem = ended.problem;
    run_log::end(&log, &job).await;
    traced(&job);
    drop(log);
    let _ = writing.await;
    failpoint!("job.over");
    count(target, &job);
    save_end(target, slot, &job).await;
    audit(target, &by, &job).await;
    failpoint!("job.kept");
    // The lock goes with the session, and only now: whoever gets it next must not find this job open.
    if let Some(session) = session {
        session.close().await;
    }
    tracing::info!(job.id = %job.id, "job {} {}", job.id, job.state.as_str());
    job
}

/// Says in the job's span how it ended: never the problem's words, which may quote a value.
fn traced(job: &Job) {
    let span = Span::current();
    span.record("job.state", job.state.as_str());
    if let Some(problem) = &job.problem {
        span.record("problem.type", &problem.kind).record("otel.status_code", "ERROR");
    }
}

/// Counts how a job ended.
fn count(target: &Target, job: &Job) {
    let took = job.finished_at.zip(job.started_at).and_then(|(end, begin)| (end - begin).to_std().ok());
    target.meters.job_ended(job.kind.as_str(), job.state.as_str(), took.unwrap_or_default());
}

/// Writes into the audit trail what came of an order.
async fn audit(target: &Target, by: &Requester, job: &Job) {
    let line = NewLine {
        at: target.clock.now(),
        kind: LogKind::Audit,
        level: if job.problem.is_some() { "error" } else { "info" },
        job: Some(job.id.to_string()),
        actor: Some(by.to_string()),
        message: format!("{} {}", job.kind.as_str(), job.state.as_str()),
    };
    if let Err(error) = target.store.record(&line).await {
        tracing::error!(job.id = %job.id, %error, "what came of job {} could not be written down", job.id);
    }
}

/// A job whose task is gone without a word, as it ended.
pub(super) fn abandoned(job: Job, now: DateTime<Utc>) -> Job {
    Job { state: JobState::Failed, finished_at: Some(now), problem: Some(mistake()), ..job }
}

/// Whether a job ended so.
pub(super) fn is_by_mistake(job: &Job) -> bool {
    job.problem.as_ref().is_some_and(|problem| problem.kind == MISTAKE)
}

/// A procedure panicked.
fn fell_over() -> Ended {
    Ended::badly(mistake(), None)
}

/// A fault of windlass. The target's own journal tells the next start what is done.
fn mistake() -> JobProblem {
    JobProblem {
        kind: MISTAKE.to_owned(),
        title: "windlass made a mistake".to_owned(),
        detail: "the job ended by a fault of windlass itself; its log has the place".to_owned(),
        target_state: "known to the target's journal, which the next start reads".to_owned(),
        next_step: "start again, and report the fault with the log".to_owned(),
    }
}

/// What cannot be saved is told and does not end a run: the truth about the target is in the target. Whether it was.
async fn save(target: &Target, job: &Job) -> bool {
    let saved = target.store.save_job(job).await;
    if let Err(error) = &saved {
        tracing::error!(job.id = %job.id, %error, "job {} could not be saved", job.id);
    }
    saved.is_ok()
}

/// An end that cannot be saved is kept in memory: whoever waits for it hears of it, and it is saved later.
async fn save_end(target: &Target, slot: &Slot, job: &Job) {
    if !save(target, job).await {
        slot.keep(job.clone());
    }
}

/// Saves the ends that could not be saved before.
pub(super) async fn save_ends(target: &Target, slot: &Slot) {
    for job in slot.kept() {
        if !save(target, &job).await {
            return;
        }
        slot.let_go(job.id);
    }
}

/// Writes a running job's progress down while it changes.
async fn keep_progress(target: Target, mut job: Job, mut progress: ProgressReader) {
    loop {
        tokio::time::sleep(Duration::from_millis(SAVE_MS)).await;
        if progress.changed().await.is_err() {
            return;
        }
        job.progress = timed(progress.borrow_and_update().clone(), &job, target.clock.now());
        save(&target, &job).await;
    }
}

/// Writes a job's log until the job is done with it.
async fn keep_log(target: Target, id: JobId, mut lines: mpsc::UnboundedReceiver<Told>) {
    let mut some = Vec::new();
    while lines.recv_many(&mut some, LINES_AT_ONCE_MAX).await > 0 {
        let more = async {
            while some.len() < LINES_AT_ONCE_MAX && lines.recv_many(&mut some, LINES_AT_ONCE_MAX).await > 0 {}
        };
        let _ = tokio::time::timeout(Duration::from_millis(LINES_WAIT_MS), more).await;
        let at = target.clock.now();
        let new: Vec<NewLine> = some
            .drain(..)
            .map(|Told { level, message }| {
                tracing::debug!(job.id = %id, level, "{message}");
                NewLine { at, kind: LogKind::Job, level, job: Some(id.to_string()), actor: None, message }
            })
            .collect();
        if let Err(error) = target.store.append(&new).await {
            tracing::error!(job.id = %id, %error, "the log of job {id} could not be written");
        }
    }
}
