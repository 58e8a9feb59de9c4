//! What rehearsals brought, under the digest of what each was made of.

use sqlx::Row;

use super::{Store, StoreError};
use crate::model::rehearsal::KeptRehearsal;

impl Store {
    /// Keeps what a rehearsal brought, in the place of what the same inputs brought before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_rehearsal(&self, target: &str, kept: &KeptRehearsal) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO rehearsal (target, migration, inputs, after, at, rehearsed) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (target, migration, inputs) DO UPDATE \
             SET after = excluded.after, at = excluded.at, rehearsed = excluded.rehearsed",
        )
        .bind(target)
        .bind(&kept.rehearsed.id)
        .bind(&kept.inputs)
        .bind(&kept.after)
        .bind(kept.rehearsed.at)
        .bind(self.json(&kept.rehearsed)?)
        .execute(self.pool().await?)
        .await
        .map_err(|error| self.unusable(&error))?;
        Ok(())
    }

    /// All that was kept of a target.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rehearsals(&self, target: &str) -> Result<Vec<KeptRehearsal>, StoreError> {
        let rows = sqlx::query("SELECT inputs, after, rehearsed FROM rehearsal WHERE target = $1")
            .bind(target)
            .fetch_all(self.pool().await?)
            .await
            .map_err(|error| self.unusable(&error))?;
        let kept = rows.iter().map(|row| {
            let shape = |error: sqlx::Error| self.shape(&error);
            let text: String = row.try_get("rehearsed").map_err(shape)?;
            let rehearsed = serde_json::from_str(&text).map_err(|error| self.shape(&error))?;
            let (inputs, after) = (row.try_get("inputs").map_err(shape)?, row.try_get("after").map_err(shape)?);
            Ok(KeptRehearsal { inputs, after, rehearsed })
        });
        kept.collect()
    }
}
