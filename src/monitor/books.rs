//! What the control store and the archive hold, for those who ask all the time: asked at most once in a while, and never
//! waited for by more than one.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

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

/// An answer with its age, and with what the control store said when it was asked for.
struct Kept<T> {
    at: Option<(Instant, Vec<Tally>)>,
    answer: Option<Arc<T>>,
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
        let (ledger, shelf) = (Kept { at: None, answer: None }, Kept { at: None, answer: None });
        Self { target, ledger: Mutex::new(ledger), shelf: Mutex::new(shelf) }
    }

    /// The jobs that the control store keeps; `None` when it could not be read.
    pub async fn ledger(&self) -> Option<Arc<Ledger>> {
        let asking = async {
            if self.target.store.is_there() {
                self.target.store.ledger(&self.target.name).await.ok()
            } else {
                Some(Ledger::default())
            }
        };
        kept(&self.ledger, &[], Duration::from_secs(LEDGER_S_MAX), asking).await
    }

    /// The snapshots; `None` when they could not be listed. Listed again when `ledger` tells of other jobs than the last time.
    pub async fn shelf(&self, ledger: Option<&Ledger>) -> Option<Arc<Shelf>> {
        let asking = async {
            let listing = self.target.archive.list().await.ok()?;
            let unusable = listing.unusable.iter().filter(|unusable| !unusable.is_of_marks()).count();
            Some(Shelf { snapshots: listing.snapshots, unusable })
        };
        let tallies = ledger.map(|ledger| ledger.tallies.as_slice()).unwrap_or_default();
        kept(&self.shelf, tallies, Duration::from_secs(LISTING_S_MAX), asking).await
    }
}

/// The answer that is kept while it is young enough and `under` is as it was, else the one that `asking` gives.
async fn kept<T>(
    place: &Mutex<Kept<T>>,
    under: &[Tally],
    age_max: Duration,
    asking: impl Future<Output = Option<T>>,
) -> Option<Arc<T>> {
    let mut kept = place.lock().await;
    let is_good = kept.at.as_ref().is_some_and(|(at, then)| at.elapsed() < age_max && then == under);
    if !is_good {
        // An answer that does not come in time leaves the last one, and is asked for again when that would be too old.
        if let Ok(answer) = tokio::time::timeout(Duration::from_secs(ANSWER_S_MAX), asking).await {
            kept.answer = answer.map(Arc::new);
        }
        kept.at = Some((Instant::now(), under.to_vec()));
    }
    kept.answer.clone()
}
