//! A windlass service, asked over HTTP: what a command does with `--server`.

mod address;
mod follow;
mod order;
mod problem;
mod token;
mod wire;

use std::path::Path;

use semver::Version;
use serde::Deserialize;
use serde_json::{Value, json};
use ulid::Ulid;

pub(super) use self::follow::Following;
use self::{address::Address, wire::Wire};
use super::failure::Failure;
use crate::model::{
    analytics::Analytics,
    archive::ArchiveStatus,
    job::{Job, JobId},
    order::{Order, StopMode},
    plan::Plan,
    snapshot::{Listed, SnapshotId, SnapshotList},
    status::{LogFilter, LogLine, Status},
};

/// A windlass service, asked as the one whose token it is.
#[derive(Clone)]
pub(super) struct Remote {
    wire: Wire,
}

impl Remote {
    /// The service at `server`, with the token that `token_file` or `WINDLASS_TOKEN` holds. Asks it nothing yet; blocks for
    /// one small file.
    ///
    /// # Errors
    /// An address that is none, or would carry the token in the clear; a token that is missing or not kept well.
    pub fn at(server: &str, token_file: Option<&Path>) -> Result<Self, Failure> {
        let address = Address::of(server)?;
        Ok(Self { wire: Wire::to(address, &token::token(token_file)?)? })
    }

    /// The service, for a person.
    pub fn name(&self) -> String {
        self.wire.address().to_string()
    }

    pub async fn plan(&self, to: Option<&Version>, with_sql: bool) -> Result<Plan, Failure> {
        let mut query = vec![("sql", with_sql.to_string())];
        query.extend(to.map(|to| ("to", to.to_string())));
        self.wire.get(&["plan"], &query).await
    }

    pub async fn status(&self) -> Result<Status, Failure> {
        self.wire.get(&["status"], &[]).await
    }

    pub async fn logs(&self, filter: &LogFilter) -> Result<Vec<LogLine>, Failure> {
        #[derive(Deserialize)]
        struct Page {
            lines: Vec<LogLine>,
        }
        let kind = filter.kind.map(|kind| ("kind", kind.as_str().to_owned()));
        let after = filter.after.map(|after| ("after", after.to_string()));
        let limit = filter.limit.map(|limit| ("limit", limit.to_string()));
        let query: Vec<_> = [kind, after, limit].into_iter().flatten().collect();
        Ok(self.wire.get::<Page>(&["logs"], &query).await?.lines)
    }

    pub async fn analytics(&self) -> Result<Analytics, Failure> {
        self.wire.get(&["analytics"], &[]).await
    }

    pub async fn snapshots(&self) -> Result<SnapshotList, Failure> {
        self.wire.get(&["snapshots"], &[]).await
    }

    pub async fn snapshot(&self, id: SnapshotId) -> Result<Listed, Failure> {
        self.wire.get(&["snapshots", &id.to_string()], &[]).await
    }

    pub async fn archive_status(&self) -> Result<ArchiveStatus, Failure> {
        self.wire.get(&["snapshots", "status"], &[]).await
    }

    pub async fn job(&self, id: JobId) -> Result<Job, Failure> {
        self.wire.get(&["progress"], &[("job", id.to_string())]).await
    }

    /// Gives an order; the same `key` for the same order makes it safe to give it again.
    pub async fn submit(&self, order: &Order, key: &str) -> Result<Job, Failure> {
        let (path, body) = order::request(order)?;
        self.wire.post(&path.iter().map(String::as_str).collect::<Vec<_>>(), &body, key).await
    }

    pub async fn stop(&self, mode: StopMode) -> Result<Job, Failure> {
        let body: Value = json!({ "mode": mode });
        self.wire.post(&["stop"], &body, &Ulid::generate().to_string()).await
    }
}
