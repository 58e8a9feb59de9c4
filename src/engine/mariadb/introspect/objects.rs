//! Triggers, routines and events.

use std::{collections::BTreeMap, fmt::Write};

use super::{scope::Scope, word};
use crate::engine::{
    EngineError,
    mariadb::{session::MariaSession, tables::is_ours},
};

const TRIGGERS: &str = "SELECT event_object_table, action_timing, action_order, event_manipulation, trigger_name, \
                        action_statement FROM information_schema.triggers";

const ROUTINES: &str = "SELECT routine_type, routine_name, routine_schema, dtd_identifier, routine_definition, \
                        is_deterministic, sql_data_access, security_type, routine_comment, collation_name \
                        FROM information_schema.routines";

const PARAMETERS: &str = "SELECT routine_type, specific_name, ordinal_position, parameter_mode, parameter_name, \
                          dtd_identifier, collation_name FROM information_schema.parameters";

const EVENTS: &str = "SELECT event_name, event_type, interval_field, interval_value, status, on_completion, \
                      event_comment, event_definition FROM information_schema.events";

type Objects = BTreeMap<String, String>;

/// Puts the triggers among the objects; their order is part of them, since several may follow one event.
///
/// # Errors
/// The server's.
pub(super) async fn triggers(
    session: &mut MariaSession,
    scope: &Scope<'_>,
    objects: &mut Objects,
) -> Result<(), EngineError> {
    let there = named_triggers(session, scope).await?;
    let scope = Scope { database: scope.database, names: there.as_deref() };
    for row in scope.ask(session, TRIGGERS, "event_object_schema", "trigger_name").await? {
        let (table, timing, event, name) = (word(&row, 0)?, word(&row, 1)?, word(&row, 3)?, word(&row, 4)?);
        if is_ours(table) || is_ours(name) {
            continue;
        }
        let order = row.int(2)?.unwrap_or_default();
        let body = word(&row, 5)?.trim();
        objects.insert(format!("trigger {name}"), format!("{timing} {event} on {table} order {order} {body}"));
    }
    Ok(())
}

/// Which of the names are a trigger's; `None` when all triggers are meant. To find a trigger by its name in
/// `information_schema`, MariaDB opens every table of the database; SHOW opens one file.
async fn named_triggers(session: &mut MariaSession, scope: &Scope<'_>) -> Result<Option<Vec<String>>, EngineError> {
    let Some(names) = scope.names else { return Ok(None) };
    let mut there = Vec::new();
    for name in names {
        match scope.show(session, &format!("SHOW CREATE TRIGGER `{}`", name.replace('`', "``"))).await {
            Ok(_) => there.push(name.clone()),
            // There is none of this name, there cannot be one, or this account may not see it.
            Err(EngineError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(there))
}

/// Puts procedures, functions and packages among the objects.
///
/// # Errors
/// The server's.
pub(super) async fn routines(
    session: &mut MariaSession,
    scope: &Scope<'_>,
    objects: &mut Objects,
) -> Result<(), EngineError> {
    let found = scope.ask(session, ROUTINES, "routine_schema", "routine_name").await?;
    if found.is_empty() {
        return Ok(());
    }
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for row in scope.ask(session, PARAMETERS, "specific_schema", "specific_name").await? {
        let list = parameters.entry(key(word(&row, 0)?, word(&row, 1)?)).or_default();
        for column in 3..=6 {
            let _ = write!(list, "{} ", row.text(column)?.unwrap_or("-"));
        }
        list.push_str("; ");
    }
    for row in found {
        let (kind, name) = (word(&row, 0)?, word(&row, 1)?);
        if is_ours(name) {
            continue;
        }
        let key = key(kind, name);
        let mut words =
            format!("({}) returns {} {}", parameters.remove(&key).unwrap_or_default(), word(&row, 3)?, word(&row, 9)?);
        let _ = write!(
            words,
            " deterministic={} data={} security={} comment={} {}",
            word(&row, 5)?,
            word(&row, 6)?,
            word(&row, 7)?,
            word(&row, 8)?,
            word(&row, 4)?.trim()
        );
        objects.insert(key, words);
    }
    Ok(())
}

/// Puts the events among the objects, without the moments (start, end, time of a single run): they are most often meant
/// from the moment of creation, and differ between two databases that are otherwise equal.
///
/// # Errors
/// The server's.
pub(super) async fn events(
    session: &mut MariaSession,
    scope: &Scope<'_>,
    objects: &mut Objects,
) -> Result<(), EngineError> {
    for row in scope.ask(session, EVENTS, "event_schema", "event_name").await? {
        let name = word(&row, 0)?;
        if is_ours(name) {
            continue;
        }
        let words = format!(
            "{} every {} {} {} on completion {} comment={} {}",
            word(&row, 1)?,
            row.text(3)?.unwrap_or("-"),
            row.text(2)?.unwrap_or("-"),
            word(&row, 4)?,
            word(&row, 5)?,
            word(&row, 6)?,
            word(&row, 7)?.trim()
        );
        objects.insert(format!("event {name}"), words);
    }
    Ok(())
}

fn key(kind: &str, name: &str) -> String {
    // The kind is one word: `package_body`.
    format!("{} {name}", kind.to_lowercase().replace(' ', "_"))
}
