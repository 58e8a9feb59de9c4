//! Batches wait while the database has enough to do.

use std::time::Duration;

use super::batches::Batches;
use crate::{engine::EngineError, procedure::apply::Failed};

/// How often the health query is asked again.
const HEALTH_MS: u64 = 500;

impl Batches<'_> {
    /// Waits while the health query answers more than it should.
    pub(super) async fn wait_for_health(&mut self) -> Result<(), Failed> {
        let settings = &self.target.config.backfill;
        let Some(query) = &settings.health_query else { return Ok(()) };
        let query = query.trim().trim_end_matches(';');
        let sql = format!("SELECT CASE WHEN ({query}) > {} THEN 1 ELSE 0 END", settings.health_max);
        while !self.told.is_stopping() {
            let answer = match self.held.session() {
                Ok(session) => session.query(&sql, &[]).await,
                Err(lost) => Err(lost),
            };
            let is_high = answer.and_then(|rows| rows.first().map_or(Ok(None), |row| row.int(0)));
            match is_high {
                Ok(Some(1)) => {}
                // A connection that is gone is found, and replaced, by the batch.
                Ok(_) | Err(EngineError::Lost { .. }) => break,
                Err(error) => {
                    let statement = Some(("backfill.health_query".to_owned(), query.to_owned()));
                    return Err(Failed { statement, ..self.failed(error) });
                }
            }
            let waits = format!("backfill.health_query to answer {} or less", settings.health_max);
            self.told.progress.update(|progress| progress.waiting_for = Some(waits));
            self.told.rest(Duration::from_millis(HEALTH_MS)).await;
        }
        self.told.progress.update(|progress| progress.waiting_for = None);
        Ok(())
    }
}
