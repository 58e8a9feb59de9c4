//! A command that did not come to its end: what is so, what to do next, and how the process exits.

use std::{error::Error, fmt::Write};

use serde::Serialize;

use super::{exit::Exit, known};
use crate::{
    app::OpenError,
    auth::{AuthError, MintError},
    catalog::CatalogError,
    config::ConfigError,
    engine::EngineError,
    git::GitError,
    jobs::Refused,
    lifecycle::ServeError,
    model::{finding::Finding, job::JobProblem, loss::Loss},
    procedure::BaseError,
    snapshot::ArchiveError,
    store::StoreError,
    telemetry::TelemetryError,
};

/// What every problem's `type` begins with.
pub(super) const TYPE_PREFIX: &str = "urn:windlass:problem:";

/// The kind of problem that a critical finding makes.
const NOT_READY: &str = "not-ready";
/// The kinds of a job's problem that critical findings make.
const OF_FINDINGS: [&str; 2] = [NOT_READY, "schema-differs"];

/// Why a command did not come to its end.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// Stable, to decide by; `docs/PROBLEMS.md` tells of each.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// What happened, with its causes.
    pub detail: Box<str>,
    /// What state the target is in; only when a job worked on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_state: Option<Box<str>>,
    /// What to do next.
    pub next_step: Box<str>,
    /// Who holds the target; only when another run does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Box<str>>,
    /// What blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocking: Vec<Finding>,
    /// What would be lost, counted, with the digest that accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Box<Loss>>,
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
            detail: detail.into().into_boxed_str(),
            target_state: None,
            next_step: next_step.into(),
            holder: None,
            blocking: Vec::new(),
            loss: None,
            exit,
        }
    }

    /// A failure of a kind that every room weighs alike.
    #[must_use]
    pub fn known(kind: &str, detail: impl Into<String>) -> Self {
        let (exit, next) = known::of(kind).map_or((Exit::No, ""), |known| (known.exit, known.next_step));
        Self::of(exit, kind, detail, next)
    }

    /// A command line that is not understood.
    #[must_use]
    pub fn usage(detail: impl Into<String>) -> Self {
        Self::of(Exit::Usage, "usage", detail, "windlass --help")
    }

    /// A server cannot be asked to do it.
    #[must_use]
    pub fn only_here(command: &str) -> Self {
        let detail = format!("{command} works on the target itself; a server cannot be asked to do it");
        Self::of(Exit::Usage, "usage", detail, "run it where the target is, without --server and WINDLASS_SERVER")
    }

    /// A person said no.
    #[must_use]
    pub fn declined() -> Self {
        Self::of(Exit::No, "declined", "not done; nothing was changed", "say yes, or use --yes")
    }

    /// The same with what blocks; the first of it that has a remedy says what to do.
    pub(super) fn blocked_by(mut self, findings: Vec<Finding>) -> Self {
        if self.is(NOT_READY)
            && let Some(first) = findings.iter().find(|finding| !finding.remedy.is_empty())
        {
            self.next_step = first.remedy.as_str().into();
        }
        self.blocking = findings;
        self
    }

    /// The same with another exit code.
    pub(super) fn exits(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same with another way on.
    pub(super) fn next(mut self, next_step: &str) -> Self {
        self.next_step = next_step.into();
        self
    }

    /// The same with who holds the target.
    pub(super) fn held_by(mut self, holder: Option<String>) -> Self {
        self.holder = holder.map(String::into_boxed_str);
        self
    }

    /// The same with what would be lost.
    pub(super) fn losing(mut self, loss: Option<Loss>) -> Self {
        self.loss = loss.map(Box::new);
        self
    }

    /// Whether it is of this kind.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.strip_prefix(TYPE_PREFIX) == Some(kind)
    }
}

