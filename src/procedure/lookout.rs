//! A watch beside the run: it beats the run's heart, tells how far it is, and names who is in its way.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{Assignment, Target};
use crate::{
    engine::{self, Blocker, EngineError},
    model::progress::Progress,
};

/// A run that is over before this has no watch: most are.
const FIRST_LOOK_MS: u64 = 300;
/// The time between two looks.
const LOOK_MS: u64 = 500;
/// How long a look, or its connection, may take.
const LOOK_MS_MAX: u64 = 3_000;
/// The heart beats at least this often.
const BEAT_MS: u64 = 5_000;
/// And at most this often, when there is something new to tell.
const BEAT_AGAIN_MS: u64 = 1_000;
/// How long the end of the watch may take.
const END_MS_MAX: u64 = 1_000;

/// The watch beside one session.
pub struct Lookout {
    seen: Arc<Seen>,
    end: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// What the watch saw.
#[derive(Default)]
struct Seen {
    blockers: Mutex<Option<String>>,
    is_resting: AtomicBool,
    /// 0 until the run has one; before that its heart does not beat.
    epoch: AtomicI64,
}

impl Seen {
    fn last(&self) -> Option<String> {
        self.blockers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, blockers: Option<String>) {
        *self.blockers.lock().unwrap_or_else(PoisonError::into_inner) = blockers;
    }
}

impl Lookout {
    /// Begins the watch beside the session called `connection`, which holds the lock.
    #[must_use]
    pub fn beside(target: &Target, told: &Assignment, connection: &str) -> Self {
        let seen = Arc::<Seen>::default();
        let (end, ended) = oneshot::channel();
        let watch = Watch {
            target: target.clone(),
            told: told.clone(),
            connection: connection.to_owned(),
            seen: seen.clone(),
            way: None,
            beaten: None,
            waiting: None,
        };
        let task = tokio::spawn(watch.keep(ended));
        Self { seen, end: Some(end), task }
    }

    /// Who was in the way when it was last looked.
    #[must_use]
    pub fn last_seen(&self) -> Option<String> {
        self.seen.last()
    }

    /// While the run is out of every queue, what it waits for stays as it was told.
    pub fn is_resting(&self, is_resting: bool) {
        self.seen.is_resting.store(is_resting, Ordering::SeqCst);
    }

    /// The epoch under which the heart beats from now on.
    pub fn beats_for(&self, epoch: i64) {
        self.seen.epoch.store(epoch, Ordering::SeqCst);
    }

    /// Ends the watch, and waits for its connection to be closed.
    pub async fn end(mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        let _ = timeout(Duration::from_millis(END_MS_MAX), &mut self.task).await;
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Watch {
    target: Target,
    told: Assignment,
    connection: String,
    seen: Arc<Seen>,
    way: Option<Box<dyn engine::Lookout>>,
    /// When the heart last beat, and with which words.
    beaten: Option<(Instant, String)>,
    /// Since when the run was seen waiting for a lock.
    waiting: Option<Instant>,
}

impl Watch {
    async fn keep(mut self, mut ended: oneshot::Receiver<()>) {
        let mut rest = FIRST_LOOK_MS;
        loop {
            tokio::select! {
                _ = &mut ended => break,
                () = sleep(Duration::from_millis(rest)) => {}
            }
            rest = LOOK_MS;
            tokio::select! {
                _ = &mut ended => break,
                looked = timeout(Duration::from_millis(LOOK_MS_MAX), self.look()) => {
                    // A way that failed is not used again; the next look opens another.
                    if !matches!(looked, Ok(Ok(()))) {
                        self.way = None;
                    }
                }
            }
        }
        self.measure(false);
        if let Some(way) = self.way.take() {
            way.close().await;
        }
    }

    /// Measures a wait for a lock, the rests between its tries among it.
    fn measure(&mut self, is_waiting: bool) {
        match (is_waiting, self.waiting) {
            (true, None) => self.waiting = Some(Instant::now()),
            (false, Some(since)) => {
                self.target.meters.waited_for_lock(since.elapsed());
                self.waiting = None;
            }
            _ => {}
        }
    }

    async fn look(&mut self) -> Result<(), EngineError> {
        let mut way = match self.way.take() {
            Some(way) => way,
            None => self.target.engine.lookout().await?,
        };
        let blockers = way.blockers(&self.connection).await?;
        self.tell(&blockers);
        self.measure(!blockers.is_empty() || self.seen.is_resting.load(Ordering::SeqCst));
        let within = if blockers.is_empty() { way.within(&self.connection).await? } else { None };
        self.told.progress.update(|progress| progress.within = within);
        let doing = doing(&self.told.progress.now());
        let epoch = self.seen.epoch.load(Ordering::SeqCst);
        if epoch > 0 && self.is_time_to_beat(&doing) {
            way.beat(epoch, &doing).await?;
            self.beaten = Some((Instant::now(), doing));
        }
        self.way = Some(way);
        Ok(())
    }

    fn tell(&self, blockers: &[Blocker]) {
        let named = (!blockers.is_empty()).then(|| {
            let named: Vec<String> = blockers.iter().map(ToString::to_string).collect();
            named.join("; ")
        });
        if self.seen.is_resting.load(Ordering::SeqCst) {
            return;
        }
        let before = self.seen.last();
        self.seen.note(named.clone());
        let shown = self.told.progress.now().waiting_for;
        if named.is_some() || shown.is_some() && shown == before {
            self.told.progress.update(|progress| progress.waiting_for = named);
        }
    }

    fn is_time_to_beat(&self, doing: &str) -> bool {
        match &self.beaten {
            None => true,
            Some((at, words)) => {
                let rest = if words == doing { BEAT_MS } else { BEAT_AGAIN_MS };
                at.elapsed() >= Duration::from_millis(rest)
            }
        }
    }
}

/// What the run is doing, in words for whoever waits for it.
fn doing(progress: &Progress) -> String {
    let Progress { step, completed, total, .. } = progress;
    let at = (*total > 0).then(|| format!("statement {} of {total}", (completed + 1).min(*total)));
    let step = Some(step.clone()).filter(|step| !step.is_empty());
    [step, at].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
