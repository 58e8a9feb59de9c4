//! A command that did not come to its end: what is so, what to do next, and how the process exits.

use std::{error::Error, fmt::Write};

use serde::Serialize;

use super::exit::Exit;
use crate::{
    app::OpenError,
    auth::{AuthError, MintError},
    catalog::CatalogError,
    config::ConfigError,
    engine::EngineError,
    jobs::Refused,
    lifecycle::ServeError,
    model::{finding::Finding, job::JobProblem},
    snapshot::ArchiveError,
    store::StoreError,
    telemetry::TelemetryError,
};

/// What every problem's `type` begins with.
const TYPE_PREFIX: &str = "urn:windlass:problem:";

/// The kind of problem that a critical finding makes.
const NOT_READY: &str = "not-ready";

/// Why a command did not come to its end.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// Stable, to decide by; `docs/PROBLEMS.md` tells of each.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// What happened, with its causes.
    pub detail: String,
    /// What state the target is in; only when a job worked on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_state: Option<String>,
    /// What to do next.
    pub next_step: Box<str>,
    /// What blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocking: Vec<Finding>,
    /// How the process exits.
    #[serde(rename = "exit_code")]
    pub exit: Exit,
}

impl Failure {
    /// A failure of this kind.
    #[must_use]
    pub fn of(exit: Exit, kind: &str, detail: impl Into<String>, next_step: impl Into<Box<str>>) -> Self {
        Self {
            kind: format!("{TYPE_PREFIX}{kind}").into(),
            detail: detail.into(),
            target_state: None,
            next_step: next_step.into(),
            blocking: Vec::new(),
            exit,
        }
    }

    /// A command line that is not understood.
    #[must_use]
    pub fn usage(detail: impl Into<String>) -> Self {
        Self::of(Exit::Usage, "usage", detail, "windlass --help")
    }

    /// A person said no.
    #[must_use]
    pub fn declined() -> Self {
        Self::of(Exit::No, "declined", "not done; nothing was changed", "say yes, or use --yes")
    }

    fn blocked_by(mut self, findings: Vec<Finding>) -> Self {
        self.blocking = findings;
        self
    }
}

impl From<&JobProblem> for Failure {
    /// A plan that says no weighs the same whether the desk or the job finds it.
    fn from(problem: &JobProblem) -> Self {
        let exit = if problem.kind == NOT_READY { Exit::Critical } else { Exit::No };
        let detail = match problem.detail.as_str() {
            "" => problem.title.clone(),
            detail => format!("{}: {detail}", problem.title),
        };
        let mut failure =
            Self::of(exit, problem.kind.trim_start_matches(TYPE_PREFIX), detail, problem.next_step.as_str());
        failure.target_state = Some(problem.target_state.clone()).filter(|state| !state.is_empty());
        failure
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let (exit, detail) = (Exit::from(&refused), with_causes(&refused));
        let of = |kind, next: &str| Self::of(exit, kind, detail, next);
        match refused {
            Refused::Busy { .. } => of("busy", "wait for it (--wait 10m), or look at it: windlass status"),
            Refused::NotReady { blocking } => {
                let remedy = blocking.iter().map(|finding| finding.remedy.as_str()).find(|remedy| !remedy.is_empty());
                let next = remedy.unwrap_or("settle what blocks; windlass plan shows all of it").to_owned();
                of(NOT_READY, &next).blocked_by(blocking)
            }
            Refused::NothingRuns => of("nothing-runs", "nothing is to be done; windlass status tells what ran last"),
            Refused::KeyReused => of("idempotency-key-reused", "use a fresh key"),
            Refused::NoJob(_) => of("no-such-job", "windlass status tells the newest jobs"),
            Refused::NoSnapshot(_) => of("no-such-snapshot", "windlass snapshot list tells which there are"),
            Refused::Stopping => of("stopping", "try again"),
            Refused::Catalog(error) => error.into(),
            Refused::Target(error) => error.into(),
            Refused::Archive(error) => error.into(),
            Refused::Store(error) => error.into(),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Auth(error) => error.into(),
            OpenError::Catalog(error) => error.into(),
            OpenError::Target(error) => error.into(),
        }
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        let (exit, detail) = (Exit::from(&error), with_causes(&error));
        let of = |kind, next| Self::of(exit, kind, detail, next);
        match error {
            CatalogError::Name { .. } | CatalogError::Exists { .. } => of("usage", "windlass new --help"),
            CatalogError::Faults(faults) => {
                of("catalog-unusable", "mend what is named; nothing was changed").blocked_by(faults)
            }
            _ => of("catalog-unusable", "look after the folder catalog.path; nothing was changed"),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let (kind, next) = match &error {
            EngineError::Unreachable { .. } | EngineError::Lost { .. } | EngineError::TimedOut(_) => {
                ("target-unreachable", "see that the database is up and target.url is right, then try again")
            }
            EngineError::ReadOnly { .. } => ("target-read-only", "point target.url at the primary, then try again"),
            EngineError::Fenced { .. } => ("busy", "look at the run that took over: windlass status"),
            EngineError::Address { .. } => ("target-unusable", "set target.url, such as sqlite:data/app.db"),
            _ => ("target-unusable", "the words above are the database's own; windlass status tells how it stands"),
        };
        Self::of(Exit::from(&error), kind, with_causes(&error), next)
    }
}

macro_rules! plain_failures {
    ($($error:ty => $exit:ident, $kind:literal, $next:literal;)+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(Exit::$exit, $kind, with_causes(&error), $next)
            }
        }
    )+};
}

plain_failures! {
    ConfigError => Configuration, "configuration", "mend the setting that is named; docs/CONFIGURATION.md has all of them";
    AuthError => Configuration, "keys-unusable", "mend the key that is named (auth.keys)";
    StoreError => Configuration, "store-unusable", "look after the file store.path: its disk, its rights";
    TelemetryError => Configuration, "configuration", "mend the setting log.filter";
    MintError => Usage, "token", "change the flag, or auth.keys and auth.lifetime_max";
    ServeError => Configuration, "cannot-listen", "set server.listen to an address that is free here";
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let text = with_causes(&error);
        let next = "windlass snapshot verify --all tells which are whole";
        Self::of(Exit::from(&Refused::Archive(error)), "snapshots-unusable", text, next)
    }
}

/// An error with everything below it, each told once.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        let words = cause.to_string();
        if !text.contains(&words) {
            let _ = write!(text, ": {words}");
        }
        below = cause.source();
    }
    text
}
