//! How much room the database takes, and how much is left.

use std::path::Path;

use super::{
    address::Address,
    connect::{self, Purpose},
};
use crate::engine::{EngineError, Room, Session};

/// Its size, and the folder of its tablespace: that of the server unless it has one of its own. Where the server's folder is
/// is told to superusers and members of `pg_read_all_settings` alone; to others that row is not there (PostgreSQL manual,
/// "Predefined Roles", `pg_settings`).
const ROOM: &str = "SELECT pg_database_size(d.oid), coalesce(nullif(pg_tablespace_location(d.dattablespace), ''), \
     (SELECT s.setting FROM pg_settings s WHERE s.name = 'data_directory')) \
     FROM pg_database d WHERE d.datname = current_database()";

pub(super) async fn of(address: &Address) -> Result<Room, EngineError> {
    let mut session = connect::open(address, Purpose::Look).await?;
    let rows = session.query(ROOM, &[]).await;
    Box::new(session).close().await;
    let rows = rows?;
    let (bytes, place) = match rows.first() {
        Some(row) => (row.int(0)?.unwrap_or_default(), row.text(1)?),
        None => (0, None),
    };
    let place = place.filter(|_| address.is_here()).map(Path::new);
    Ok(Room::at(u64::try_from(bytes).unwrap_or_default(), place))
}
