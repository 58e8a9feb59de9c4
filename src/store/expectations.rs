//! What the last run left in a target: what validation compares with.

use sqlx::Row;

use super::{Store, StoreError};
use crate::model::schema::Schema;

impl Store {
    /// Keeps the schema a run left, under the history it left it with.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expect(&self, target: &str, history: &str, schema: &Schema) -> Result<(), StoreError> {
        let layout = serde_json::to_string(schema).map_err(|error| self.shape(&error))?;
        sqlx::query(
            "INSERT INTO expectation (target, history, layout) VALUES ($1, $2, $3) \
             ON CONFLICT (target) DO UPDATE SET history = excluded.history, layout = excluded.layout",
        )
        .bind(target)
        .bind(history)
        .bind(layout)
        .execute(self.pool().await?)
        .await
        .map_err(|error| self.unusable(&error))?;
        Ok(())
    }

    /// The schema the last run left with this history; `None` when none was kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expected(&self, target: &str, history: &str) -> Result<Option<Schema>, StoreError> {
        let row = sqlx::query("SELECT layout FROM expectation WHERE target = $1 AND history = $2")
            .bind(target)
            .bind(history)
            .fetch_optional(self.pool().await?)
            .await
            .map_err(|error| self.unusable(&error))?;
        let Some(row) = row else { return Ok(None) };
        let text: String = row.try_get("layout").map_err(|error| self.shape(&error))?;
        serde_json::from_str(&text).map(Some).map_err(|error| self.shape(&error))
    }
}
