//! What is counted, in memory, for Prometheus. Each application has its own: nothing here is global to the process.
//!
//! Values of one moment (versions, progress, snapshots) are not kept here: `monitor` writes them when somebody asks.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// The upper ends of the buckets for jobs, in seconds.
const JOB_S: &[f64] = &[0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0];
/// The same for a wait for a lock.
const WAIT_S: &[f64] = &[0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0];
/// The same for a look at the target.
const LOOK_S: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// The same for an HTTP request.
const REQUEST_S: &[f64] = &[0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

const JOBS: &str = "windlass_jobs_total";
const JOB_DURATION: &str = "windlass_job_duration_seconds";
const ROWS: &str = "windlass_backfill_rows_total";
const LOCK_WAIT: &str = "windlass_lock_wait_seconds";
const LOOKS: &str = "windlass_health_looks_total";
const FAILED_LOOKS: &str = "windlass_health_look_failures_total";
const LOOK_DURATION: &str = "windlass_health_look_duration_seconds";
const REQUESTS: &str = "windlass_http_requests_total";
const REQUEST_DURATION: &str = "windlass_http_request_duration_seconds";
const LIMITED: &str = "windlass_http_rate_limited_total";
const REFUSED: &str = "windlass_http_tokens_refused_total";

const COUNTERS: [(&str, &str); 7] = [
    (JOBS, "Jobs that ended in this process, by kind and by how they ended."),
    (ROWS, "Rows that backfills of this process have changed."),
    (LOOKS, "Looks of the health check at the target."),
    (FAILED_LOOKS, "Looks that the target did not answer."),
    (REQUESTS, "HTTP requests answered, by method, matched route and class of status."),
    (LIMITED, "HTTP requests that were refused because their address asks too often, by allowance."),
    (REFUSED, "Bearer tokens that were not believed."),
];

const HISTOGRAMS: [(&str, &str, &[f64]); 4] = [
    (JOB_DURATION, "How long jobs of this process took, by kind.", JOB_S),
    (
        LOCK_WAIT,
        "How long jobs were seen waiting for somebody's lock, rests between tries among it; looked at every half second.",
        WAIT_S,
    ),
    (LOOK_DURATION, "How long a look at the target took.", LOOK_S),
    (REQUEST_DURATION, "How long it took until an HTTP answer began, by method and matched route.", REQUEST_S),
];

/// What is counted of answers of one kind; looking its parts up by their names takes longer than counting.
struct Answered {
    method: &'static str,
    status: &'static str,
    duration: Histogram,
    requests: Counter,
}

impl Answered {
    fn count(&self, took: Duration) {
        self.duration.record(took);
        self.requests.increment(1);
    }
}

static HERE: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// What is counted. Cheap to clone.
#[derive(Clone)]
pub struct Meters(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    target: SharedString,
    /// By route.
    answered: RwLock<HashMap<String, Vec<Answered>>>,
}

impl Inner {
    /// Whether such answers were counted before.
    fn count_known(&self, method: &str, route: &str, status: &str, took: Duration) -> bool {
        let answered = self.answered.read().unwrap_or_else(PoisonError::into_inner);
        let kinds = answered.get(route).map_or(&[][..], Vec::as_slice);
        let kind = kinds.iter().find(|kind| kind.method == method && kind.status == status);
        kind.map(|kind| kind.count(took)).is_some()
    }
}

impl Meters {
    /// All at zero, for the target of this name.
    #[must_use]
    pub fn of(target: &str) -> Self {
        let builder = HISTOGRAMS.iter().fold(PrometheusBuilder::new(), |builder, (name, _, buckets)| {
            let matcher = Matcher::Full((*name).to_owned());
            builder.set_buckets_for_metric(matcher, buckets).unwrap_or_default()
        });
        let recorder = builder.build_recorder();
        for (name, help) in COUNTERS {
            recorder.describe_counter(name.into(), None, help.into());
        }
        for (name, help, _) in HISTOGRAMS {
            recorder.describe_histogram(name.into(), None, help.into());
        }
        let handle = recorder.handle();
        let meters =
            Self(Arc::new(Inner { recorder, handle, target: target.to_owned().into(), answered: RwLock::default() }));
        // A rate needs a zero to begin from.
        for name in [ROWS, LOOKS, FAILED_LOOKS, REFUSED] {
            meters.counter(name, Vec::new()).increment(0);
        }
        drop([LOCK_WAIT, LOOK_DURATION].map(|name| meters.histogram(name, Vec::new())));
        meters
    }

    /// Jobs may come that end like this: their count begins at zero.
    pub fn expect_jobs(&self, kind: &'static str, result: &'static str) {
        self.jobs(kind, result).increment(0);
    }

    fn jobs(&self, kind: &'static str, result: &'static str) -> Counter {
        self.counter(JOBS, vec![Label::new("kind", kind), Label::new("result", result)])
    }

    fn key(&self, name: &'static str, mut labels: Vec<Label>) -> Key {
        labels.push(Label::new("target", self.0.target.clone()));
        Key::from_parts(name, labels)
    }

    fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        self.0.recorder.register_counter(&self.key(name, labels), &HERE)
    }

    fn histogram(&self, name: &'static str, labels: Vec<Label>) -> Histogram {
        self.0.recorder.register_histogram(&self.key(name, labels), &HERE)
    }

    /// A job of this process ended.
    pub fn job_ended(&self, kind: &'static str, result: &'static str, took: Duration) {
        self.jobs(kind, result).increment(1);
        self.histogram(JOB_DURATION, vec![Label::new("kind", kind)]).record(took);
    }

    /// A batch of a backfill was committed.
    pub fn backfilled(&self, rows: u64) {
        self.counter(ROWS, Vec::new()).increment(rows);
    }

    /// A job has waited for somebody's lock.
    pub fn waited_for_lock(&self, took: Duration) {
        self.histogram(LOCK_WAIT, Vec::new()).record(took);
    }

    /// Somebody looked at the target.
    pub fn looked(&self, took: Duration, is_answered: bool) {
        self.counter(LOOKS, Vec::new()).increment(1);
        self.counter(FAILED_LOOKS, Vec::new()).increment(u64::from(!is_answered));
        self.histogram(LOOK_DURATION, Vec::new()).record(took);
    }

    /// An HTTP request was answered. `route` is one of the router's own, never a path that came from outside.
    pub fn answered(&self, method: &'static str, route: &str, status: &'static str, took: Duration) {
        if !self.0.count_known(method, route, status, took) {
            self.count_new(method, route, status, took);
        }
    }

    fn count_new(&self, method: &'static str, route: &str, status: &'static str, took: Duration) {
        let labels = vec![Label::new("method", method), Label::new("route", route.to_owned())];
        let duration = self.histogram(REQUEST_DURATION, labels.clone());
        let requests = self.counter(REQUESTS, [labels, vec![Label::new("status", status)]].concat());
        let new = Answered { method, status, duration, requests };
        new.count(took);
        let mut all = self.0.answered.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(route.to_owned()).or_default().push(new);
    }

    /// A request was refused because its address asks too often.
    pub fn rate_limited(&self, allowance: &'static str) {
        self.counter(LIMITED, vec![Label::new("allowance", allowance)]).increment(1);
    }

    /// A token was not believed.
    pub fn token_refused(&self) {
        self.counter(REFUSED, Vec::new()).increment(1);
    }

    /// Puts what was measured into its buckets. Until this, or until somebody reads, each measurement takes memory.
    pub fn sort(&self) {
        self.0.handle.run_upkeep();
    }

    /// Everything, in Prometheus's text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.handle.render()
    }
}

/// Values of one moment, on their way into Prometheus's text format.
pub struct Moment {
    recorder: PrometheusRecorder,
    target: SharedString,
}

impl Moment {
    /// None yet, for the target of this name.
    #[must_use]
    pub fn of(target: &str) -> Self {
        Self { recorder: PrometheusBuilder::new().build_recorder(), target: target.to_owned().into() }
    }

    /// Says what a name means.
    pub fn describe(&self, name: &'static str, help: &'static str) {
        self.recorder.describe_gauge(name.into(), None, help.into());
    }

    /// Sets a value, with these labels beside the target's.
    pub fn set(&self, name: &'static str, labels: &[(&'static str, &str)], value: f64) {
        let mut all: Vec<Label> = labels.iter().map(|(key, value)| Label::new(*key, (*value).to_owned())).collect();
        all.push(Label::new("target", self.target.clone()));
        let gauge: Gauge = self.recorder.register_gauge(&Key::from_parts(name, all), &HERE);
        gauge.set(value);
    }

    /// All of them, in Prometheus's text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.recorder.handle().render()
    }
}
