//! A session that looks for real and only writes down what it would change: a dry run runs the real code against it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use super::{EngineError, Limits, Owner, Row, Server, Session, StatementError, Value};
use crate::model::{schema::Schema, snapshot::TableDigest};

/// What a recorder wrote down, shared with whoever ordered it.
#[derive(Debug, Clone, Default)]
pub struct Recording(Arc<Mutex<Vec<String>>>);

impl Recording {
    fn note(&self, sql: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sql.to_owned());
    }

    /// Takes what was written down since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A session that looks for real and only writes down what it would change.
pub struct Recorder {
    inner: Box<dyn Session>,
    recording: Recording,
}

impl Recorder {
    /// Looks through `inner`, which is best opened for reading only.
    #[must_use]
    pub fn over(inner: Box<dyn Session>) -> (Self, Recording) {
        let recording = Recording::default();
        (Self { inner, recording: recording.clone() }, recording)
    }
}

#[async_trait]
impl Session for Recorder {
    fn connection_id(&self) -> &str {
        self.inner.connection_id()
    }

    fn server(&self) -> &Server {
        self.inner.server()
    }

    async fn set_limits(&mut self, _: Limits) -> Result<(), EngineError> {
        Ok(())
    }

    async fn try_lock(&mut self) -> Result<bool, EngineError> {
        Ok(true)
    }

    async fn is_locked(&mut self) -> Result<bool, EngineError> {
        self.inner.is_locked().await
    }

    async fn lock_owner(&mut self) -> Result<Option<Owner>, EngineError> {
        self.inner.lock_owner().await
    }

    async fn end_lock_owner(&mut self, _: &Owner) -> Result<bool, EngineError> {
        Ok(false)
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    async fn query(&mut self, sql: &str, binds: &[Value]) -> Result<Vec<Row>, EngineError> {
        self.inner.query(sql, binds).await
    }

    async fn every_row(&mut self, columns: &str, table: &str, order: &str) -> Result<Vec<Row>, EngineError> {
        self.inner.every_row(columns, table, order).await
    }

    /// Every write of ours changes one row where its number matters.
    async fn write(&mut self, sql: &str, _: &[Value]) -> Result<u64, EngineError> {
        self.recording.note(sql);
        Ok(1)
    }

    async fn execute(&mut self, sql: &str) -> Result<u64, StatementError> {
        self.recording.note(sql);
        Ok(0)
    }

    async fn transact(
        &mut self,
        statements: &[&str],
        seen: &mut (dyn FnMut(usize) + Send),
    ) -> Result<(), StatementError> {
        self.recording.note("BEGIN");
        for (index, statement) in statements.iter().enumerate() {
            self.recording.note(statement);
            seen(index);
        }
        self.recording.note("COMMIT");
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
