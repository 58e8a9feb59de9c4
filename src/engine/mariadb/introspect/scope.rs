//! Which tables and objects a look is about.

use crate::engine::{EngineError, Row, Value, mariadb::session::MariaSession};

/// How long one look may take; it waits for tables that others open or change.
const LOOK_S_MAX: u64 = 600;

/// Up to so many names are looked up one by one: MariaDB reads only the table that an equality names, and all of them for
/// an IN (MariaDB manual, "Optimizing for Information Schema Tables").
const ONE_BY_ONE_MAX: usize = 16;

/// The database, and the names in it when not all are meant.
pub(super) struct Scope<'a> {
    pub database: &'a str,
    pub names: Option<&'a [String]>,
}

impl Scope<'_> {
    /// Asks `select` (up to and without WHERE) of the rows whose `schema` column is this database and whose `name` column
    /// is in scope, in the order of their first three columns.
    ///
    /// # Errors
    /// The server's.
    pub async fn ask(
        &self,
        session: &mut MariaSession,
        select: &str,
        schema: &str,
        name: &str,
    ) -> Result<Vec<Row>, EngineError> {
        let everything = format!("{select} WHERE {schema} = ?");
        let database = Value::from(self.database);
        let (sql, binds) = match self.names {
            None => (everything, vec![database]),
            Some([]) => return Ok(Vec::new()),
            Some(names) => {
                let names: Vec<Value> = padded(names).into_iter().map(Value::from).collect();
                if names.len() <= ONE_BY_ONE_MAX {
                    let one = format!("{everything} AND {name} = ?");
                    let binds = names.iter().flat_map(|name| [database.clone(), name.clone()]);
                    (vec![one.as_str(); names.len()].join(" UNION ALL "), binds.collect())
                } else {
                    let marks = vec!["?"; names.len()].join(", ");
                    (format!("{everything} AND {name} IN ({marks})"), std::iter::once(database).chain(names).collect())
                }
            }
        };
        session.rows(&format!("{sql} ORDER BY 1, 2, 3"), &binds, LOOK_S_MAX).await
    }

    /// Asks for one definition that only SHOW gives.
    ///
    /// # Errors
    /// The server's.
    pub async fn show(&self, session: &mut MariaSession, sql: &str) -> Result<Vec<Row>, EngineError> {
        session.rows(sql, &[], LOOK_S_MAX).await
    }
}

/// The names, each once, and empty ones (which nothing is called) up to a power of two: few different texts to prepare.
pub(super) fn padded(names: &[String]) -> Vec<&str> {
    let mut each: Vec<&str> = names.iter().map(String::as_str).collect();
    each.sort_unstable();
    each.dedup();
    each.resize(each.len().next_power_of_two(), "");
    each
}