impl From<&JobProblem> for Failure {
    /// A plan that says no weighs the same whether the desk or the job finds it.
    fn from(problem: &JobProblem) -> Self {
        let exit = if OF_FINDINGS.contains(&problem.kind.as_str()) { Exit::Critical } else { Exit::No };
        let detail = match problem.detail.as_str() {
            "" => problem.title.clone(),
            detail => format!("{}: {detail}", problem.title),
        };
        let mut failure =
            Self::of(exit, problem.kind.trim_start_matches(TYPE_PREFIX), detail, problem.next_step.as_str());
        failure.target_state = (!problem.target_state.is_empty()).then(|| problem.target_state.as_str().into());
        failure
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let detail = with_causes(&refused);
        match refused {
            Refused::Busy { holder, .. } => Self::known("busy", detail).held_by(Some(holder)),
            Refused::NotReady { blocking } => Self::known(NOT_READY, detail).blocked_by(blocking),
            Refused::PlanMoved { .. } => Self::known("plan-moved", detail),
            Refused::LossNotAccepted { loss, .. } => Self::known("loss-not-accepted", detail).losing(Some(*loss)),
            Refused::NothingRuns => Self::known("nothing-runs", detail),
            Refused::KeyReused => Self::known("idempotency-key-reused", detail),
            Refused::NoJob(_) => Self::known("no-such-job", detail),
            Refused::NoSnapshot(_) => Self::known("no-such-snapshot", detail),
            Refused::Stopping => Self::known("stopping", detail),
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
            OpenError::Archive(error) => error.into(),
            OpenError::Catalog(error) => error.into(),
            OpenError::Target(error) => error.into(),
        }
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        let (exit, detail) = (Exit::from(&error), with_causes(&error));
        match error {
            CatalogError::Name { .. } | CatalogError::Exists { .. } => {
                Self::of(exit, "usage", detail, "windlass new --help")
            }
            CatalogError::Faults(faults) => Self::known("catalog-unusable", detail).exits(exit).blocked_by(faults),
            _ => Self::known("catalog-unusable", detail).exits(exit),
        }
    }
}

impl From<BaseError> for Failure {
    fn from(error: BaseError) -> Self {
        let detail = with_causes(&error);
        match error {
            BaseError::Ours(error) => error.into(),
            BaseError::Git { source: GitError::NoCommonCommit { .. }, .. } => {
                Self::of(Exit::Usage, "usage", detail, "fetch the whole history: git fetch --unshallow")
            }
            BaseError::Git { .. } => {
                Self::of(Exit::Usage, "usage", detail, "name a branch that is fetched here, such as origin/main")
            }
            BaseError::Catalog { .. } | BaseError::Scratch(_) => {
                Self::of(Exit::Configuration, "catalog-unusable", detail, "leave --base out, or mend what is named")
            }
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let (exit, detail) = (Exit::from(&error), with_causes(&error));
        let failure = match &error {
            EngineError::Unreachable { .. } | EngineError::Lost { .. } | EngineError::TimedOut(_) => {
                Self::known("target-unreachable", detail)
            }
            EngineError::ReadOnly { .. } => Self::known("target-read-only", detail),
            EngineError::Fenced { .. } => {
                Self::known("busy", detail).next("look at the run that took over: windlass status")
            }
            EngineError::Blocked { .. } => Self::known("busy", detail).next("try again when what holds it has ended"),
            EngineError::Address { .. } => {
                Self::known("target-unusable", detail).next("set target.url, such as sqlite:data/app.db")
            }
            _ => Self::known("target-unusable", detail),
        };
        failure.exits(exit)
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
    TelemetryError => Configuration, "configuration", "mend the setting that is named";
    MintError => Usage, "token", "change the flag, or auth.keys and auth.lifetime_max";
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let detail = with_causes(&error);
        match error {
            ServeError::Open(error) => error.into(),
            ServeError::Tls(_) => Self::of(Exit::Configuration, "configuration", detail, "mend the file that is named"),
            _ => Self::of(Exit::Configuration, "cannot-listen", detail, LISTEN),
        }
    }
}

/// What to do when nobody can be listened to.
const LISTEN: &str = "set server.listen, or metrics.listen, to an address that is free here";

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::known("store-unusable", with_causes(&error))
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let detail = with_causes(&error);
        Self::known("snapshots-unusable", detail).exits(Exit::from(&Refused::Archive(error)))
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
