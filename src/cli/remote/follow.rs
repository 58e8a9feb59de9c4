//! A job on a server, looked at until it has ended.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Remote;
use crate::{
    cli::{exit::Exit, failure::Failure, place::News},
    model::{
        job::{Job, JobId},
        progress::Progress,
    },
};

/// The time before the first look; each later one waits twice as long.
const LOOK_MS_MIN: u64 = 100;
/// The longest time between two looks.
const LOOK_MS_MAX: u64 = 1_000;
/// How long the server may not answer before the command gives up on it.
const SILENCE_S_MAX: u64 = 60;

/// A job on a server, as the command sees it.
pub(in crate::cli) struct Following {
    remote: Remote,
    id: JobId,
    shown: Progress,
    pause: Duration,
    silent_since: Option<Instant>,
    first: Option<Job>,
}

impl Following {
    /// Follows `job`, which the server has just told.
    pub fn of(remote: &Remote, job: Job) -> Self {
        Self {
            remote: remote.clone(),
            id: job.id,
            shown: Progress::default(),
            pause: Duration::from_millis(LOOK_MS_MIN),
            silent_since: None,
            first: Some(job),
        }
    }

    /// The next change. Nothing is lost when it is dropped before.
    ///
    /// # Errors
    /// When the server no longer answers, or no longer tells; the job goes on there all the same.
    pub async fn next(&mut self) -> Result<News, Failure> {
        loop {
            let looked = match self.first.take() {
                Some(job) => Ok(job),
                None => self.look().await,
            };
            match looked {
                Ok(job) if job.state.is_final() => return Ok(News::Ended(Box::new(job))),
                Ok(job) => {
                    self.silent_since = None;
                    if job.progress.step != self.shown.step || job.progress.completed != self.shown.completed {
                        self.shown = job.progress;
                        return Ok(News::Progress(self.shown.clone()));
                    }
                }
                Err(failure) => {
                    let is_first = self.silent_since.is_none();
                    if !self.may_come_back(&failure) {
                        return Err(self.lost(failure));
                    }
                    if is_first {
                        return Ok(News::Silence(failure.detail.into_string()));
                    }
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Job, Failure> {
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_millis(LOOK_MS_MAX));
        self.remote.job(self.id).await
    }

    /// A service that is started anew, or a network that is away for a while, ends nothing.
    fn may_come_back(&mut self, failure: &Failure) -> bool {
        let since = *self.silent_since.get_or_insert_with(Instant::now);
        let is_passing = matches!(failure.exit, Exit::Unavailable | Exit::Busy);
        is_passing && since.elapsed() < Duration::from_secs(SILENCE_S_MAX)
    }

    fn lost(&self, mut failure: Failure) -> Failure {
        failure.detail = format!("{}; job {} was begun, and may go on there", failure.detail, self.id).into();
        failure.next("look at it: windlass status")
    }
}
