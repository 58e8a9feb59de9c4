//! What the control store and the archive hold, for those who ask all the time: asked at most once in a while, and never
//! waited for by more than one.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use crate::{
    model::snapshot::Listed,
    procedure::Target,
    store::{Ledger, Tally},
};

/// How old what the control store said may be.
const LEDGER_S_MAX: u64 = 3;
/// How old a listing of the archive may be, which may lie far away, as long as no job has ended since.
const LISTING_S_MAX: u64 = 60;
/// How long an answer is waited for; then the last one stands.
const ANSWER_S_MAX: u64 = 3;

/// What the archive holds.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The snapshots, newest first.
    pub snapshots: Vec<Listed>,
    /// How many are there and cannot be used.
    pub unusable: usize,
}

/// What was said last.
pub struct Told<T> {
    /// The last answer; `None` while there was none, and when it was that nothing could be read.
    pub answer: Option<Arc<T>>,
    /// Whether it is the answer to the last question: false while nobody answers that, and when nothing could be read.
    pub is_of_now: bool,
}

/// The last answer, and the last question.
struct Kept<T> {
    answer: Option<Arc<T>>,
    asked: Option<Asked>,
    /// The question, while it waits for its answer.
    under_way: Option<JoinHandle<Option<T>>>,
}

/// A question.
struct Asked {
    /// When it was asked, and once it is answered, when it was seen to be.
    at: Instant,
    /// What the control store said when it was asked.
    under: Vec<Tally>,
}

/// Remembers what the control store and the archive said.
pub struct Books {
    target: Target,
    ledger: Mutex<Kept<Ledger>>,
    shelf: Mutex<Kept<Shelf>>,
}

impl Books {
    /// Nothing was asked yet.
    #[must_use]
    pub fn of(target: Target) -> Self {
        Self { target, ledger: Mutex::new(Kept::nothing()), shelf: Mutex::new(Kept::nothing()) }
    }

    /// The jobs that the control store keeps.
    pub async fn ledger(&self) -> Told<Ledger> {
        let target = self.target.clone();
        let asking = async move {
            if target.store.is_there() { target.store.ledger(&target.name).await.ok() } else { Some(Ledger::default()) }
        };
        self.ledger.lock().await.told(&[], Duration::from_secs(LEDGER_S_MAX), asking).await
    }

    /// The snapshots. Listed again when `ledger` tells of other jobs than the last time.
    pub async fn shelf(&self, ledger: Option<&Ledger>) -> Told<Shelf> {
        let target = self.target.clone();
        let asking = async move {
            let listing = target.archive.list().await.ok()?;
            let unusable = listing.unusable.iter().filter(|unusable| !unusable.is_of_marks()).count();
            Some(Shelf { snapshots: listing.snapshots, unusable })
        };
        let tallies = ledger.map(|ledger| ledger.tallies.as_slice()).unwrap_or_default();
        self.shelf.lock().await.told(tallies, Duration::from_secs(LISTING_S_MAX), asking).await
    }
}

impl<T: Send + 'static> Kept<T> {
    fn nothing() -> Self {
        Self { answer: None, asked: None, under_way: None }
    }

    /// The answer that is kept while it is young enough and `under` is as it was, else the one that `asking` gives. That goes on
    /// by itself when it takes too long, and nothing else is asked until it has ended; whoever comes then has its answer.
    async fn told(
        &mut self,
        under: &[Tally],
        age_max: Duration,
        asking: impl Future<Output = Option<T>> + Send + 'static,
    ) -> Told<T> {
        let is_good = |asked: &Asked| asked.at.elapsed() < age_max && asked.under == under;
        if self.under_way.is_none() && !self.asked.as_ref().is_some_and(is_good) {
            self.asked = Some(Asked { at: Instant::now(), under: under.to_vec() });
            self.under_way = Some(tokio::spawn(asking));
        }
        if let (Some(question), Some(asked)) = (&mut self.under_way, &mut self.asked) {
            // Waited for once: behind that time it is only looked whether it has ended.
            let until = asked.at + Duration::from_secs(ANSWER_S_MAX);
            if let Ok(ended) = timeout_at(until, question).await {
                self.answer = ended.ok().flatten().map(Arc::new);
                asked.at = Instant::now();
                self.under_way = None;
            }
        }
        Told { answer: self.answer.clone(), is_of_now: self.answer.is_some() && self.under_way.is_none() }
    }
}
