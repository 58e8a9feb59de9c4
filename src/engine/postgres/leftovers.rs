//! What a restore whose process died has left beside the database: its copy, or what the copy took the place of.

use sqlx::Connection;

use super::{address::Address, beside, connect::bounded, refusal, swap};
use crate::engine::{EngineError, Session};

/// Every database beside some other; one message, with nothing to prepare.
const BESIDE: &str = r"SELECT d.datname::text FROM pg_database d WHERE d.datname LIKE '%\_\_windlass\_%'";

/// Drops them, over a connection of its own. Under the lock: whoever still fills one has lost it, and nothing to restore for.
/// What cannot be dropped is told of in the log, and tried again by the next run.
///
/// # Errors
/// The server's, when it cannot be asked.
pub(super) async fn drop_all(address: &Address, session: &mut dyn Session) -> Result<(), EngineError> {
    if ablated!("sweep") {
        return Ok(());
    }
    let rows = session.query(BESIDE, &[]).await?;
    let names = rows.iter().filter_map(|row| row.text(0).ok().flatten());
    let left: Vec<&str> =
        names.filter(|name| beside::is_from(&[beside::RESTORE, beside::OLD], &address.database, name)).collect();
    if left.is_empty() {
        return Ok(());
    }
    let mut maintenance = match swap::maintenance(address).await {
        Ok(maintenance) => maintenance,
        Err(error) => {
            tracing::warn!(%error, "{left:?} are left by a restore that was interrupted; the next run drops them");
            return Ok(());
        }
    };
    for name in left {
        match swap::drop_database(&mut maintenance, name).await {
            Ok(()) => tracing::info!(database = name, "{name}, left by a restore that was interrupted, is dropped"),
            Err(error) => tracing::warn!(database = name, %error, "{name} is left over; the next run drops it"),
        }
    }
    let _ = bounded(async { maintenance.close().await.map_err(|error| refusal::of(&error)) }).await;
    Ok(())
}
