//! Answers questions; never writes to the target.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use semver::Version;

use super::{
    Refused, admission, runner,
    slot::Slot,
    turn::{Held, LockWatch},
};
use crate::{
    engine::{Limits, Session},
    model::{
        analytics::Analytics,
        archive::{ArchiveStatus, Brief, LastVerified},
        audit::{AuditHead, AuditReport},
        catalog::Catalog,
        compatibility::{Compatibility, Matrix},
        finding::Finding,
        history::History,
        job::{Job, JobId, JobKind},
        plan::Plan,
        report::RunReport,
        schema::Schema,
        snapshot::{Listed, Marks, SnapshotId, SnapshotList, VerifiedMark},
        status::{Holder, LogFilter, LogLine, Status},
    },
    plan::{self, DriftCount, Facts},
    procedure::{self, BaseError, Taker, Target, keys, looked_at, read_history, rehearsed, trust, with_prints},
    snapshot::{ArchiveError, Listing, Unusable},
};

/// Jobs whose times a plan looks at.
const TIMED_JOBS: u32 = 50;
/// Jobs that analytics are made of.
const ANALYSED_JOBS: u32 = 1_000;
/// Jobs that a status shows.
const RECENT_JOBS: u32 = 10;

/// How long a status waits for the schema.
const GLANCE_MS_MAX: u64 = 1_000;

/// Answers questions. Cheap to clone.
#[derive(Clone)]
pub struct Enquiry {
    target: Target,
    slot: Slot,
    /// What was last found by somebody who asked here.
    drift: Arc<ArcSwapOption<(DateTime<Utc>, DriftCount)>>,
}

impl Enquiry {
    /// For one target.
    #[must_use]
    pub fn new(target: Target, slot: Slot) -> Self {
        Self { target, slot, drift: Arc::default() }
    }

    /// The same enquiry for the same target under other settings.
    #[must_use]
    pub fn over(&self, target: Target) -> Self {
        Self { target, ..self.clone() }
    }

