//! A session whose locks are noted: behind each statement of a transaction it is asked which ones it holds; or, where a transaction
//! keeps the one lock there is, the time of each; or a statement is tried under one lock after the other.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{EngineError, Limits, Owner, Probe, Questions, Row, Server, Session, StatementError, Trial, Tries, Value};
use crate::model::{rehearsal::LockHeld, schema::Schema, snapshot::TableDigest};

/// What was noted, shared with whoever ordered it.
#[derive(Debug, Clone, Default)]
pub struct Locks(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    held: Vec<LockHeld>,
    /// Something ran in which nobody could look.
    is_blind: bool,
    /// What is called otherwise since, by its name now: its name then.
    renamed: BTreeMap<String, String>,
}

impl Locks {
    /// Takes what was noted since the last call, each by its full name; `None` when something ran that could not be watched.
    #[must_use]
    pub fn take(&self) -> Option<Vec<LockHeld>> {
        let Noted { held, is_blind, .. } = std::mem::take(&mut *self.noted());
        (!is_blind).then_some(held)
    }

    fn noted(&self) -> std::sync::MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held(row: &Row) -> Result<Option<LockHeld>, EngineError> {
    let (mode, object) = (row.text(0)?, row.text(1)?);
    let held_ms = row.int(2)?.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0);
    Ok(mode.zip(object).map(|(mode, object)| LockHeld { object: object.to_owned(), mode: mode.to_owned(), held_ms }))
}

/// A session whose locks are noted.
pub struct Watched {
    inner: Box<dyn Session>,
    probe: Probe,
    locks: Locks,
}

impl Watched {
    /// Over a session of an engine whose probe this is.
    #[must_use]
    pub fn over(inner: Box<dyn Session>, probe: Probe) -> (Self, Locks) {
        let locks = Locks::default();
        (Self { inner, probe, locks: locks.clone() }, locks)
    }

    /// These were under a lock since `begun`.
    fn keep(&self, objects: impl IntoIterator<Item = String>, mode: &str, begun: Instant) {
        let held_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Noted { held, renamed, .. } = &mut *self.locks.noted();
        for object in objects {
            let object = renamed.get(&object).cloned().unwrap_or(object);
            held.push(LockHeld { object, mode: mode.to_owned(), held_ms });
        }
    }

    fn rename(&self, renames: Vec<(String, String)>) {
        let noted = &mut *self.locks.noted();
        for (now, then) in renames {
            let first = noted.renamed.remove(&then).unwrap_or(then);
            noted.renamed.insert(now, first);
        }
    }

    /// Something ran in which nobody could look.
    fn lose_sight(&self) {
        self.locks.noted().is_blind = true;
    }

    /// A statement by itself, under the first lock with which the server does it.
    async fn tried(&mut self, tries: Tries, sql: &str) -> Result<u64, StatementError> {
        let trial = (tries.of)(sql);
        let mut is_known = trial.is_some();
        let Trial { tables, weaker, mode, renames } = trial.unwrap_or_default();
        for (text, mode) in weaker {
            let begun = Instant::now();
            match self.inner.execute(&text).await {
                Ok(rows) => {
                    self.keep(tables, mode, begun);
                    self.rename(renames);
                    return Ok(rows);
                }
                Err(StatementError { error: EngineError::Refused { code, .. }, .. })
                    if tries.too_weak.contains(&code.as_str()) => {}
                // It says so again as it is written, or does not like the word.
                Err(StatementError { error: EngineError::Refused { .. }, .. }) => {
                    is_known = false;
                    break;
                }
                Err(failed) => return Err(failed),
            }
        }
        let begun = Instant::now();
        let rows = self.inner.execute(sql).await?;
        if is_known {
            self.keep(tables, mode, begun);
        } else {
            self.lose_sight();
        }
        self.rename(renames);
        Ok(rows)
    }

    /// A transaction that changes rows.
    async fn of_rows(
        &mut self,
        tries: Tries,
        statements: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), StatementError> {
        let begun = Instant::now();
        self.inner.transact(statements, seen).await?;
        match (tries.written)(statements) {
            Some(tables) => {
                self.keep(tables.iter().cloned(), tries.rows, begun);
                for table in &tables {
                    // What cannot be read is not told; the transaction is committed.
                    let found = self.inner.query(tries.by_row, &[Value::from(table.as_str())]).await;
                    if !found.is_ok_and(|rows| rows.first().is_some_and(|row| row.int(0).is_ok_and(|n| n == Some(1)))) {
                        self.lose_sight();
                    }
                }
            }
            None => self.lose_sight(),
        }
        Ok(())
    }

