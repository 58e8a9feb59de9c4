//! From what went wrong to the problem a person reads: what happened, what state the target is in, what to do next.

use super::{
    apply::{Failed, Left},
    recover::Stuck,
    rehearsed::Unread,
};
use crate::{
    catalog::CatalogError,
    engine::EngineError,
    model::{
        archive::VerifyReport,
        finding::Finding,
        history::Unfinished,
        job::JobProblem,
        loss::{Loss, LossDigest},
    },
    snapshot::ArchiveError,
    store::StoreError,
};

/// The target was not changed by this job.
pub const UNTOUCHED: &str = "the target is as it was before";

/// What was interrupted was brought to its end by this job, which then went wrong.
pub const FINISHED: &str = "what was interrupted is brought to its end; nothing else was changed";

/// The job had changed the target before it went wrong.
pub const CHANGED: &str = "what the job tells as done is done; nothing else was changed";

/// Another run has it.
pub const TAKEN_OVER: &str = "in the hands of the run that took over";

/// What is known where a restore is neither done nor taken back.
const HALF_RESTORED: &str = "a snapshot is partly restored; the next windlass up goes on with that";

/// A problem of this kind.
pub fn problem(kind: &str, title: &str, detail: String, target_state: &str, next_step: &str) -> JobProblem {
    JobProblem {
        kind: kind.to_owned(),
        title: title.to_owned(),
        detail,
        target_state: target_state.to_owned(),
        next_step: next_step.to_owned(),
    }
}

/// The plan says no.
pub fn blocked(blocking: &[Finding]) -> JobProblem {
    let told: Vec<String> = blocking.iter().map(|f| format!("{}: {}", f.place, f.message)).collect();
    let next = blocking.iter().map(|f| f.remedy.as_str()).find(|remedy| !remedy.is_empty()).unwrap_or_default();
    problem("not-ready", "The run may not begin", told.join("; "), UNTOUCHED, next)
}

/// Something would be lost that nobody has accepted.
pub fn loss(loss: &Loss, given: Option<&LossDigest>) -> JobProblem {
    let next = "look at the list; if that is meant, give the order again with its digest: --accept-loss, or accept_loss over HTTP";
    problem("loss-not-accepted", "The loss is not accepted", loss.refusal(given), UNTOUCHED, next)
}

/// The target could not be asked before anything was changed; for the end of a call that may fail so.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
pub fn untouched(error: EngineError) -> JobProblem {
    engine(&error, UNTOUCHED)
}

/// What went wrong behind something that the job had done, which must not be denied: there the target is not as it was before.
pub fn behind(problem: JobProblem, done: Option<&str>) -> JobProblem {
    match done {
        Some(state) if problem.target_state == UNTOUCHED => JobProblem { target_state: state.to_owned(), ..problem },
        _ => problem,
    }
}

/// The target could not be asked; `state` is what is known of it.
pub fn engine(error: &EngineError, state: &str) -> JobProblem {
    let state = if let EngineError::HalfRestored(_) = error { HALF_RESTORED } else { state };
    if let EngineError::HalfRestored(cause) = error
        && let EngineError::Lost { .. } | EngineError::TimedOut(_) | EngineError::Unreachable { .. } = **cause
    {
        return engine(cause, state);
    }
    let (kind, title, next) = match error {
        EngineError::Unreachable { .. } | EngineError::Lost { .. } | EngineError::TimedOut(_) => (
            "target-unreachable",
            "The target cannot be reached",
            "see that the database runs and answers, then start again: the run goes on where it stopped",
        ),
        EngineError::Unsupported { .. } => {
            ("target-unsupported", "The server is not supported", "use a supported server")
        }
        EngineError::ReadOnly { .. } => {
            ("target-read-only", "The target is read-only", "point target.url at the writable server")
        }
        EngineError::Blocked { .. } => (
            "blocked",
            "A lock was not given",
            "end what holds it, or start again when it is gone; run.lock_timeout and run.lock_retry say how long to wait",
        ),
        EngineError::Fenced { .. } => ("fenced", "Another run has taken over", "look at that run: windlass status"),
        EngineError::Tool { .. } => {
            ("tool-failed", "A client program failed", "install or mend the program that is named")
        }
        EngineError::HalfRestored(_) => (
            "interrupted",
            "An interrupted restore could not be brought to its end",
            "see the database's own words, mend what they name, then: windlass up; or restore another snapshot: windlass down \
             --snapshot <id>",
        ),
        EngineError::Differs { .. } => (
            "restore-differs",
            "The restored copy is not what its manifest says",
            "choose another snapshot: windlass snapshot list",
        ),
        _ => ("target-refused", "The database refused", "see the database's own words"),
    };
    problem(kind, title, error.to_string(), state, next)
}

