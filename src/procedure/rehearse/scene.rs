//! A scratch copy, on which migrations run as they would on the target: the copy is a target of its own, with its own
//! history, lock and journal.

use std::{path::Path, sync::Arc};

use serde::Deserialize;
use tokio::sync::{OnceCell, mpsc};

use super::{Short, state::State};
use crate::{
    engine::{
        DumpSource, Dumped, Engine, EngineError, Locks, Row, Scratch, Server, Session, Watched,
        bookkeeping::{
            history,
            journal::{self, Planned, Signature},
            lock,
        },
    },
    model::{
        catalog::Catalog,
        history::Applied,
        job::{JobId, JobProblem},
        migration::Direction,
        order::{RollbackGoal, SnapshotPolicy},
        progress::ProgressWriter,
        rehearsal::{LockHeld, RehearsalFrom},
        report::RunReport,
    },
    procedure::{
        Assignment, Ended, Held, JobLog, Target,
        migrate::{self, Ask},
        name_of, problem, rollback,
    },
    snapshot,
};

/// Pieces of a dump that may be on their way at once.
const PIECES_MAX: usize = 4;

/// What a copy is made of.
pub(in crate::procedure) struct Original<'a> {
    pub target: &'a Target,
    /// Beside which database copies are made.
    pub place: Arc<dyn Engine>,
    pub from: RehearsalFrom,
    /// The target's server.
    pub server: Server,
    /// The target's history.
    pub applied: Vec<Applied>,
}

/// A scratch copy.
pub(in crate::procedure) struct Scene {
    /// Nothing between two copies.
    scratch: Option<Box<dyn Scratch>>,
    target: Target,
    session: Option<Box<dyn Session>>,
    locks: Option<Locks>,
    /// What the copy needs in between, and its control store; gone with it.
    _folder: snapshot::Scratch,
}

/// Whether what a run on the copy left is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::procedure) enum Validation {
    Wanted,
    LeftOut,
}

/// What a run on the copy came to.
pub(in crate::procedure) struct Ran {
    pub ended: Ended,
    pub report: RunReport,
}

impl Scene {
    /// Makes a copy, and tells what it holds.
    ///
    /// # Errors
    /// The problem, or that it was stopped; no copy is left.
    pub async fn set(original: &Original<'_>, told: &Assignment) -> Result<(Self, State), Short> {
        let folder = original.target.archive.scratch().await.map_err(|error| problem::archive(&error))?;
        let scratch = original.place.set(folder.path()).await.map_err(|error| problem::no_scratch(&error))?;
        let engine = scratch.engine();
        let made = tokio::select! {
            made = make(original, told, &engine, folder.path()) => made.map_err(Short::from),
            () = told.stop_asked() => Err(Short::Paused),
        };
        let Made { session, locks, dumped } = match made {
            Ok(made) => made,
            Err(short) => {
                removed(scratch, told).await;
                return Err(short);
            }
        };
        let target = original.target.on_scratch(engine, folder.path());
        let mut scene = Self { scratch: Some(scratch), target, session: Some(session), locks, _folder: folder };
        match scene.begins(original, told, dumped).await {
            Ok(state) => Ok((scene, state)),
            Err(problem) => {
                scene.strike(told).await;
                Err(problem.into())
            }
        }
    }

    /// What it holds at its beginning, which must be what was sent.
    async fn begins(
        &mut self,
        original: &Original<'_>,
        told: &Assignment,
        dumped: Option<Dumped>,
    ) -> Result<State, JobProblem> {
        self.carry_history(original, told).await.map_err(|error| problem::no_scratch(&error))?;
        let state = self.state().await.map_err(|error| problem::no_scratch(&error))?;
        let Some(Dumped { fingerprint, tables, .. }) = dumped else { return Ok(state) };
        let schema = (state.schema.fingerprint() != fingerprint).then(|| "the schema".to_owned());
        let tables = tables.into_iter().filter(|(name, then)| state.rows.get(name) != Some(then));
        let found: Vec<String> = schema.into_iter().chain(tables.map(|(name, _)| format!("table {name}"))).collect();
        if found.is_empty() { Ok(state) } else { Err(problem::copy_differs(&found)) }
    }

    /// Removes it. What cannot be removed is told, and removed by the next rehearsal.
    pub async fn strike(mut self, told: &Assignment) {
        self.clear(told).await;
    }

    /// Removes it, and makes another one in its place; tells what that holds.
    ///
    /// # Errors
    /// As [`Scene::set`].
    pub async fn set_anew(&mut self, original: &Original<'_>, told: &Assignment) -> Result<State, Short> {
        self.clear(told).await;
        let (scene, state) = Self::set(original, told).await?;
        *self = scene;
        Ok(state)
    }

