//! x
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
pub(super) async fn count_rows(connection: &mut SqliteConnection) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let _ = connection;
    Ok(BTreeMap::new())
}
