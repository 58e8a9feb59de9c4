//! What is beside the tables, on both sides of a swap, kept in the database that the old tables go to: whoever finds a swap
//! that was interrupted makes it again from here.

use super::{
    belongings::{Belonging, Belongings},
    run,
};
use crate::engine::{EngineError, Row, Session, mariadb::broken::name as quoted};

/// The table; no table of an application is called so.
pub(super) const TABLE: &str = "windlass_restore";

/// The two sides of a swap.
const BEFORE: &str = "before";
const WANTED: &str = "wanted";

/// Keeps both sides in the database `kept`, which must be there.
///
/// # Errors
/// The server's.
pub(super) async fn keep(
    session: &mut dyn Session,
    kept: &str,
    before: &Belongings,
    wanted: &Belongings,
) -> Result<(), EngineError> {
    let table = place(kept);
    run(
        session,
        &format!(
            "CREATE TABLE {table} (place INT PRIMARY KEY AUTO_INCREMENT, side VARCHAR(6) NOT NULL, kind VARCHAR(20) NOT NULL, \
             name VARCHAR(64) NOT NULL, made_by LONGTEXT NOT NULL, sql_mode TEXT, time_zone VARCHAR(64), \
             collation_name VARCHAR(64) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
        ),
    )
    .await?;
    let sql = format!(
        "INSERT INTO {table} (side, kind, name, made_by, sql_mode, time_zone, collation_name) VALUES (?, ?, ?, ?, ?, ?, ?)"
    );
    for (side, all) in [(BEFORE, before), (WANTED, wanted)] {
        for one in all.objects.iter().chain(&all.triggers) {
            let Belonging { kind, name, sql: made_by, sql_mode, time_zone, collation } = one.clone();
            let binds = [
                side.into(),
                kind.into(),
                name.into(),
                made_by.into(),
                sql_mode.into(),
                time_zone.into(),
                collation.into(),
            ];
            session.write(&sql, &binds).await?;
        }
    }
    Ok(())
}

/// Both sides: what was before, and what comes.
///
/// # Errors
/// The server's: that the table is not there, when somebody has removed the database.
pub(super) async fn read(session: &mut dyn Session, kept: &str) -> Result<(Belongings, Belongings), EngineError> {
    let sql = format!(
        "SELECT side, kind, name, made_by, sql_mode, time_zone, collation_name FROM {} ORDER BY place",
        place(kept)
    );
    let (mut before, mut wanted) = (Belongings::default(), Belongings::default());
    for row in session.query(&sql, &[]).await? {
        let one = belonging(&row)?;
        let side = if row.text(0)? == Some(BEFORE) { &mut before } else { &mut wanted };
        if one.kind == "TRIGGER" { &mut side.triggers } else { &mut side.objects }.push(one);
    }
    Ok((before, wanted))
}

fn belonging(row: &Row) -> Result<Belonging, EngineError> {
    let word = |column| row.text(column).map(|text| text.map(ToOwned::to_owned));
    let told = |column| word(column).map(Option::unwrap_or_default);
    Ok(Belonging {
        kind: told(1)?,
        name: told(2)?,
        sql: told(3)?,
        sql_mode: word(4)?,
        time_zone: word(5)?,
        collation: told(6)?,
    })
}

fn place(kept: &str) -> String {
    format!("{}.{TABLE}", quoted(kept))
}