    async fn clear(&mut self, told: &Assignment) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
        if let Some(scratch) = self.scratch.take() {
            removed(scratch, told).await;
        }
    }

    /// Which server it is on, as verdicts name it.
    pub fn server_name(&self) -> Option<String> {
        self.session.as_ref().map(|session| name_of(session.server()))
    }

    /// Applies what of `catalog` is pending.
    pub async fn up(&mut self, told: &Assignment, catalog: Catalog, validation: Validation) -> Ran {
        let validate = validation == Validation::Wanted;
        let ask = Ask { validate, snapshot: Some(SnapshotPolicy::Never), only_left: false, ..Ask::WHAT_IS_LEFT };
        self.run(told, catalog, Some(ask)).await
    }

    /// Takes the newest migration back.
    pub async fn down(&mut self, told: &Assignment, catalog: Catalog) -> Ran {
        self.run(told, catalog, None).await
    }

    async fn run(&mut self, told: &Assignment, catalog: Catalog, up: Option<Ask<'_>>) -> Ran {
        let catalog = Arc::new(OnceCell::new_with(Some(Arc::new(catalog))));
        let target = Target { read: Some(catalog), ..self.target.clone() };
        let told = aside(told);
        let session = match self.session().await {
            Ok(session) => session,
            Err(error) => {
                let ended = Ended::badly(problem::untouched(error), None);
                return Ran { ended, report: RunReport::default() };
            }
        };
        let connection = session.connection_id().to_owned();
        let mut held = Held::new(session);
        // Boxed, as either is larger than all around it.
        let ended = if let Some(ask) = up {
            Box::pin(migrate::migrate(&target, &told, &mut held, ask)).await
        } else {
            let ask =
                rollback::Ask { goal: &RollbackGoal::Steps(1), dry_run: false, validate: false, accept_loss: None };
            Box::pin(rollback::rollback(&target, &told, &mut held, ask)).await
        };
        held.say_goodbye().await;
        self.session = held.into_session();
        if self.session.as_ref().is_none_or(|session| session.connection_id() != connection) {
            // A session that took the place of a lost one is not watched.
            self.locks = None;
        }
        let report = ended.result.as_ref().and_then(|result| RunReport::deserialize(result).ok()).unwrap_or_default();
        Ran { ended, report }
    }

    /// Asks on it a question of somebody else's.
    ///
    /// # Errors
    /// The server's.
    pub async fn ask(&mut self, sql: &str) -> Result<Vec<Row>, EngineError> {
        let mut session = self.session().await?;
        let answer = session.query(sql, &[]).await;
        self.session = Some(session);
        answer
    }

    /// Runs on it a statement that belongs to no migration.
    ///
    /// # Errors
    /// The server's.
    pub async fn execute(&mut self, sql: &str) -> Result<(), EngineError> {
        let mut session = self.session().await?;
        let ran = session.execute(sql).await;
        self.session = Some(session);
        ran.map(drop).map_err(|failed| failed.error)
    }

    /// Makes every setting of its session windlass's own again.
    ///
    /// # Errors
    /// The server's.
    pub async fn own_settings(&mut self) -> Result<(), EngineError> {
        let mut session = self.session().await?;
        let mut set = Ok(());
        for setting in session.own_settings() {
            set = set.and(session.execute(&setting).await.map(drop).map_err(|failed| failed.error));
        }
        self.session = Some(session);
        set
    }

    /// What it holds.
    ///
    /// # Errors
    /// The server's.
    pub async fn state(&mut self) -> Result<State, EngineError> {
        let mut session = self.session().await?;
        let seen = State::seen(session.as_mut()).await;
        self.session = Some(session);
        seen
    }

    /// Which making of each of these tables this is; `None` where the server does not tell.
    ///
    /// # Errors
    /// The server's.
    pub async fn generations(&mut self, tables: &[String]) -> Result<Option<Vec<String>>, EngineError> {
        let mut session = self.session().await?;
        let told = self.target.engine.makings(session.as_mut(), tables).await;
        self.session = Some(session);
        told
    }

    /// The locks that were noted since the last call, by their full names; `None` where they are not told.
    pub fn locks(&self) -> Option<Vec<LockHeld>> {
        self.locks.as_ref()?.take()
    }

    /// Whether a run on it was left in the middle.
    ///
    /// # Errors
    /// The server's.
    pub async fn is_unfinished(&mut self) -> Result<bool, EngineError> {
        let mut session = self.session().await?;
        let history = history::read(session.as_mut(), self.target.engine.words()).await;
        self.session = Some(session);
        Ok(history?.unfinished.is_some())
    }

    /// Its session, or another one in the place of a lost one.
    async fn session(&mut self) -> Result<Box<dyn Session>, EngineError> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let mut session = self.target.engine.open().await?;
        session.try_lock().await?;
        Ok(session)
    }

    /// Records in a copy without rows what the target's history says.
    async fn carry_history(&mut self, original: &Original<'_>, told: &Assignment) -> Result<(), EngineError> {
        if original.from != RehearsalFrom::Schema || original.applied.is_empty() {
            return Ok(());
        }
        let told = aside(told);
        let mut held = Held::new(self.session().await?);
        held.begin(&self.target, &told).await?;
        let signature = Signature {
            run: told.job.0,
            backend_version: "0.0.0".to_owned(),
            applied_by: told.applied_by(""),
            epoch: held.epoch,
        };
        let planned: Vec<Planned> = (1..).zip(&original.applied).map(|(seq, row)| planned(seq, row)).collect();
        let words = self.target.engine.words();
        let session = held.session()?;
        journal::plan_run(session, &signature, &planned).await?;
        let mut texts = vec![lock::fence(words, signature.epoch)];
        texts.extend(planned.iter().flat_map(|row| history::record_applied(words, signature.run, row.seq)));
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        session.transact(&texts, &mut |_| ()).await.map_err(|failed| failed.error)?;
        held.say_goodbye().await;
        self.session = held.into_session();
        Ok(())
    }
}

