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

/// Names of devices elsewhere, whose files are called otherwise everywhere (MySQL manual, "Mapping of Identifiers to File Names").
const DEVICES: [&str; 4] = ["aux", "con", "nul", "prn"];
/// The same with a digit behind them that is not 0.
const PORTS: [&str; 2] = ["com", "lpt"];

/// The numbers of these tables and of their partitions; `None` when the account may not ask, and on MySQL for a name with a
/// letter that is not ASCII.
///
/// TRUNCATE, OPTIMIZE, FORCE and ENGINE leave a table's definition alone and give it a new number (seen on MariaDB 10.11 and
/// MySQL 9.7). The names stand there as files are called; for letters that are not ASCII MariaDB is asked (`CONVERT … USING filename`),
/// which MySQL tells nobody.
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
    let database = session.database.clone();
    let mut wanted = Vec::new();
    let mut binds = Vec::new();
    for name in padded(names) {
        let mut part = |name: &str| {
            let file = file_name(name);
            binds.push(Value::from(file.as_deref().unwrap_or(name)));
            if file.is_some() {
                return Some("?");
            }
            is_mariadb.then_some("CONVERT(CAST(CONVERT(? USING filename) AS BINARY) USING utf8mb4)")
        };
        let (Some(schema), Some(table)) = (part(&database), part(name)) else { return Ok(None) };
        wanted.push(format!("SELECT CONCAT({schema}, '/', {table}) AS file"));
    }
    let sql = format!(
        "SELECT DISTINCT CONVERT(t.name USING utf8mb4), t.table_id FROM information_schema.{tables} t JOIN ({}) w \
         ON SUBSTRING_INDEX(LOWER(CONVERT(t.name USING utf8mb4)), '#p#', 1) COLLATE utf8mb4_bin \
         = LOWER(w.file) COLLATE utf8mb4_bin ORDER BY 1",
        wanted.join(" UNION ALL ")
    );
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
    let file: String = name.chars().map(code).collect::<Option<_>>()?;
    Some(if is_device(name) { file + "@@@" } else { file })
}

fn is_device(name: &str) -> bool {
    let is = |known: &str, name: &str| known.eq_ignore_ascii_case(name);
    let is_port = |name: &str, digit: char| PORTS.iter().any(|port| is(port, name)) && ('1'..='9').contains(&digit);
    DEVICES.iter().any(|device| is(device, name))
        || name.char_indices().nth(3).is_some_and(|(at, digit)| name.len() == 4 && is_port(&name[..at], digit))
}