    /// What a run to `to` (`None`: the required version) would do, with the SQL when asked.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn plan(&self, to: Option<&Version>, with_sql: bool) -> Result<Plan, Refused> {
        let catalog = self.target.catalog().await?;
        let mut session = self.target.engine.open_to_read().await?;
        let history = read_history(session.as_mut(), self.target.engine.words()).await?;
        let history = looked_at(&self.target, session.as_mut(), &catalog, history).await?;
        let history = with_prints(session.as_mut(), &catalog, history).await?;
        let schema = session.schema(None).await?;
        let needs = self.target.needs(&catalog);
        let facts = Facts::of(self.target.site(), &catalog, &history, &needs);
        let keys = keys(&self.target, session.as_mut(), &facts).await?;
        let trust = trust(&self.target, session.as_mut(), &facts).await?;
        let server = session.server().clone();
        let going = plan::forward(&facts, to, false);
        let scripts = procedure::scripts_up(&going, &catalog);
        let loss = procedure::loss(&self.target, session.as_mut(), Taker::Scripts(&scripts)).await;
        let is_locked = session.is_locked().await?;
        session.close().await;
        let durations = self.durations().await?;
        let rehearsed = rehearsed(&self.target, &facts, &schema.fingerprint(), &server).await?;
        let digest = plan::digest(&facts, &schema, &self.target.config.digest(), to);
        let facts = facts.sized(&schema).on(&server).timed(&durations).keyed(&keys).trusting(&trust);
        let facts = facts.rehearsed_if(Some(&rehearsed));
        let plan = Plan { digest: Some(digest), ..plan::forward(&facts, to, with_sql) };
        let plan = plan.and(self.drifted(&history, &schema, is_locked).await?);
        Ok(match loss {
            Ok(loss) => Plan { loss: Some(loss), ..plan },
            Err(error) => plan.and(vec![plan::not_counted(&self.target.name, &error.to_string())]),
        })
    }

    /// What the target has become, for a status, which waits for nobody: what is locked is looked at another time.
    async fn drift_at_a_glance(&self, session: &mut dyn Session, history: &History) -> Result<Vec<Finding>, Refused> {
        let limits = Limits { lock_timeout_ms: Some(GLANCE_MS_MAX), statement_timeout_ms: Some(GLANCE_MS_MAX) };
        session.set_limits(limits).await?;
        match session.schema(None).await {
            Ok(schema) => self.drifted(history, &schema, false).await,
            Err(error) => {
                let message = format!("the schema could not be looked at now: {error}");
                let finding = Finding::info("drift-not-compared", self.target.name.to_string(), message);
                Ok(vec![finding.remedy("ask again: windlass status")])
            }
        }
    }

    /// What the target has become since the last run left it; nothing while a run is at work on it.
    async fn drifted(&self, history: &History, schema: &Schema, is_locked: bool) -> Result<Vec<Finding>, Refused> {
        if is_locked {
            return Ok(Vec::new());
        }
        let Some(found) = procedure::drifted(&self.target, history, schema).await? else { return Ok(Vec::new()) };
        self.drift.store(Some(Arc::new((self.target.clock.now(), DriftCount::of(&found)))));
        Ok(found)
    }

    /// What a plan or a status of this process last found the target to have become, and when. Asks nobody.
    #[must_use]
    pub fn drift_seen(&self) -> Option<(DateTime<Utc>, DriftCount)> {
        self.drift.load().as_deref().copied()
    }

    /// What merging the catalog at hand into the Git branch `base` would bring. Runs `git`.
    ///
    /// # Errors
    /// [`BaseError`].
    pub async fn against_base(&self, base: &str) -> Result<Vec<Finding>, BaseError> {
        procedure::against_base(&self.target, base).await
    }

    /// How long each migration took when it last ran here, in milliseconds, by identity. Empty while no run was kept.
    async fn durations(&self) -> Result<BTreeMap<String, u64>, Refused> {
        let jobs = self.recent(TIMED_JOBS).await?;
        let reports = jobs.into_iter().rev().filter(|job| job.kind == JobKind::Migrate);
        let runs = reports.filter_map(|job| serde_json::from_value::<RunReport>(job.result?).ok());
        let done = runs.filter(|run| !run.dry_run).flat_map(|run| run.migrations).filter(|result| result.success);
        Ok(done.map(|result| (result.id, result.execution_time_ms)).collect())
    }

    /// Whether application and database can work together now.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn compatibility(&self) -> Result<Compatibility, Refused> {
        let catalog = self.target.catalog().await?;
        self.compatibility_with(&catalog).await
    }

    /// The same, and whether the application could work with each version of the catalog.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn matrix(&self) -> Result<Matrix, Refused> {
        let catalog = self.target.catalog().await?;
        let compatibility = self.compatibility_with(&catalog).await?;
        Ok(Matrix { compatibility, versions: Some(plan::matrix(&catalog, &self.target.needs(&catalog))) })
    }

    async fn compatibility_with(&self, catalog: &Catalog) -> Result<Compatibility, Refused> {
        let mut session = self.target.engine.open_to_read().await?;
        let history = read_history(session.as_mut(), self.target.engine.words()).await?;
        session.close().await;
        let needs = self.target.needs(catalog);
        Ok(plan::compatibility(&Facts::of(self.target.site(), catalog, &history, &needs)))
    }

    /// The whole picture.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn status(&self) -> Result<Status, Refused> {
        let catalog = self.target.catalog().await?;
        let mut session = self.target.engine.open_to_read().await?;
        let history = read_history(session.as_mut(), self.target.engine.words()).await?;
        let history = looked_at(&self.target, session.as_mut(), &catalog, history).await?;
        let lock = match Held::seen(&self.target, session.as_mut()).await? {
            Held::By(holder) => Some(*holder),
            Held::Untold(session) => Some(Holder::untold(session, self.only_open_job().await?)),
            Held::Free => None,
        };
        let server = session.server().clone();
        let drift = match lock {
            Some(_) => Vec::new(),
            None => self.drift_at_a_glance(session.as_mut(), &history).await?,
        };
        session.close().await;
        let needs = self.target.needs(&catalog);
        let facts = Facts::of(self.target.site(), &catalog, &history, &needs);
        let compatibility = plan::compatibility(&facts);
        let pending = facts.pending().map(|migration| migration.identity.to_string()).collect();
        let running = self.running();
        if running.is_none() {
            runner::save_ends(&self.target, &self.slot).await;
            // A job whose process died after its last commit: whoever comes next has nothing to do, and takes no stock.
            admission::take_stock(&self.target).await?;
        }
        let mut recent = self.recent(RECENT_JOBS).await?;
        recent.retain(|job| Some(job.id) != running.as_ref().map(|job| job.id));
        Ok(Status {
            target: self.target.name.to_string(),
            server: format!("{} {}", server.product, server.version),
            compatibility,
            pending,
            unfinished: history.unfinished,
            drift,
            applied: history.applied,
            lock,
            running,
            recent,
            snapshots: self.snapshots().await?.snapshots,
            audit: if self.target.store.is_there() { self.target.store.audit_head().await? } else { None },
        })
    }

    /// What past jobs tell.
    ///
    /// # Errors
    /// [`Refused::Store`].
    pub async fn analytics(&self) -> Result<Analytics, Refused> {
        Ok(plan::analytics(&self.recent(ANALYSED_JOBS).await?))
    }

    /// A look at the lock, for whoever waits for it.
    #[must_use]
    pub fn watch_lock(&self) -> LockWatch {
        LockWatch::of(&self.target)
    }

    /// The newest jobs; none while there is no store.
    async fn recent(&self, limit: u32) -> Result<Vec<Job>, Refused> {
        if !self.target.store.is_there() {
            return Ok(Vec::new());
        }
        Ok(self.target.store.newest_jobs(&self.target.name, limit).await?)
    }

    /// The job of this target that is open in our own database, whichever process has it; `None` unless it is the only one.
    async fn only_open_job(&self) -> Result<Option<String>, Refused> {
        if !self.target.store.is_there() {
            return Ok(None);
        }
        let open = self.target.store.open_jobs(&self.target.name, 2).await?;
        Ok(if let [only] = open.as_slice() { Some(only.id.to_string()) } else { None })
    }

    /// The job of this process that is at work, from memory.
    #[must_use]
    pub fn running(&self) -> Option<Job> {
        let job = self.slot.at_work()?.job(self.target.clock.now());
        (!job.state.is_final()).then_some(job)
    }

    /// Lines of the log, oldest first.
    ///
    /// # Errors
    /// [`Refused::Store`].
    pub async fn logs(&self, filter: &LogFilter) -> Result<Vec<LogLine>, Refused> {
        Ok(self.target.store.lines(filter).await?)
    }

    /// One job, with its live progress.
    ///
    /// # Errors
    /// [`Refused::NoJob`].
    pub async fn job(&self, id: JobId) -> Result<Job, Refused> {
        match self.slot.at_work().map(|at_work| at_work.job(self.target.clock.now())).filter(|job| job.id == id) {
            Some(job) => Ok(job),
            None => match self.slot.kept_as(id) {
                Some(job) => Ok(job),
                None => self.target.store.job(id).await?.ok_or(Refused::NoJob(id)),
            },
        }
    }

    /// Looks at the whole audit trail again; see [`crate::store::Store::verify_audit`].
    ///
    /// # Errors
    /// [`Refused::Store`].
    pub async fn verify_audit(&self, known: Option<&AuditHead>) -> Result<AuditReport, Refused> {
        Ok(self.target.store.verify_audit(known).await?)
    }

    /// The job that is at work, else the newest one; `None` when there never was one.
    ///
    /// # Errors
    /// [`Refused::Store`].
    pub async fn latest_job(&self) -> Result<Option<Job>, Refused> {
        match self.running() {
            Some(job) => Ok(Some(job)),
            None => Ok(self.recent(1).await?.pop()),
        }
    }

    /// The snapshots, newest first, and what is there beside them that cannot be used.
    ///
    /// # Errors
    /// [`Refused::Archive`].
    pub async fn snapshots(&self) -> Result<SnapshotList, Refused> {
        let Listing { snapshots, unusable } = self.target.archive.list().await?;
        for Unusable { id, error } in &unusable {
            tracing::error!(%error, snapshot.id = %id, "snapshot {id} cannot be listed as it should be");
        }
        Ok(SnapshotList { snapshots, findings: unusable.iter().map(Unusable::finding).collect() })
    }

    /// One snapshot.
    ///
    /// # Errors
    /// [`Refused::NoSnapshot`].
    pub async fn snapshot(&self, id: SnapshotId) -> Result<Listed, Refused> {
        let manifest = match self.target.archive.find(id).await {
            Err(ArchiveError::Missing(id)) => return Err(Refused::NoSnapshot(id)),
            other => other?,
        };
        let marks = self.target.archive.marks(id).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a snapshot cannot be shown as it should be");
            Marks::default()
        });
        Ok(Listed { manifest, marks })
    }

    /// How the archive stands.
    ///
    /// # Errors
    /// [`Refused::Archive`].
    pub async fn archive_status(&self) -> Result<ArchiveStatus, Refused> {
        let listing = self.target.archive.list().await?;
        let (listed, now) = (&listing.snapshots, self.target.clock.now());
        let settings = &self.target.config.snapshots;
        let age = |at: DateTime<Utc>| u64::try_from((now - at).num_milliseconds()).unwrap_or(0);
        let brief = |Listed { manifest, .. }: &Listed| Brief {
            id: manifest.id,
            created_at: manifest.created_at,
            age_ms: age(manifest.created_at),
            db_version: manifest.db_version.clone(),
        };
        let seen = |listed: &Listed| Some((listed.manifest.id, listed.marks.verified.clone()?));
        let whole = listed.iter().filter_map(seen).filter(|(_, mark)| mark.is_whole()).max_by_key(|(_, mark)| mark.at);
        let damaged = listed.iter().filter_map(seen).filter(|(_, mark)| !mark.is_whole());
        let damaged = damaged.map(|(id, mark)| format!("snapshot {id}: {}", mark.result));
        Ok(ArchiveStatus {
            place: self.target.archive.place(),
            encryption: settings.encryption,
            count: listed.len(),
            bytes: listed.iter().map(|listed| listed.manifest.stored_bytes()).sum(),
            newest: listed.first().map(brief),
            last_good: plan::last_good(listed).map(brief),
            last_verified: whole.map(|(id, VerifiedMark { at, deep, restore_ms, .. })| LastVerified {
                id,
                at,
                age_ms: age(at),
                deep,
                restore_ms,
            }),
            next_snapshot_at: plan::next_snapshot(listed, settings.every, now),
            next_verification_at: plan::next_verification(listed, settings.verify_every, now).map(|(_, at)| at),
            problems: listing
                .unusable
                .iter()
                .map(|unusable| format!("snapshot {}: {}", unusable.id, unusable.error))
                .chain(damaged)
                .collect(),
        })
    }
}
