//! A statement that was begun and whose end nobody saw: what is to be seen of it. Only looks.

use super::evidence::{self, Seen};
use crate::{
    engine::{DdlScope, Engine, EngineError, Session, bookkeeping::journal::InFlight},
    sql::{self, Doubt},
};

/// What is to be seen of a statement in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It did not take effect, or to do it twice is to do it once.
    Not,
    /// Something it names is not as it was before it.
    Done,
    /// Nothing tells.
    Unknown(&'static str),
}

const HIDDEN: &str = "this account may no longer see what it saw before the statement: give it PROCESS again";
const OPAQUE: &str = "it may have run several statements, of which some may have taken effect";
const NOTHING: &str = "nothing was seen before it";

/// What is to be seen of the statement in flight, whose text is `statement`.
///
/// # Errors
/// The server's.
pub async fn look(
    engine: &dyn Engine,
    session: &mut dyn Session,
    found: &InFlight,
    statement: &str,
) -> Result<Found, EngineError> {
    match sql::doubt(engine.dialect(), statement) {
        Doubt::Repeatable | Doubt::RefusedTwice => return Ok(Found::Not),
        // It shared a transaction with a mark that would be seen, had anything of it been committed.
        Doubt::Opaque if !found.ran && engine.ddl_scope() == DdlScope::Statement => return Ok(Found::Not),
        Doubt::Opaque if !sql::is_one_prepared(statement) => return Ok(Found::Unknown(OPAQUE)),
        Doubt::Opaque | Doubt::Evident => {}
    }
    let Some(before) = found.fingerprint_before.as_deref() else { return Ok(Found::Unknown(NOTHING)) };
    Ok(match evidence::seen(session, engine.dialect(), statement, before).await? {
        Seen::AsBefore => Found::Not,
        Seen::Changed => Found::Done,
        Seen::Hidden => Found::Unknown(HIDDEN),
    })
}
