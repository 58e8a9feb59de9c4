//! What is counted, in memory, for Prometheus. Each application has its own: nothing here is global to the process.
//!
//! Values of one moment (versions, progress, snapshots) are not kept here: `monitor` writes them when somebody asks.

use std::{collections::HashMap, sync::Arc, time::Duration};

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
    core::Collector,
};

/// The upper ends of the buckets for jobs, in seconds.
const JOB_S: &[f64] = &[0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0];
/// The same for a wait for a lock.
const WAIT_S: &[f64] = &[0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0];
/// The same for a look at the target.
const LOOK_S: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// The same for an HTTP request.
const REQUEST_S: &[f64] = &[0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// What is counted. Cheap to clone.
#[derive(Clone)]
pub struct Meters(Arc<Inner>);

struct Inner {
    registry: Registry,
    jobs: IntCounterVec,
    job_duration: HistogramVec,
    rows: IntCounter,
    lock_wait: Histogram,
    looks: IntCounter,
    failed_looks: IntCounter,
    look_duration: Histogram,
    requests: IntCounterVec,
    request_duration: HistogramVec,
    limited: IntCounterVec,
    refused: IntCounter,
}

impl Meters {
    /// All at zero, for the target of this name.
    #[must_use]
    pub fn of(target: &str) -> Self {
        let names = Names(registry(target));
        Self(Arc::new(Inner {
            jobs: names.counters(
                "windlass_jobs_total",
                "Jobs that ended in this process, by kind and by how they ended.",
                &["kind", "result"],
            ),
            job_duration: names.histograms(
                "windlass_job_duration_seconds",
                "How long jobs of this process took, by kind.",
                JOB_S,
                &["kind"],
            ),
            rows: names.counter("windlass_backfill_rows_total", "Rows that backfills of this process have changed."),
            lock_wait: names.histogram(
                "windlass_lock_wait_seconds",
                "How long jobs were seen waiting for somebody's lock, rests between tries among it; looked at every half second.",
                WAIT_S,
            ),
            looks: names.counter("windlass_health_looks_total", "Looks of the health check at the target."),
            failed_looks: names
                .counter("windlass_health_look_failures_total", "Looks that the target did not answer."),
            look_duration: names.histogram(
                "windlass_health_look_duration_seconds",
                "How long a look at the target took.",
                LOOK_S,
            ),
            requests: names.counters(
                "windlass_http_requests_total",
                "HTTP requests answered, by method, matched route and class of status.",
                &["method", "route", "status"],
            ),
            request_duration: names.histograms(
                "windlass_http_request_duration_seconds",
                "How long it took until an HTTP answer began, by method and matched route.",
                REQUEST_S,
                &["method", "route"],
            ),
            limited: names.counters(
                "windlass_http_rate_limited_total",
                "HTTP requests that were refused because their address asks too often, by allowance.",
                &["allowance"],
            ),
            refused: names.counter("windlass_http_tokens_refused_total", "Bearer tokens that were not believed."),
            registry: names.0,
        }))
    }

    /// Jobs may come that end like this: their count begins at zero, because a rate needs a zero to begin from.
    pub fn expect_jobs(&self, kind: &str, result: &str) {
        self.0.jobs.with_label_values(&[kind, result]);
    }

    /// A job of this process ended.
    pub fn job_ended(&self, kind: &str, result: &str, took: Duration) {
        self.0.jobs.with_label_values(&[kind, result]).inc();
        self.0.job_duration.with_label_values(&[kind]).observe(took.as_secs_f64());
    }

    /// A batch of a backfill was committed.
    pub fn backfilled(&self, rows: u64) {
        self.0.rows.inc_by(rows);
    }

    /// A job has waited for somebody's lock.
    pub fn waited_for_lock(&self, took: Duration) {
        self.0.lock_wait.observe(took.as_secs_f64());
    }

    /// Somebody looked at the target.
    pub fn looked(&self, took: Duration, is_answered: bool) {
        self.0.looks.inc();
        self.0.failed_looks.inc_by(u64::from(!is_answered));
        self.0.look_duration.observe(took.as_secs_f64());
    }

    /// An HTTP request was answered. `route` is one of the router's own, never a path that came from outside.
    pub fn answered(&self, method: &str, route: &str, status: &str, took: Duration) {
        self.tally(method, route, status).add(took);
    }

    /// What such requests are counted by, for whoever has many of them.
    #[must_use]
    pub fn tally(&self, method: &str, route: &str, status: &str) -> Tally {
        Tally {
            requests: self.0.requests.with_label_values(&[method, route, status]),
            duration: self.0.request_duration.with_label_values(&[method, route]),
        }
    }

    /// A request was refused because its address asks too often.
    pub fn rate_limited(&self, allowance: &str) {
        self.0.limited.with_label_values(&[allowance]).inc();
    }

    /// A token was not believed.
    pub fn token_refused(&self) {
        self.0.refused.inc();
    }

    /// Everything, in Prometheus's text format.
    #[must_use]
    pub fn text(&self) -> String {
        text(&self.0.registry)
    }
}

/// Counts HTTP requests of one method, route and class of status.
pub struct Tally {
    requests: IntCounter,
    duration: Histogram,
}

impl Tally {
    /// One was answered.
    pub fn add(&self, took: Duration) {
        self.requests.inc();
        self.duration.observe(took.as_secs_f64());
    }
}

/// Values of one moment, on their way into Prometheus's text format.
pub struct Moment {
    registry: Registry,
    gauges: HashMap<&'static str, GaugeVec>,
}

impl Moment {
    /// None yet, for the target of this name.
    #[must_use]
    pub fn of(target: &str) -> Self {
        Self { registry: registry(target), gauges: HashMap::new() }
    }

    /// Sets a value, with these labels beside the target's; each time the same ones for one name.
    pub fn set(&mut self, name: &'static str, help: &str, labels: &[(&str, &str)], value: f64) {
        let gauges = self.gauges.entry(name).or_insert_with(|| {
            let keys: Vec<&str> = labels.iter().map(|(key, _)| *key).collect();
            registered(&self.registry, GaugeVec::new(Opts::new(name, help), &keys))
        });
        let values: Vec<&str> = labels.iter().map(|(_, value)| *value).collect();
        gauges.with_label_values(&values).set(value);
    }

    /// All of them, in Prometheus's text format.
    #[must_use]
    pub fn text(&self) -> String {
        text(&self.registry)
    }
}

/// The names that a registry gets.
struct Names(Registry);

impl Names {
    fn counter(&self, name: &str, help: &str) -> IntCounter {
        registered(&self.0, IntCounter::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        registered(&self.0, IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        registered(&self.0, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
    }

    fn histograms(&self, name: &str, help: &str, buckets: &[f64], labels: &[&str]) -> HistogramVec {
        registered(&self.0, HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels))
    }
}

/// Everything in it carries the target's name.
fn registry(target: &str) -> Registry {
    let labels = HashMap::from([("target".to_owned(), target.to_owned())]);
    Registry::new_custom(None, Some(labels)).expect("there is no prefix")
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let made = made.expect("names and labels are ours");
    registry.register(Box::new(made.clone())).expect("each name is there once");
    made
}

fn text(registry: &Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).expect("what a registry gathers has a text")
}
