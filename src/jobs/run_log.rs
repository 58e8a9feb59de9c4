//! The log file of a job that may change a database: its beginning and its end. What is between, the procedure tells.

use std::{io, time::Duration};

use serde_json::json;
use tokio::time::timeout;

use crate::{
    model::{job::Job, order::Order, server::Server},
    procedure::{JobLog, Target},
};

/// How long a run waits for the disk to give it its file.
const BEGIN_MS_MAX: u64 = 2_000;

/// Begins the file, where the order wants one, and says in it who asked for what, and of which database. A file that cannot be
/// made is told, and is no reason not to begin.
pub(super) async fn begin(target: &Target, job: &mut Job, order: &Order, server: &Server, log: JobLog) -> JobLog {
    let settings = target.config.log.clone();
    if !order.changes() || settings.keep_runs == 0 {
        return log;
    }
    let (logs, began) = (target.store.run_logs(), target.clock.now());
    let (kind, id) = (job.kind.as_str(), job.id.to_string());
    let making = tokio::task::spawn_blocking(move || logs.begin(began, kind, &id, settings.format, settings.keep_runs));
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer");
    let made = timeout(Duration::from_millis(BEGIN_MS_MAX), making).await.map_err(late);
    let file = match made.unwrap_or_else(|error| Ok(Err(error))) {
        Ok(Ok(file)) => file,
        Ok(Err(error)) => {
            tracing::warn!(job.id = %job.id, %error, "the log file of job {} could not be made", job.id);
            log.tell("warning", format!("its log file could not be made: {error}"));
            return log;
        }
        Err(_the_process_ends) => return log,
    };
    let path = file.path().display().to_string();
    let log = log.and(file, target.clock.clone());
    log.tell("info", format!("every step is told in {path}"));
    job.log_file = Some(path);
    let windlass = env!("CARGO_PKG_VERSION");
    let message = format!("windlass {windlass} begins job {}: {kind}, ordered by {}", job.id, job.requested_by);
    let fields = vec![
        ("job.id", json!(job.id)),
        ("job.kind", json!(kind)),
        ("requested_by", json!(job.requested_by)),
        ("windlass.version", json!(windlass)),
        ("order", json!(order)),
    ];
    log.note("info", &message, None, fields);
    let (name, address) = (&*target.name, target.engine.address());
    let message = format!("target {name} at {address}, {} {}", server.product, server.version);
    let version = format!("{} {}", server.product, server.version);
    log.note("info", &message, None, vec![("target", json!(name)), ("server", json!(version))]);
    log
}

/// Says in the file how the job ended, and waits until it is written, within a bound.
pub(super) async fn end(log: &JobLog, job: &Job) {
    if let Some(problem) = &job.problem {
        let message = format!(
            "{}\n{}\nthe target: {}\nnext: {}",
            problem.title, problem.detail, problem.target_state, problem.next_step
        );
        log.note("error", &message, None, vec![("problem", json!(problem))]);
    }
    let took = job.finished_at.zip(job.started_at).map_or(0, |(end, begin)| (end - begin).num_milliseconds());
    let level = if job.problem.is_some() { "error" } else { "info" };
    let message = format!("job {} {} in {took} ms", job.id, job.state.as_str());
    log.note(level, &message, None, vec![("job.id", json!(job.id)), ("duration_ms", json!(took))]);
    log.end().await;
}
