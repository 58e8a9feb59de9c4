//! The session that holds the lock, with the epoch that fences its writes.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

use super::{
    Assignment, Target,
    lookout::Lookout,
    queue::{self, Queue},
};
use crate::{
    engine::{
        self, EngineError, Limits, Session, Words,
        bookkeeping::{self, history, lock},
    },
    model::{finding::Finding, history::History, status::Holder},
};

/// How long a run that lost its connection waits for the server to end what that connection was doing.
const GHOST_WAIT_MS_MAX: u64 = 60_000;
/// How long it tries to reach the server again, which may be restarting.
const RESTART_MS_MAX: u64 = 10_000;
/// How often it asks.
const GHOST_POLL_MS: u64 = 100;

/// The session that holds the lock, with the epoch that fences its writes.
pub struct Held {
    session: Option<Box<dyn Session>>,
    /// 0 until [`Held::begin`].
    pub epoch: i64,
    limits: Limits,
    is_recording: bool,
    lookout: Option<Lookout>,
    /// An interrupted restore could not be brought to its end, and another takes its place.
    pub is_half: bool,
    /// What was found and mended on the way.
    pub notes: Vec<Finding>,
}

/// Reads what the target says of itself.
///
/// # Errors
/// The server's.
pub async fn read_history(session: &mut dyn Session, words: &Words) -> Result<History, EngineError> {
    history::read(session, words).await
}

impl Held {
    /// A session that holds the lock and has written nothing yet.
    #[must_use]
    pub fn new(session: Box<dyn Session>) -> Self {
        Self {
            session: Some(session),
            epoch: 0,
            limits: Limits::default(),
            is_recording: false,
            lookout: None,
            is_half: false,
            notes: Vec::new(),
        }
    }

    /// A recorder in the session's place: nothing is written from now on.
    pub fn record(&mut self) -> Option<crate::engine::Recording> {
        let (recorder, recording) = crate::engine::Recorder::over(self.session.take()?);
        self.session = Some(Box::new(recorder));
        self.is_recording = true;
        Some(recording)
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.is_recording
    }

    /// The session.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when it went away and could not be replaced.
    pub fn session(&mut self) -> Result<&mut dyn Session, EngineError> {
        match &mut self.session {
            Some(session) => Ok(session.as_mut()),
            None => Err(EngineError::Lost { reason: "it could not be replaced".to_owned() }),
        }
    }

    /// Takes the session, for a restore that may have to replace it. The run's heart beats on meanwhile.
    pub fn take(&mut self) -> Option<Box<dyn Session>> {
        self.session.take()
    }

    /// Puts a session in its place.
    pub fn put(&mut self, session: Box<dyn Session>) {
        self.session = Some(session);
        self.limits = Limits::default();
    }

    /// The session, for its goodbye.
    #[must_use]
    pub fn into_session(self) -> Option<Box<dyn Session>> {
        self.session
    }

    /// Creates our tables where they are missing, raises the epoch and says who holds the lock; then brings a restore to its
    /// end that was interrupted. Gives the history as it is then.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when it was stopped while it waited for a lock; [`EngineError::HalfRestored`]; the server's.
    pub async fn begin(&mut self, target: &Target, told: &Assignment) -> Result<History, EngineError> {
        let before = self.enter(target, told).await?;
        if !self.is_recording && self.finish_restore(target, told).await? {
            return history::read(self.session()?, target.engine.words()).await;
        }
        Ok(before)
    }

    /// As [`Held::begin`] for a job that changes nothing: where our tables are not there, or this account may not write
    /// them, nothing is told. Nothing that was interrupted is finished.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when it was stopped while it waited for a lock; the server's.
    pub async fn begin_to_look(&mut self, target: &Target, told: &Assignment) -> Result<(), EngineError> {
        if !bookkeeping::present(self.session()?, target.engine.words()).await? {
            return Ok(());
        }
        match self.enter(target, told).await {
            Err(error @ (EngineError::Refused { .. } | EngineError::ReadOnly { .. })) => {
                told.warning(format!("who holds the lock is not told: {error}"));
                Ok(())
            }
            entered => entered.map(drop),
        }
    }

    /// Tries [`Held::raise`] until it is given its lock.
    async fn enter(&mut self, target: &Target, told: &Assignment) -> Result<History, EngineError> {
        if !self.is_recording {
            let connection = self.session()?.connection_id().to_owned();
            self.lookout = Some(Lookout::beside(target, told, &connection));
        }
        let mut queue = Queue::of(target);
        loop {
            let mut error = match self.raise(target, told).await {
                Ok(before) => return Ok(before),
                Err(error) => error,
            };
            if !queue.again(told, self, &mut error).await {
                return Err(error);
            }
        }
    }

