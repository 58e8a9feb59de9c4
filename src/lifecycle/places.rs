//! Places for connections. There are so many and no more, and whoever has one and asks nothing gives it up for somebody who
//! comes: a crowd that only stands in the door keeps nobody out. One address has so many of them and no more, by the same rule
//! among its own: nor does a crowd that works, when it is one party's.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::body::{Body, Bytes, HttpBody};
use futures_util::future::{AbortHandle, AbortRegistration};
use http_body::{Frame, SizeHint};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::interval,
};

/// The time of a seat whose connection asks something now.
const WORKING: u64 = 0;

/// How often those are looked for who have asked nothing for too long.
const ROUND: Duration = Duration::from_secs(1);

/// All places.
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// The most of one address.
    each_max: usize,
    room: Arc<Room>,
}

/// Who has a place. What a request touches of it is only read, mostly, so that those who answer do not wait for each other.
struct Room {
    opened: Instant,
    seats: Mutex<Seats>,
    /// How many wait for a place.
    waiting: AtomicUsize,
    /// Told when a request is at its end and somebody waits.
    rested: Notify,
}

/// All seats that are taken.
#[derive(Default)]
struct Seats {
    /// The last name that was given.
    last: u64,
    by_name: BTreeMap<u64, Arc<Seat>>,
    /// How many are whose, without those that are being given up.
    by_address: HashMap<IpAddr, usize>,
}

/// A place of a connection; it is free again when this is dropped.
pub(super) struct Place {
    name: u64,
    seat: Arc<Seat>,
    _permit: OwnedSemaphorePermit,
}

struct Seat {
    room: Arc<Room>,
    /// Whose places are counted together with this one, if anybody's.
    address: Option<IpAddr>,
    /// Ends the connection. To ask whether it has is part of every answer, and takes no lock here.
    gone: AbortHandle,
    /// [`WORKING`], or since when it asks nothing: nanoseconds since the room was opened.
    idle_since: AtomicU64,
}

/// Somebody waits for a place.
struct Waiting<'a>(&'a Room);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}

/// A request at work; the connection is idle again when this is dropped.
pub(super) struct Work(Arc<Seat>);

impl Places {
    /// So many, of which one address has `each_max` at most.
    pub fn of(count: usize, each_max: usize) -> Self {
        let room = Room {
            opened: Instant::now(),
            seats: Mutex::default(),
            waiting: AtomicUsize::new(0),
            rested: Notify::new(),
        };
        Self { free: Arc::new(Semaphore::new(count)), each_max, room: Arc::new(room) }
    }

    /// A place for somebody at `address`, whose places are counted where that is told, and what ends when it is given up. When none is
    /// free, the connection that has been idle for longest is let go; when none is idle, waits. Of an address that has all that it may,
    /// the same, but that nobody waits: `None`.
    pub async fn take(&self, address: Option<IpAddr>) -> Option<(Place, AbortRegistration)> {
        if let Some(address) = address
            && !self.room.has_room_for(address, self.each_max)
        {
            return None;
        }
        let permit = match self.free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait().await?,
        };
        let idle_since = AtomicU64::new(self.room.now());
        let (gone, until_gone) = AbortHandle::new_pair();
        let seat = Arc::new(Seat { room: self.room.clone(), address, gone, idle_since });
        let name = self.room.seats().add(seat.clone());
        Some((Place { name, seat, _permit: permit }, until_gone))
    }

    /// Lets everybody go who has asked nothing whole for `patience`, idle or in the middle of a request's head; never returns. One
    /// who goes round costs less than a clock for each request.
    pub async fn let_the_slow_go(&self, patience: Duration) {
        let mut rounds = interval(ROUND);
        loop {
            rounds.tick().await;
            if let Some(since) = self.room.before(patience) {
                self.room.seats().let_go(|seat| (WORKING + 1..=since).contains(&seat.idle_since.load(SeqCst)));
            }
        }
    }

    /// Lets everybody go at once.
    pub fn let_all_go(&self) {
        self.room.seats().let_go(|_| true);
    }
}

impl Places {
    /// A place, once somebody has gone who asks nothing.
    async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        let free = self.free.clone().acquire_owned();
        tokio::pin!(free);
        let _waiting = self.room.waiting();
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
    /// Never [`WORKING`].
    fn now(&self) -> u64 {
        nanoseconds(self.opened.elapsed()).max(WORKING + 1)
    }

    /// The moment so long ago; `None`: before the room was opened.
    fn before(&self, time: Duration) -> Option<u64> {
        self.opened.elapsed().checked_sub(time).map(nanoseconds)
    }

    /// Somebody waits while this lives. Whoever looks for an idle one behind this and finds none is told of the next.
    fn waiting(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, SeqCst);
        Waiting(self)
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there was one.
    fn let_one_go(&self) -> bool {
        self.seats().let_one_go(|_| true)
    }

    /// Whether one more of this address may come; one of its own that is idle gives way.
    fn has_room_for(&self, address: IpAddr, each_max: usize) -> bool {
        let mut seats = self.seats();
        let taken = seats.by_address.get(&address).copied().unwrap_or_default();
        taken < each_max || seats.let_one_go(|seat| seat.address == Some(address))
    }
}

impl Seats {
    /// Gives its name.
    fn add(&mut self, seat: Arc<Seat>) -> u64 {
        if let Some(address) = seat.address {
            *self.by_address.entry(address).or_default() += 1;
        }
        self.last += 1;
        self.by_name.insert(self.last, seat);
        self.last
    }

    fn remove(&mut self, name: u64) {
        if let Some(seat) = self.by_name.remove(&name)
            && !seat.gone.is_aborted()
        {
            self.uncount(seat.address);
        }
    }

    /// Lets the one of these go that has asked nothing for longest; whether there was one.
    fn let_one_go(&mut self, is_meant: impl Fn(&Seat) -> bool) -> bool {
        let idle = self.by_name.values().filter(|seat| is_meant(seat) && !seat.gone.is_aborted());
        let idle = idle.map(|seat| (seat.idle_since.load(SeqCst), seat)).filter(|(since, _)| *since != WORKING);
        let Some((_, longest)) = idle.min_by_key(|(since, _)| *since) else { return false };
        longest.gone.abort();
        let address = longest.address;
        self.uncount(address);
        true
    }

    /// Lets all of these go.
    fn let_go(&mut self, is_meant: impl Fn(&Seat) -> bool) {
        let staying = self.by_name.values().filter(|seat| !seat.gone.is_aborted() && is_meant(seat));
        for seat in staying.cloned().collect::<Vec<_>>() {
            seat.gone.abort();
            self.uncount(seat.address);
        }
    }

    fn uncount(&mut self, address: Option<IpAddr>) {
        let Some(address) = address else { return };
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

impl Place {
    /// Tells of the requests of this connection.
    pub fn door(&self) -> impl Fn() -> Work + Clone + Send + 'static {
        let seat = self.seat.clone();
        move || {
            seat.idle_since.store(WORKING, SeqCst);
            Work(seat.clone())
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seat.room.seats().remove(self.name);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let room = &self.0.room;
        self.0.idle_since.store(room.now(), SeqCst);
        // Behind the store, in the one order of all: whoever counts as waiting after this look finds the seat idle.
        if room.waiting.load(SeqCst) > 0 {
            room.rested.notify_one();
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
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
