//! What belongs to a database beside its tables, as the statements that make it again.

use crate::engine::{
    EngineError, Row, Session, Value,
    mariadb::{broken::name as quoted, tables::is_ours},
};

/// One view, routine, event or trigger.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Belonging {
    /// `VIEW`, `PROCEDURE`, `FUNCTION`, `PACKAGE`, `PACKAGE BODY`, `EVENT`, `TRIGGER`.
    pub kind: String,
    pub name: String,
    /// The statement that makes it, without the database's name.
    pub sql: String,
    /// What the session must be like meanwhile, since it becomes part of the object.
    pub sql_mode: Option<String>,
    pub time_zone: Option<String>,
    pub collation: String,
}

/// All of them, in the order in which they were found; triggers in the order in which they fire.
#[derive(Clone, Default)]
pub(super) struct Belongings {
    pub objects: Vec<Belonging>,
    pub triggers: Vec<Belonging>,
}

/// Where SHOW CREATE has its words: definition, `sql_mode`, time zone, collation.
type Columns = (usize, Option<usize>, Option<usize>, usize);

const OF_VIEW: Columns = (1, None, None, 3);
const OF_EVENT: Columns = (3, Some(1), Some(2), 5);
const OF_THE_REST: Columns = (2, Some(1), None, 4);

impl Belongings {
    /// Reads them over a session whose database is `database`: SHOW CREATE VIEW then leaves the database's name out.
    ///
    /// # Errors
    /// The server's; [`EngineError::Refused`] when it hides a definition from this account.
    pub async fn gather(session: &mut dyn Session, database: &str) -> Result<Self, EngineError> {
        let mut all = Self::default();
        for (kind, name) in list(session, database).await? {
            if is_ours(&name) {
                continue;
            }
            let found = shown(session, kind.clone(), name).await?;
            if kind == "TRIGGER" { &mut all.triggers } else { &mut all.objects }.push(found);
        }
        Ok(all)
    }

    /// Whether this very thing is among them.
    pub fn has(&self, object: &Belonging) -> bool {
        self.objects.contains(object) || self.triggers.contains(object)
    }
}

/// The kinds and names of everything beside the tables.
///
/// # Errors
/// The server's.
pub(super) async fn list(session: &mut dyn Session, database: &str) -> Result<Vec<(String, String)>, EngineError> {
    let sql = "SELECT 1, routine_type, routine_name, 0 FROM information_schema.routines WHERE routine_schema = ? \
               UNION ALL SELECT 2, 'VIEW', table_name, 0 FROM information_schema.views WHERE table_schema = ? \
               UNION ALL SELECT 3, 'EVENT', event_name, 0 FROM information_schema.events WHERE event_schema = ? \
               UNION ALL SELECT 4, 'TRIGGER', trigger_name, action_order FROM information_schema.triggers \
               WHERE trigger_schema = ? ORDER BY 1, 2, 4, 3";
    let database = Value::from(database);
    let rows = session.query(sql, &[database.clone(), database.clone(), database.clone(), database]).await?;
    let word = |row: &Row, column| row.text(column).map(|text| text.unwrap_or_default().to_owned());
    rows.iter().map(|row| Ok((word(row, 1)?, word(row, 2)?))).collect()
}

async fn shown(session: &mut dyn Session, kind: String, name: String) -> Result<Belonging, EngineError> {
    let rows = session.query(&format!("SHOW CREATE {kind} {}", quoted(&name)), &[]).await?;
    let (definition, sql_mode, time_zone, collation) = match kind.as_str() {
        "VIEW" => OF_VIEW,
        "EVENT" => OF_EVENT,
        _ => OF_THE_REST,
    };
    let hidden = || EngineError::Refused {
        code: "hidden".to_owned(),
        message: format!("the account may not see how {kind} {name} is made; restore with one that may"),
    };
    let row = rows.first().ok_or_else(hidden)?;
    let word = |column: usize| row.text(column).map(|text| text.map(ToOwned::to_owned));
    Ok(Belonging {
        sql: word(definition)?.ok_or_else(hidden)?,
        sql_mode: sql_mode.map_or(Ok(None), word)?,
        time_zone: time_zone.map_or(Ok(None), word)?,
        collation: word(collation)?.unwrap_or_else(|| "utf8mb4_general_ci".to_owned()),
        kind,
        name,
    })
}

impl Belonging {
    /// Makes it in the session's database, which must lack it. The session's settings are to be put back by
    /// [`Usual::put_back`] afterwards.
    ///
    /// # Errors
    /// The server's.
    pub async fn make(&self, session: &mut dyn Session, usual: &Usual) -> Result<(), EngineError> {
        let sql = "SET SESSION sql_mode = ?, time_zone = ?, collation_connection = ?";
        let mode = self.sql_mode.as_ref().unwrap_or(&usual.sql_mode);
        let zone = self.time_zone.as_ref().unwrap_or(&usual.time_zone);
        session.write(sql, &[mode.as_str().into(), zone.as_str().into(), self.collation.as_str().into()]).await?;
        super::run(session, &self.sql).await
    }
}

/// The statement that removes an object from the session's database.
pub(super) fn removal(kind: &str, name: &str) -> String {
    format!("DROP {kind} IF EXISTS {}", quoted(name))
}

/// The settings of the session that making objects changes.
pub(super) struct Usual {
    sql_mode: String,
    time_zone: String,
    collation: String,
}

impl Usual {
    /// Reads them.
    ///
    /// # Errors
    /// The server's.
    pub async fn read(session: &mut dyn Session) -> Result<Self, EngineError> {
        let rows = session.query("SELECT @@sql_mode, @@time_zone, @@collation_connection", &[]).await?;
        let row = rows.first().cloned().unwrap_or(Row(Vec::new()));
        let word = |column| row.text(column).map(|text| text.unwrap_or_default().to_owned());
        Ok(Self { sql_mode: word(0)?, time_zone: word(1)?, collation: word(2)? })
    }

    /// Puts them back.
    ///
    /// # Errors
    /// The server's.
    pub async fn put_back(&self, session: &mut dyn Session) -> Result<(), EngineError> {
        let sql = "SET SESSION sql_mode = ?, time_zone = ?, collation_connection = ?";
        let binds = [&self.sql_mode, &self.time_zone, &self.collation].map(|text| Value::from(text.as_str()));
        session.write(sql, &binds).await.map(|_| ())
    }
}
