//! Places for connections. There are so many and no more, and whoever has one and asks nothing gives it up for somebody who
//! comes: a crowd that only stands in the door keeps nobody out.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// All places. Cheap to clone.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Idle>>,
}

/// Who has a place and asks nothing now, by the order in which they began to.
#[derive(Default)]
struct Idle {
    next: u64,
    all: BTreeMap<u64, CancellationToken>,
}

/// A place of a connection; it is free again when this is dropped.
pub(super) struct Place {
    seat: Arc<Seat>,
    _permit: OwnedSemaphorePermit,
}

struct Seat {
    idle: Arc<Mutex<Idle>>,
    gone: CancellationToken,
    stands: Mutex<Stands>,
}

/// What a connection is at.
enum Stands {
    /// It asks nothing; its number among those.
    Idle(u64),
    /// A request is at work.
    Working,
    /// It has ended.
    Left,
}

/// A request at work; the connection is idle again when this is dropped.
pub(super) struct Work(Arc<Seat>);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Places {
    pub fn of(count: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(count)), idle: Arc::default() }
    }

    /// A place. When none is free, the connection that has been idle for longest is let go; when none is idle, waits.
    pub async fn take(&self) -> Option<Place> {
        let permit = if let Ok(permit) = self.free.clone().try_acquire_owned() {
            permit
        } else {
            let longest = locked(&self.idle).all.pop_first();
            if let Some((_, gone)) = longest {
                gone.cancel();
            }
            self.free.clone().acquire_owned().await.ok()?
        };
        let seat = Arc::new(Seat {
            idle: self.idle.clone(),
            gone: CancellationToken::new(),
            stands: Mutex::new(Stands::Working),
        });
        seat.rest();
        Some(Place { seat, _permit: permit })
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
            seat.become_other(Stands::Working);
            Work(seat.clone())
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seat.become_other(Stands::Left);
    }
}

impl Seat {
    fn rest(&self) {
        let mut idle = locked(&self.idle);
        let mut stands = locked(&self.stands);
        if matches!(*stands, Stands::Working) {
            let number = idle.next;
            idle.next += 1;
            idle.all.insert(number, self.gone.clone());
            *stands = Stands::Idle(number);
        }
    }

    fn become_other(&self, other: Stands) {
        let mut idle = locked(&self.idle);
        let before = std::mem::replace(&mut *locked(&self.stands), other);
        if let Stands::Idle(number) = before {
            idle.all.remove(&number);
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.rest();
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