/// The ways on where nothing tells whether a statement took effect.
const IN_DOUBT: &str = "look whether it took effect; then run it again: windlass up --in-doubt redo; or go on behind it: \
                        windlass up --in-doubt done; or go back: windlass down --snapshot <id>";

/// What is asked for needs a whole database, and a restore was left in the middle.
pub fn half_restored(left: &Unfinished) -> JobProblem {
    let detail = format!("{} was interrupted", left.migration);
    problem(
        "interrupted",
        "An interrupted restore comes first",
        detail,
        HALF_RESTORED,
        "windlass up brings it to its end",
    )
}

/// The ways on where a migration was taken back in part.
const HALF_BACK: &str = "look what is there; where nothing of it is left: windlass up --in-doubt redo; where all that was done \
                         is in place: windlass up --in-doubt done; or go back: windlass down --snapshot <id>";

fn half_back(name: &str) -> String {
    format!("{name} is partly applied, and not as it was before it")
}

/// A migration failed.
pub fn migration(name: &str, failed: &Failed) -> JobProblem {
    let detail = match &failed.statement {
        Some((place, sql)) => format!("{place}: {}\n{}", failed.error, shortened(sql)),
        None => format!("{name}: {}", failed.error),
    };
    let (state, next) = match failed.left {
        Left::AsBefore => (
            format!("nothing of {name} was kept; the target is as it was before it"),
            "mend the statement, then start again",
        ),
        Left::InFlight { done } => (
            format!("{name} is interrupted: its first {done} statements are done, the rest is not"),
            "mend the statement and start again: the run goes on behind what is done; or go back: windlass down --snapshot <id>",
        ),
        Left::Unknown if matches!(failed.error, EngineError::Fenced { .. }) => {
            (TAKEN_OVER.to_owned(), "look at that run: windlass status")
        }
        Left::InDoubt { done } => (
            format!(
                "{name} is interrupted: its first {done} statements are done; the next one may have taken effect in part"
            ),
            IN_DOUBT,
        ),
        Left::TakingBack => (
            format!("{name} is being taken back, and some of that is still to be done"),
            "start again: the run goes on with that first, then runs it again",
        ),
        Left::HalfBack => (half_back(name), HALF_BACK),
        Left::Backfill { rows_done } => (
            format!("{name} is interrupted: its statements are done, and {rows_done} rows of its backfill"),
            "mend what is named and start again: the backfill goes on behind what is done; or go back: windlass down --snapshot <id>",
        ),
        Left::Unknown => (
            "unknown: the database could not be asked any more".to_owned(),
            "see that the database answers, then start again: the truth is read first",
        ),
    };
    match &failed.error {
        EngineError::Refused { .. } | EngineError::Unfit { .. } => {
            problem("statement-failed", "A statement failed", detail, &state, next)
        }
        error => JobProblem { detail, ..engine(error, &state) },
    }
}

/// An interrupted migration could not be finished.
pub fn stuck(stuck: &Stuck) -> JobProblem {
    match stuck {
        Stuck::Engine(error) => engine(error, "an interrupted migration is waiting to be finished"),
        Stuck::Failed(name, failed) => migration(name, failed),
        Stuck::InDoubt { migration, statement: (place, sql), why } => problem(
            "interrupted",
            "An interrupted migration waits for a decision",
            format!(
                "{place}: whether this statement of {migration} took effect cannot be told: {why}\n{}",
                shortened(sql)
            ),
            &format!("{migration} is partly applied; nothing was changed now"),
            IN_DOUBT,
        ),
        Stuck::HalfBack { migration } => problem(
            "interrupted",
            "An interrupted migration waits for a decision",
            format!("{migration} failed, and what was done of it could not be taken back wholly"),
            &half_back(migration),
            HALF_BACK,
        ),
        Stuck::Changed { migration, what } => problem(
            "interrupted",
            "An interrupted migration cannot be finished",
            format!("{migration} was interrupted and {what}"),
            &format!("{migration} is partly applied; nothing was changed now"),
            "restore its folder as it was and start again, or go back: windlass down --snapshot <id>",
        ),
    }
}

/// The catalog cannot be used.
pub fn catalog(error: &CatalogError) -> JobProblem {
    problem(
        "catalog-unusable",
        "The catalog cannot be used",
        error.to_string(),
        UNTOUCHED,
        "mend what is named, then start again",
    )
}

