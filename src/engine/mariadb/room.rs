//! How much room the database takes, and how much is left.

use std::path::PathBuf;

use super::{
    address::Address,
    open::{self, Purpose},
};
use crate::engine::{EngineError, Room, Session, Value};

/// What is free within a file belongs to the file. The server keeps these figures for itself and may be some seconds behind.
const ROOM: &str = "SELECT CAST(COALESCE(SUM(COALESCE(data_length, 0) + COALESCE(index_length, 0) + COALESCE(data_free, 0)), 0) \
    AS SIGNED), @@datadir FROM information_schema.tables WHERE table_schema = ?";

pub(super) async fn of(address: &Address) -> Result<Room, EngineError> {
    let mut session = open::open(address, Purpose::Read).await?;
    let rows = session.query(ROOM, &[Value::from(address.database.as_str())]).await;
    Box::new(session).close().await;
    let rows = rows?;
    let (bytes, place) = match rows.first() {
        Some(row) => (row.int(0)?.unwrap_or_default(), row.text(1)?),
        None => (0, None),
    };
    let place = place.filter(|_| address.is_here()).map(PathBuf::from);
    Ok(Room::at(u64::try_from(bytes).unwrap_or_default(), place.as_deref()))
}
