//! What tells a table made anew from the one before: the number that `InnoDB` gave it.

use super::scope::padded;
use crate::engine::{
    EngineError, Session, Value,
    mariadb::{MARIADB, session::MariaSession},
};

/// The account may not ask: it lacks PROCESS (MariaDB and MySQL manuals, "Information Schema `INNODB_SYS_TABLES` Table").
const NO_PRIVILEGE: &str = "1227";

/// How long this look may take.
const LOOK_S_MAX: u64 = 120;

/// The numbers of these tables and of their partitions; `None` when the account may not ask, and on MySQL for a name with a
/// letter that is not ASCII.
///
/// TRUNCATE, OPTIMIZE, FORCE and ENGINE leave a table's definition alone and give it a new number (seen on MariaDB 10.11 and
/// MySQL 9.7). The names stand there as files are called (MySQL manual, "Mapping of Identifiers to File Names"): MariaDB is asked
/// to turn them (`CONVERT … USING filename`), which MySQL does for nobody.
///
/// # Errors
/// The server's.
pub(in crate::engine::mariadb) async fn numbers(
    session: &mut MariaSession,
    names: &[String],
) -> Result<Option<String>, EngineError> {
    if names.is_empty() {
        return Ok(Some(String::new()));
    }
    let is_mariadb = session.server().product == MARIADB;
    let tables = if is_mariadb { "innodb_sys_tables" } else { "innodb_tables" };
    let as_file = if is_mariadb { "CONVERT(CAST(CONVERT(? USING filename) AS BINARY) USING utf8mb4)" } else { "?" };
    let all: Option<Vec<String>> = [&session.database].into_iter().chain(names).map(|name| file_name(name)).collect();
    let wanted = format!("SELECT CONCAT({as_file}, '/', {as_file}) AS file");
    let (database, names) = match (is_mariadb, all.as_deref()) {
        (true, _) => (session.database.clone(), padded(names)),
        (false, Some([database, names @ ..])) => (database.clone(), padded(names)),
        (false, _) => return Ok(None),
    };
    let wanted = vec![wanted.as_str(); names.len()].join(" UNION ALL ");
    let sql = format!(
        "SELECT DISTINCT CONVERT(t.name USING utf8mb4), t.table_id FROM information_schema.{tables} t JOIN ({wanted}) w \
         ON SUBSTRING_INDEX(LOWER(CONVERT(t.name USING utf8mb4)), '#p#', 1) COLLATE utf8mb4_bin \
         = LOWER(w.file) COLLATE utf8mb4_bin ORDER BY 1"
    );
    let database = Value::from(database.as_str());
    let binds: Vec<Value> = names.into_iter().flat_map(|name| [database.clone(), name]).collect();
    match session.rows(&sql, &binds, LOOK_S_MAX).await {
        Ok(rows) => {
            let told = rows.iter().map(|row| Ok(format!("{}={};", super::word(row, 0)?, super::amount(row, 1)?)));
            told.collect::<Result<String, EngineError>>().map(Some)
        }
        Err(EngineError::Refused { code, .. }) if code == NO_PRIVILEGE => Ok(None),
        Err(error) => Err(error),
    }
}

/// How the file of something is called that has this name; `None` for letters that have a shorter code of their own.
fn file_name(name: &str) -> Option<String> {
    let code = |letter: char| match letter {
        '0'..='9' | 'A'..='Z' | 'a'..='z' | '_' => Some(letter.to_string()),
        _ => letter.is_ascii().then(|| format!("@{:04x}", u32::from(letter))),
    };
    name.chars().map(code).collect()
}
