//! Places for connections. There are so many and no more, and whoever has one and asks nothing gives it up for somebody who
//! comes: a crowd that only stands in the door keeps nobody out.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The number of a seat whose connection asks something now.
const WORKING: u64 = 0;

/// All places. Cheap to clone.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    room: Arc<Room>,
}

/// Who has a place.
#[derive(Default)]
struct Room {
    /// The last number that was given.
    last: AtomicU64,
    seats: Mutex<BTreeMap<u64, Arc<Seat>>>,
    /// Told when a request is at its end.
    rested: Notify,
}

/// A place of a connection; it is free again when this is dropped.
pub(super) struct Place {
    name: u64,
    seat: Arc<Seat>,
    _permit: OwnedSemaphorePermit,
}

struct Seat {
    room: Arc<Room>,
    gone: CancellationToken,
    /// [`WORKING`], or the number since which it asks nothing.
    idle_since: AtomicU64,
}

/// A request at work; the connection is idle again when this is dropped.
pub(super) struct Work(Arc<Seat>);

impl Places {
    pub fn of(count: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), room: Arc::default() }
    }

    /// A place. When none is free, the connection that has been idle for longest is let go; when none is idle, waits.
    pub async fn take(&self) -> Option<Place> {
        let permit = match self.free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait().await?,
        };
        let name = self.room.number();
        let gone = CancellationToken::new();
        let seat = Arc::new(Seat { room: self.room.clone(), gone, idle_since: AtomicU64::new(name) });
        self.room.seats().insert(name, seat.clone());
        Some(Place { name, seat, _permit: permit })
    }
}

impl Places {
    /// A place, once somebody has gone who asks nothing.
    async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        let free = self.free.clone().acquire_owned();
        tokio::pin!(free);
        let mut is_leaving = self.room.let_one_go();
        loop {
            tokio::select! {
                permit = &mut free => return permit.ok(),
                () = self.room.rested.notified(), if !is_leaving => is_leaving = self.room.let_one_go(),
            }
        }
    }
}

impl Room {
    fn number(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there was one.
    fn let_one_go(&self) -> bool {
        let seats = self.seats();
        let idle = seats.values().filter(|seat| !seat.gone.is_cancelled());
        let idle =
            idle.map(|seat| (seat.idle_since.load(Ordering::Relaxed), seat)).filter(|(since, _)| *since != WORKING);
        let longest = idle.min_by_key(|(since, _)| *since);
        longest.map(|(_, seat)| seat.gone.cancel()).is_some()
    }
}

impl Place {
    /// Cancelled when somebody else needs the place.
    pub fn gone(&self) -> CancellationToken {
        self.seat.gone.clone()
    }

    /// Tells of the requests of this connection.
    pub fn door(&self) -> impl Fn() -> Work + Clone + Send + 'static {
        let seat = self.seat.clone();
        move || {
            seat.idle_since.store(WORKING, Ordering::Relaxed);
            Work(seat.clone())
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seat.room.seats().remove(&self.name);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.room.number(), Ordering::Relaxed);
        self.0.room.rested.notify_one();
    }
}

/// A body with the work that is at an end when it has been sent.
pub(super) struct Worked {
    body: Body,
    _work: Work,
}

impl Worked {
    pub fn by(work: Work, body: Body) -> Self {
        Self { body, _work: work }
    }
}

impl HttpBody for Worked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
