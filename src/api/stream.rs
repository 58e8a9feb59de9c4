//! A job as a stream of server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::response::{IntoResponse, Response, Sse, sse};
use futures_util::{Stream, StreamExt, stream};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    front::Front,
    problem::{Problem, kinds},
};
use crate::{
    jobs::{Desk, Enquiry},
    model::{job::Job, progress::ProgressReader},
};

/// Streams at once.
pub const STREAMS_MAX: usize = 64;

/// No two events follow each other faster: four a second.
const EVENT_GAP_MS: u64 = 250;

/// How often a job is looked at that tells nothing by itself: it works in another process, or is just ending.
const LOOK_MS: u64 = 1_000;

/// A sign of life when there is nothing to tell.
const HEARTBEAT_S: u64 = 15;

/// What a caller is told to wait before it calls again.
const RECONNECT_MS: u64 = 2_000;

/// A stream ends after this time, so that its caller comes again with a token that is still valid.
const STREAM_S_MAX: u64 = 3_600;

/// When to come again once all places are taken.
const RETRY_AFTER_S: u64 = 5;

/// Streams `job`: the state now at once, each change, and its end. `last_id` is the caller's `Last-Event-ID`; ids go
/// on from there. Ends when the service stops.
pub fn events(front: &Front, job: Job, last_id: u64) -> Result<Response, Problem> {
    let place = front.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::of(&kinds::TOO_MANY_STREAMS, format!("{STREAMS_MAX} streams are open.")).retry_after_s(RETRY_AFTER_S)
    })?;
    let viewer = Viewer {
        enquiry: front.app.enquiry.clone(),
        reader: follow(&front.app.desk, &job),
        id: last_id,
        shown: None,
        job,
        next_at: Instant::now(),
        _place: place,
    };
    let events = viewer
        .stream()
        .take_until(front.app.stopping.clone().cancelled_owned())
        .take_until(sleep(Duration::from_secs(STREAM_S_MAX)));
    let heartbeat = sse::KeepAlive::new().interval(Duration::from_secs(HEARTBEAT_S)).text("at work");
    Ok(Sse::new(events).keep_alive(heartbeat).into_response())
}

fn follow(desk: &Desk, job: &Job) -> Option<ProgressReader> {
    if job.state.is_final() { None } else { desk.follow(job.id) }
}

/// One caller's view of one job.
struct Viewer {
    enquiry: Enquiry,
    reader: Option<ProgressReader>,
    job: Job,
    /// What the caller saw last; `None` before the first event.
    shown: Option<Job>,
    id: u64,
    next_at: Instant,
    _place: OwnedSemaphorePermit,
}

impl Viewer {
    fn stream(self) -> impl Stream<Item = Result<sse::Event, Infallible>> + Send + 'static {
        stream::unfold(self, |mut viewer| async move {
            let event = viewer.next().await?;
            Some((Ok(event), viewer))
        })
    }

    /// The next event; `None` after the end, and when the job can no longer be asked for.
    async fn next(&mut self) -> Option<sse::Event> {
        if self.shown.as_ref().is_some_and(|job| job.state.is_final()) {
            return None;
        }
        while self.shown.as_ref() == Some(&self.job) {
            self.look_again().await?;
        }
        self.next_at = Instant::now() + Duration::from_millis(EVENT_GAP_MS);
        let first = self.shown.replace(self.job.clone()).is_none();
        Some(self.event(first))
    }

    /// Waits for news, but never looks more often than events may be sent.
    async fn look_again(&mut self) -> Option<()> {
        sleep_until(self.next_at).await;
        self.wait_for_news().await;
        self.job = self.enquiry.job(self.job.id).await.ok()?;
        self.next_at = Instant::now() + Duration::from_millis(EVENT_GAP_MS);
        Some(())
    }

    /// A change of progress, or the time to look anyway: a change of state alone is not news to the reader.
    async fn wait_for_news(&mut self) {
        let look = Duration::from_millis(LOOK_MS);
        match &mut self.reader {
            None => sleep(look).await,
            Some(reader) => {
                if let Ok(Err(_gone)) = timeout(look, reader.changed()).await {
                    self.reader = None; // its worker is done: the next look shows the end
                }
            }
        }
    }

    fn event(&mut self, first: bool) -> sse::Event {
        self.id = self.id.saturating_add(1);
        let name = if self.job.state.is_final() { "end" } else { "progress" };
        let data = serde_json::to_string(&self.job).unwrap_or_default();
        let event = sse::Event::default().event(name).id(self.id.to_string()).data(data);
        if first { event.retry(Duration::from_millis(RECONNECT_MS)) } else { event }
    }
}
