//! The values of this moment, for Prometheus: from memory, and from what the books said last.

use chrono::{DateTime, Utc};

use super::{Sample, Shelf, Told};
use crate::{
    meters::Moment,
    model::{finding::Finding, health::HealthStatus, job::Job, report::ValidationReport},
    plan::{self, DriftCount},
    store::Ledger,
};

/// What each name means.
const HELP: [(&str, &str); 30] = [
    ("windlass_build_info", "Which windlass this is; always 1."),
    ("windlass_database_info", "The versions of database and application, as last seen; always 1."),
    ("windlass_target_up", "Whether the target answered the last look."),
    ("windlass_health_status", "1 for the status that GET /api/system/health tells, 0 for the others."),
    ("windlass_health_last_look_timestamp_seconds", "When the target was last looked at."),
    ("windlass_database_compatible", "Whether application and database can work together."),
    ("windlass_migrations_available", "Migrations in the catalog."),
    ("windlass_migrations_pending", "Migrations that are pending."),
    ("windlass_migration_running", "Whether a run is at work on the target, of this process or another."),
    ("windlass_job_running", "Whether a job of this process is at work."),
    ("windlass_job_waiting", "Whether that job waits: for a lock's holder, or while the database has enough to do."),
    ("windlass_job_progress_ratio", "How far that job is, from 0 to 1; 0 without one."),
    ("windlass_backfill_rows_per_second", "How fast its backfill is; 0 without one."),
    ("windlass_jobs_kept", "Jobs that the control store keeps, by kind and state."),
    ("windlass_job_last_finished_timestamp_seconds", "When the last job of this kind and state ended."),
    ("windlass_store_readable", "Whether the control store could be read when last asked; 0 while it is silent."),
    ("windlass_validation_findings", "What the last validation found, by severity."),
    ("windlass_validation_last_timestamp_seconds", "When it ended."),
    (
        "windlass_drift_findings",
        "Differences that were last found between the schema and what the last run left, by kind.",
    ),
    (
        "windlass_drift_last_look_timestamp_seconds",
        "When somebody last looked for them: a validation, a plan or a status.",
    ),
    ("windlass_snapshots_readable", "Whether the snapshots could be listed when last asked; 0 while nobody answers."),
    ("windlass_snapshots", "Snapshots in the archive."),
    ("windlass_snapshots_unusable", "Snapshots that cannot be used: damaged, or of another key."),
    ("windlass_snapshots_bytes", "What all snapshots take."),
    ("windlass_snapshot_newest_timestamp_seconds", "When the newest snapshot was taken."),
    ("windlass_snapshot_newest_bytes", "What the newest snapshot takes."),
    ("windlass_snapshot_last_good_timestamp_seconds", "When the newest one was taken above which a run validated."),
    ("windlass_snapshot_last_good_bytes", "What that one takes."),
    ("windlass_snapshot_last_verified_timestamp_seconds", "When a snapshot was last looked at again and found whole."),
    ("windlass_snapshots_damaged", "Snapshots whose last look found something wrong."),
];

/// What there is to tell.
pub struct Gauges(Moment);

impl Gauges {
    /// None yet, for the target of this name.
    #[must_use]
    pub fn of(target: &str) -> Self {
        Self(Moment::of(target))
    }

    fn set(&mut self, name: &'static str, value: f64) {
        self.set_of(name, &[], value);
    }

    fn set_of(&mut self, name: &'static str, labels: &[(&str, &str)], value: f64) {
        let help = HELP.iter().find(|(known, _)| *known == name).map_or("", |(_, help)| help);
        self.0.set(name, help, labels, value);
    }