/// A row of the history as something that a run means to do.
fn planned(seq: u32, row: &Applied) -> Planned {
    Planned {
        seq,
        direction: Direction::Up,
        name: row.name.clone().unwrap_or_default(),
        number: row.number,
        version: row.version.to_string(),
        description: row.description.clone(),
        checksum: row.checksum.as_ref().map(ToString::to_string),
        bytes_sha256: row.checksum.as_ref().map(|checksum| checksum.bytes.clone()),
        rollback_available: row.rollback_available,
    }
}

/// Whoever works on a copy tells nobody but the rehearsal; a stop reaches both.
fn aside(told: &Assignment) -> Assignment {
    let (progress, log) = (ProgressWriter::channel().0, JobLog::unread());
    Assignment { job: JobId::fresh(), progress, log, ..told.clone() }
}

/// A copy that was filled.
struct Made {
    session: Box<dyn Session>,
    locks: Option<Locks>,
    /// What was sent.
    dumped: Option<Dumped>,
}

/// Fills the database, and opens the session that works on it.
async fn make(
    original: &Original<'_>,
    told: &Assignment,
    engine: &Arc<dyn Engine>,
    folder: &Path,
) -> Result<Made, JobProblem> {
    let dumped = match original.from {
        RehearsalFrom::History => None,
        _ => fill(original, told, engine.as_ref(), folder).await?,
    };
    let mut session = engine.open().await.map_err(|error| problem::no_scratch(&error))?;
    session.try_lock().await.map_err(|error| problem::no_scratch(&error))?;
    Ok(match engine.probe() {
        Some(probe) => {
            let (session, locks) = Watched::over(session, probe);
            Made { session: Box::new(session), locks: Some(locks), dumped }
        }
        None => Made { session, locks: None, dumped },
    })
}

/// From the target into the copy, over bounded channels.
async fn fill(
    original: &Original<'_>,
    told: &Assignment,
    engine: &dyn Engine,
    folder: &Path,
) -> Result<Option<Dumped>, JobProblem> {
    told.step("copying the target");
    let (sink, mut pieces) = mpsc::channel(PIECES_MAX);
    let (onward, source): (_, DumpSource) = mpsc::channel(PIECES_MAX);
    let live = &original.target.engine;
    let dumping = async {
        match original.from {
            RehearsalFrom::Data => live.dump(folder, sink, None).await.map(Some),
            _ => live.dump_schema(folder, sink).await.map(|()| None),
        }
    };
    let passing = async move {
        while let Some(piece) = pieces.recv().await {
            if onward.send(Ok(piece)).await.is_err() {
                return;
            }
        }
    };
    let (dumped, (), filled) = tokio::join!(dumping, passing, engine.fill(folder, source, &original.server));
    if let (Err(error), Err(_)) = (&dumped, &filled) {
        told.warning(format!("the dump: {error}"));
    }
    filled.map_err(|error| problem::no_scratch(&error))?;
    dumped.map_err(problem::untouched)
}

async fn removed(scratch: Box<dyn Scratch>, told: &Assignment) {
    let place = scratch.engine().address().to_owned();
    if let Err(error) = scratch.remove().await {
        told.warning(format!("the scratch database {place} could not be removed, the next rehearsal does it: {error}"));
    }
}
