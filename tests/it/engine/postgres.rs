//! PostgreSQL by itself, against a server of its own.

mod fingerprint;
mod lock;
mod opening;
mod our_tables;
mod pooler;
mod restore;
mod rows;
mod told;
mod transact;

use std::sync::Arc;

use windlass::engine::{Engine, EngineError, Session, StatementError, Value};

use crate::harness::database::{Database, On, fresh};

/// A database of its own, and the engine pointed at it.
struct Target {
    _database: Database,
    url: String,
    engine: Arc<dyn Engine>,
}

impl Target {
    async fn empty() -> Self {
        let database = fresh(On::Postgres).await;
        let url = database.url.clone();
        Self { engine: at(&url), url, _database: database }
    }

    async fn session(&self) -> Box<dyn Session> {
        self.engine.open().await.expect("a session")
    }
}

fn at(url: &str) -> Arc<dyn Engine> {
    windlass::engine::at(&url.to_owned().into()).expect("an engine")
}

/// Runs statements as one migration.
async fn migrate(session: &mut Box<dyn Session>, statements: &[&str]) -> Result<Vec<usize>, StatementError> {
    let mut seen = Vec::new();
    session.transact(statements, &mut |index| seen.push(index)).await?;
    Ok(seen)
}

/// The one integer that a query gives.
async fn number(session: &mut Box<dyn Session>, sql: &str) -> i64 {
    let rows = session.query(sql, &[]).await.expect("an answer");
    rows[0].int(0).expect("an integer").expect("not NULL")
}

async fn is_refused_with(session: &mut Box<dyn Session>, statements: &[&str], index: usize, expected: &str) -> String {
    let failure = migrate(session, statements).await.expect_err("it is refused");
    assert_eq!((failure.index, failure.committed), (index, Some(false)), "{failure}");
    match failure.error {
        EngineError::Refused { code, message } => {
            assert_eq!(code, expected, "{message}");
            message
        }
        other => panic!("{other}"),
    }
}