    /// Brings a restore to its end that was interrupted; whether there was one.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when it was stopped while it waited for a lock; [`EngineError::HalfRestored`].
    pub async fn finish_restore(&mut self, target: &Target, told: &Assignment) -> Result<bool, EngineError> {
        let mut queue = Queue::of(target);
        loop {
            let epoch = self.epoch;
            let mut error = match target.engine.finish_restore(self.session()?, epoch).await {
                Ok(None) => return Ok(false),
                Ok(Some(what)) => {
                    told.warning(&what);
                    self.notes.push(Finding::info("recovered", target.name.to_string(), what));
                    return Ok(true);
                }
                Err(error) => error,
            };
            if !queue.again(told, self, &mut error).await {
                return Err(match error {
                    EngineError::Cancelled | EngineError::Fenced { .. } => error,
                    error => EngineError::HalfRestored(Box::new(error)),
                });
            }
        }
    }

    /// Raises the epoch, and says who holds the lock; gives the history as it was.
    async fn raise(&mut self, target: &Target, told: &Assignment) -> Result<History, EngineError> {
        failpoint!("begin.before", EngineError::fault);
        let words = target.engine.words();
        self.limit(queue::limits(target, None)).await?;
        let session = self.session()?;
        let recorded = history::recorded(session, words).await?;
        let present = recorded.is_some();
        let mut before = match recorded {
            Some(before) => before,
            None => history::unrecorded(session, words).await?,
        };
        if !present || before.is_outdated {
            bookkeeping::ensure(session, words, target.engine.ddl_scope()).await?;
        }
        failpoint!("begin.tables", EngineError::fault);
        self.epoch = lock::raise_epoch(session, words, present, &holder(told)).await?;
        if let Some(lookout) = &self.lookout {
            lookout.beats_for(self.epoch);
        }
        failpoint!("begin.after", EngineError::fault);
        if present {
            // Only now is it sure that no other run writes what would not be seen here.
            before = history::read(self.session()?, words).await?;
        }
        Ok(before)
    }

    /// Sets what the server limits, when it differs from what is set.
    ///
    /// # Errors
    /// The server's.
    pub async fn limit(&mut self, limits: Limits) -> Result<(), EngineError> {
        if self.limits != limits {
            self.session()?.set_limits(limits).await?;
            self.limits = limits;
        }
        Ok(())
    }

    /// Replaces a session that went away: waits until the server has ended what it was doing, which is when its lock is free.
    ///
    /// # Errors
    /// [`EngineError::TimedOut`] when that takes longer than `GHOST_WAIT_MS_MAX`; [`EngineError::Fenced`] when another run
    /// has been there since; the server's.
    pub async fn replace(&mut self, target: &Target, told: &Assignment) -> Result<(), EngineError> {
        self.session = None;
        let wait = Duration::from_millis(GHOST_WAIT_MS_MAX);
        let mut session = opened_again(target).await?;
        let deadline = Instant::now() + wait;
        while !session.try_lock().await? {
            if Instant::now() >= deadline {
                return Err(EngineError::TimedOut(wait));
            }
            tokio::time::sleep(Duration::from_millis(GHOST_POLL_MS)).await;
        }
        failpoint!("replace.locked", EngineError::fault);
        if self.epoch > 0 {
            lock::must_be_ours(session.as_mut(), self.epoch).await?;
        }
        self.put(session);
        self.begin(target, told).await?;
        told.warning("the connection was lost; the run goes on with a new one that holds the lock");
        Ok(())
    }

    /// Waits for `work`, which does not need the session, and keeps the session awake meanwhile.
    pub async fn awake<T>(&mut self, work: impl Future<Output = T>) -> T {
        match &mut self.session {
            Some(session) => engine::awake(session.as_mut(), work).await,
            None => work.await,
        }
    }

    /// Who is in the way of a statement that waits for a lock, as it was last seen.
    #[must_use]
    pub fn in_the_way(&mut self) -> Option<String> {
        self.lookout.as_ref().and_then(Lookout::last_seen)
    }

    /// Tells whether the run keeps out of every queue for a while.
    pub fn is_resting(&mut self, is_resting: bool) {
        if let Some(lookout) = &self.lookout {
            lookout.is_resting(is_resting);
        }
    }

    async fn end_lookout(&mut self) {
        if let Some(lookout) = self.lookout.take() {
            lookout.end().await;
        }
    }

    /// Takes the holder's name out of the status row; what fails here is told by the lock itself.
    pub async fn say_goodbye(&mut self) {
        self.end_lookout().await;
        let epoch = self.epoch;
        if let (Some(session), true) = (&mut self.session, epoch > 0 && !self.is_recording) {
            let _ = lock::clear_holder(session.as_mut(), epoch).await;
        }
    }
}

/// A session with a server that may just be coming back.
async fn opened_again(target: &Target) -> Result<Box<dyn Session>, EngineError> {
    let deadline = Instant::now() + Duration::from_millis(RESTART_MS_MAX);
    loop {
        match target.engine.open().await {
            Err(EngineError::Unreachable { .. }) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(GHOST_POLL_MS)).await;
            }
            opened => return opened,
        }
    }
}

/// This process, as the status row names it.
fn holder(told: &Assignment) -> Holder {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Holder {
        host: host.trim().to_owned(),
        process: std::process::id(),
        job: told.job.to_string(),
        since: None,
        heartbeat: None,
        silent_ms: None,
        doing: None,
        session: None,
    }
}