    /// A transaction that is asked behind each of its statements.
    async fn asked(
        &mut self,
        questions: Questions,
        statements: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), StatementError> {
        self.inner.execute(questions.begin).await?;
        let texts: Vec<&str> = statements.iter().flat_map(|statement| [*statement, questions.look]).collect();
        let mut seen_of_theirs = |index: usize| {
            if index.is_multiple_of(2) {
                seen(index / 2);
            }
        };
        let outcome = self.inner.transact(&texts, &mut seen_of_theirs).await;
        outcome.map_err(|failed| StatementError { index: failed.index / 2, ..failed })?;
        // What cannot be read is not told; the transaction is committed.
        let noted = async {
            let rows = self.inner.query(questions.read, &[]).await?;
            rows.iter().map(held).collect::<Result<Vec<_>, EngineError>>()
        };
        match noted.await {
            Ok(held) => self.locks.noted().held.extend(held.into_iter().flatten()),
            Err(_) => self.lose_sight(),
        }
        let _ = self.inner.execute(questions.forget).await;
        Ok(())
    }
}

#[async_trait]
impl Session for Watched {
    fn connection_id(&self) -> &str {
        self.inner.connection_id()
    }

    fn server(&self) -> &Server {
        self.inner.server()
    }

    async fn set_limits(&mut self, limits: Limits) -> Result<(), EngineError> {
        self.inner.set_limits(limits).await
    }

    fn own_settings(&self) -> Vec<String> {
        self.inner.own_settings()
    }

    async fn try_lock(&mut self) -> Result<bool, EngineError> {
        self.inner.try_lock().await
    }

    async fn is_locked(&mut self) -> Result<bool, EngineError> {
        self.inner.is_locked().await
    }

    async fn lock_owner(&mut self) -> Result<Option<Owner>, EngineError> {
        self.inner.lock_owner().await
    }

    async fn end_lock_owner(&mut self, owner: &Owner) -> Result<bool, EngineError> {
        self.inner.end_lock_owner(owner).await
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        self.inner.unlock().await
    }

    async fn query(&mut self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, EngineError> {
        self.inner.query(sql, binds).await
    }

    async fn every_row(&mut self, columns: &str, table: &str, order: &str) -> Result<Vec<Row>, EngineError> {
        self.inner.every_row(columns, table, order).await
    }

    async fn write(&mut self, sql: &str, binds: &[Value]) -> Result<u64, EngineError> {
        self.inner.write(sql, binds).await
    }

    /// Nobody can look into a statement by itself: its locks are gone with it. It can only be tried under others.
    async fn execute(&mut self, sql: &str) -> Result<u64, StatementError> {
        match self.probe {
            Probe::Tried(tries) => self.tried(tries, sql).await,
            Probe::Asked(_) | Probe::OfTheWhole(_) => {
                self.lose_sight();
                self.inner.execute(sql).await
            }
        }
    }

    async fn transact(
        &mut self,
        statements: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), StatementError> {
        match self.probe {
            Probe::Asked(questions) => self.asked(questions, statements, seen).await,
            Probe::Tried(tries) => self.of_rows(tries, statements, seen).await,
            Probe::OfTheWhole(mode) => {
                let begun = Instant::now();
                self.inner.transact(statements, seen).await?;
                self.keep([LockHeld::WHOLE.to_owned()], mode, begun);
                Ok(())
            }
        }
    }

    async fn batch(&mut self, statements: &[&str]) -> Result<(), StatementError> {
        let begun = Instant::now();
        self.inner.batch(statements).await?;
        match self.probe {
            Probe::Asked(_) | Probe::Tried(_) => self.lose_sight(),
            Probe::OfTheWhole(mode) => self.keep([LockHeld::WHOLE.to_owned()], mode, begun),
        }
        Ok(())
    }

    async fn schema(&mut self, names: Option<&[String]>) -> Result<Schema, EngineError> {
        self.inner.schema(names).await
    }

    async fn glance(&mut self, tables: &[String]) -> Result<Option<String>, EngineError> {
        self.inner.glance(tables).await
    }

    async fn generation(&mut self, names: &[String]) -> Result<Option<String>, EngineError> {
        self.inner.generation(names).await
    }

    async fn digests(&mut self) -> Result<BTreeMap<String, TableDigest>, EngineError> {
        self.inner.digests().await
    }

    async fn count_rows(&mut self) -> Result<BTreeMap<String, u64>, EngineError> {
        self.inner.count_rows().await
    }

    async fn broken_references(&mut self, limit: usize) -> Result<Vec<String>, EngineError> {
        self.inner.broken_references(limit).await
    }

    async fn close(self: Box<Self>) {
        self.inner.close().await;
    }
}