/// A snapshot cannot be written or read.
pub fn archive(error: &ArchiveError) -> JobProblem {
    let (kind, title) = match error {
        ArchiveError::Missing(_) => ("no-such-snapshot", "There is no such snapshot"),
        ArchiveError::Damaged { .. } => ("snapshot-damaged", "The snapshot is damaged"),
        ArchiveError::WrongKey { .. } | ArchiveError::KeyMissing { .. } => {
            ("snapshot-key-missing", "The snapshot's key is not here")
        }
        _ => ("snapshots-unusable", "The snapshots cannot be used"),
    };
    problem(
        kind,
        title,
        error.to_string(),
        UNTOUCHED,
        "see windlass snapshot list, and the place in snapshots.path or snapshots.url",
    )
}

/// A look at snapshots found some that are not as they were written, or cannot be restored.
pub fn damaged(report: &VerifyReport) -> JobProblem {
    let told: Vec<String> = report
        .verdicts
        .iter()
        .filter_map(|verdict| verdict.reason.as_ref().map(|reason| format!("snapshot {}: {reason}", verdict.id)))
        .collect();
    problem(
        "snapshot-damaged",
        "A snapshot is damaged",
        told.join("; "),
        UNTOUCHED,
        "make a new one: windlass snapshot create; keep the damaged files for whoever looks into it",
    )
}

/// It will not fit on the disks.
pub fn no_space(short: &[String]) -> JobProblem {
    problem(
        "no-space",
        "It would not fit",
        short.join("; "),
        UNTOUCHED,
        "make room, let go of old snapshots (windlass snapshot prune), or set policy.space = \"warn\" if you know better",
    )
}

/// A scratch database could not be made, filled or used.
pub fn no_scratch(error: &EngineError) -> JobProblem {
    problem(
        "no-scratch",
        "A scratch copy could not be made",
        error.to_string(),
        UNTOUCHED,
        "see the database's own words: the account must be allowed to make databases; or name another server: rehearsal.url",
    )
}

/// A scratch copy does not hold what the target does.
pub fn copy_differs(found: &[String]) -> JobProblem {
    problem(
        "copy-differs",
        "The scratch copy is not as the target is",
        format!("differs: {}", found.join(", ")),
        UNTOUCHED,
        "rehearse on a server of the target's own kind and version; with --history no copy is made",
    )
}

/// `rehearsal.url` cannot be used.
pub fn rehearsal_unusable(reason: &str) -> JobProblem {
    problem(
        "rehearsal-unusable",
        "The place for rehearsals cannot be used",
        format!("rehearsal.url: {reason}"),
        UNTOUCHED,
        "point rehearsal.url at a database of another server of the same kind, or leave it out: then copies are made beside the target",
    )
}

/// A migration failed on a scratch copy.
pub fn on_scratch(problem: JobProblem) -> JobProblem {
    JobProblem {
        target_state: format!("{UNTOUCHED}; the scratch copy is removed"),
        next_step: "mend the statement, then rehearse again: windlass rehearse".to_owned(),
        ..problem
    }
}

/// What rehearsals brought cannot be read.
pub fn unread(error: &Unread) -> JobProblem {
    match error {
        Unread::Target(error) => engine(error, UNTOUCHED),
        Unread::Store(error) => store(error),
    }
}

/// The other database holds something already.
pub fn not_empty(name: &str) -> JobProblem {
    problem(
        "not-empty",
        "The other database is not empty",
        format!("database {name} holds tables already"),
        UNTOUCHED,
        "name another one, or say --force: then its state becomes a snapshot first",
    )
}

/// The other database is being worked on.
pub fn other_busy(name: &str) -> JobProblem {
    problem(
        "busy",
        "Another run is at work on that database",
        format!("somebody holds the lock of database {name}"),
        UNTOUCHED,
        "wait for it to end, then try again",
    )
}

/// Our own database cannot be used.
pub fn store(error: &StoreError) -> JobProblem {
    problem(
        "store-unusable",
        "The control store cannot be used",
        error.to_string(),
        UNTOUCHED,
        "see that the folder in store.path can be written",
    )
}

/// Validation found something critical.
pub fn invalid(findings: &[Finding]) -> JobProblem {
    let told: Vec<String> = findings.iter().map(|f| format!("{}: {}", f.place, f.message)).collect();
    problem(
        "validation-failed",
        "Validation failed",
        told.join("; "),
        "the migrations are applied and recorded",
        "mend what is named, or go back: windlass down",
    )
}

/// The first lines of a statement.
fn shortened(sql: &str) -> String {
    const CHARACTERS_MAX: usize = 400;
    match sql.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &sql[..end]),
        None => sql.to_owned(),
    }
}
