//! `windlass_archive`: the way back of what was applied, for a release that does not have it.

use std::collections::BTreeMap;

use super::lock;
use crate::engine::{EngineError, Session, Value};

/// Rows that one INSERT carries at most.
const ROWS_AT_ONCE_MAX: usize = 50;
/// How many bytes one INSERT carries at most, unless one row alone is larger: far below what a server takes as one packet
/// (MariaDB manual, `max_allowed_packet`: 16 MiB).
const BYTES_AT_ONCE_MAX: usize = 1024 * 1024;
/// The largest way back that is kept, in bytes.
pub const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Keeps what a run is about to apply, by the names of the migrations, and lets go of what is no longer applied. Fenced.
///
/// # Errors
/// [`EngineError::Fenced`]; the server's.
pub async fn keep(session: &mut dyn Session, epoch: i64, kept: &[(String, String)]) -> Result<(), EngineError> {
    let sql = format!(
        "DELETE FROM windlass_archive WHERE name NOT IN (SELECT name FROM migration_history WHERE name IS NOT NULL) AND {}",
        lock::is_ours(epoch)
    );
    session.write(&sql, &[]).await?;
    let mut rest = kept;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(fitting(rest));
        rest = later;
        let marks = vec![format!("(?, ?, {})", lock::ours_or_nothing(epoch)); now.len()].join(", ");
        let sql = format!("INSERT INTO windlass_archive (name, content, epoch) VALUES {marks}");
        let binds: Vec<Value> =
            now.iter().flat_map(|(name, content)| [name.clone().into(), content.clone().into()]).collect();
        if let Err(error) = session.write(&sql, &binds).await {
            return Err(lock::or_fenced(session, epoch, error).await);
        }
    }
    Ok(())
}

/// How many of the first rows go into one INSERT; at least one.
fn fitting(rows: &[(String, String)]) -> usize {
    let mut bytes = 0;
    let fits = |(_, content): &&(String, String)| {
        bytes += content.len();
        bytes <= BYTES_AT_ONCE_MAX
    };
    rows.iter().take(ROWS_AT_ONCE_MAX).take_while(fits).count().max(1)
}

/// What was kept of these migrations, by their names.
///
/// # Errors
/// The server's.
pub async fn kept(session: &mut dyn Session, names: &[String]) -> Result<BTreeMap<String, String>, EngineError> {
    let mut found = BTreeMap::new();
    for names in names.chunks(ROWS_AT_ONCE_MAX) {
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!("SELECT name, content FROM windlass_archive WHERE name IN ({marks})");
        let binds: Vec<Value> = names.iter().map(|name| name.clone().into()).collect();
        for row in session.query(&sql, &binds).await? {
            let text = |column| Ok::<_, EngineError>(row.text(column)?.unwrap_or_default().to_owned());
            found.insert(text(0)?, text(1)?);
        }
    }
    Ok(found)
}