    /// All of them, in Prometheus's text format.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.text()
    }

    /// Which build this is.
    pub fn build(&mut self) {
        let labels = [
            ("version", env!("CARGO_PKG_VERSION")),
            ("commit", env!("WINDLASS_BUILD_COMMIT")),
            ("rust_version", env!("WINDLASS_BUILD_RUST")),
        ];
        self.set_of("windlass_build_info", &labels, 1.0);
    }

    /// The newest look at the target.
    pub fn sample(&mut self, sample: &Sample) {
        let health = &sample.health;
        let actual = health.actual_db_version.as_ref().map(ToString::to_string).unwrap_or_default();
        let (required, backend) = (health.required_db_version.to_string(), health.backend_version.to_string());
        let labels = [("version", actual.as_str()), ("required", &required), ("application", &backend)];
        self.set_of("windlass_database_info", &labels, 1.0);
        let statuses = [("ok", HealthStatus::Ok), ("warning", HealthStatus::Warning), ("error", HealthStatus::Error)];
        for (word, status) in statuses {
            self.set_of("windlass_health_status", &[("status", word)], truth(health.status == status));
        }
        self.set("windlass_target_up", truth(sample.is_reachable()));
        self.set("windlass_health_last_look_timestamp_seconds", seconds(health.checked_at));
        self.set("windlass_database_compatible", truth(health.compatible));
        self.set("windlass_migrations_available", count(sample.version.database.total_migrations_available));
        self.set("windlass_migrations_pending", count(health.pending_count));
        self.set("windlass_migration_running", truth(health.migration_running));
    }

    /// The job that is at work in this process.
    pub fn job(&mut self, job: Option<&Job>) {
        let progress = job.map(|job| job.progress.clone()).unwrap_or_default();
        self.set("windlass_job_running", truth(job.is_some()));
        self.set("windlass_job_waiting", truth(progress.waiting_for.is_some()));
        self.set("windlass_job_progress_ratio", progress.percentage / 100.0);
        self.set("windlass_backfill_rows_per_second", progress.rate.unwrap_or_default());
    }

    /// The jobs that are kept.
    pub fn ledger(&mut self, told: &Told<Ledger>) {
        self.set("windlass_store_readable", truth(told.is_of_now));
        let Some(ledger) = &told.answer else { return };
        for tally in &ledger.tallies {
            let labels = [("kind", tally.kind.as_str()), ("state", tally.state.as_str())];
            #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
            self.set_of("windlass_jobs_kept", &labels, tally.jobs as f64);
            if let Some(at) = tally.last_finished_at {
                self.set_of("windlass_job_last_finished_timestamp_seconds", &labels, seconds(at));
            }
        }
        if let Some((at, report)) = &ledger.validation {
            self.validation(*at, report);
        }
    }

    fn validation(&mut self, at: DateTime<Utc>, report: &ValidationReport) {
        let by_severity: [(&str, &[Finding]); 3] =
            [("critical", &report.critical_issues), ("warning", &report.warnings), ("info", &report.info)];
        for (severity, findings) in by_severity {
            self.set_of("windlass_validation_findings", &[("severity", severity)], count(findings.len()));
        }
        self.set("windlass_validation_last_timestamp_seconds", seconds(at));
    }

    /// What the target was last seen to have become: by the last validation, or by whoever has looked since, which is `seen`.
    pub fn drift(&mut self, told: &Told<Ledger>, seen: Option<(DateTime<Utc>, DriftCount)>) {
        let validated = told.answer.as_ref().and_then(|ledger| ledger.validation.as_ref()).map(|(at, report)| {
            let all = [&report.critical_issues, &report.warnings, &report.info];
            (*at, DriftCount::of(all.into_iter().flatten()))
        });
        let Some((at, drift)) = [validated, seen].into_iter().flatten().max_by_key(|(at, _)| *at) else { return };
        for (kind, found) in [("missing", drift.missing), ("extra", drift.extra), ("different", drift.different)] {
            self.set_of("windlass_drift_findings", &[("kind", kind)], count(found));
        }
        self.set("windlass_drift_last_look_timestamp_seconds", seconds(at));
    }

    /// The snapshots.
    pub fn snapshots(&mut self, told: &Told<Shelf>) {
        self.set("windlass_snapshots_readable", truth(told.is_of_now));
        let Some(Shelf { snapshots: all, unusable }) = told.answer.as_deref() else { return };
        self.set("windlass_snapshots", count(all.len()));
        self.set("windlass_snapshots_unusable", count(*unusable));
        self.set("windlass_snapshots_bytes", bytes(all.iter().map(|listed| listed.manifest.stored_bytes()).sum()));
        let looks = || all.iter().filter_map(|listed| listed.marks.verified.as_ref());
        self.set("windlass_snapshots_damaged", count(looks().filter(|look| !look.is_whole()).count()));
        if let Some(newest) = all.first() {
            self.set("windlass_snapshot_newest_timestamp_seconds", seconds(newest.manifest.created_at));
            self.set("windlass_snapshot_newest_bytes", bytes(newest.manifest.stored_bytes()));
        }
        if let Some(good) = plan::last_good(all) {
            self.set("windlass_snapshot_last_good_timestamp_seconds", seconds(good.manifest.created_at));
            self.set("windlass_snapshot_last_good_bytes", bytes(good.manifest.stored_bytes()));
        }
        if let Some(look) = looks().filter(|look| look.is_whole()).map(|look| look.at).max() {
            self.set("windlass_snapshot_last_verified_timestamp_seconds", seconds(look));
        }
    }
}

fn truth(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn bytes(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds, exact for the next 285 000 years")]
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}
