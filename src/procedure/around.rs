//! What a script sets for its session is set for its own statements, and for nothing of ours between them.

use super::{Held, Target, apply::Change};
use crate::{
    engine::{EngineError, bookkeeping::journal::Place},
    model::migration::StatementKind,
    sql::{self, Dialect, Doubt},
};

/// What is set before a statement of a script, and what is set again behind it. Nothing on an engine whose settings leave
/// our own tables alone, and nothing around a script that begins and ends transactions itself.
pub(super) struct Around {
    dialect: Dialect,
    script: Vec<String>,
    own: Vec<String>,
}

impl Around {
    /// Around the statement of `place`.
    ///
    /// # Errors
    /// [`EngineError::Lost`].
    pub(super) fn of(target: &Target, held: &mut Held, change: &Change<'_>, place: Place) -> Result<Self, EngineError> {
        let dialect = target.engine.dialect();
        let own = if change.has_own_transactions() { Vec::new() } else { held.session()?.own_settings() };
        let before = change.statements().iter().take(place.statement as usize - 1);
        let sets = before.filter(|one| !own.is_empty() && one.kind == StatementKind::Session && sql::sets(&one.sql));
        Ok(Self { dialect, script: sets.map(|one| one.sql.clone()).collect(), own })
    }

    /// Whether a statement that sets something, or that is kept by the session, is run with all this around it.
    pub(super) fn concerns(&self, sql: &str) -> bool {
        !self.own.is_empty() && (sql::sets(sql) || !self.script.is_empty() && !sql::is_of_transaction(sql))
    }

    /// The texts of the transaction in which a statement runs between the fence and its mark.
    pub(super) fn texts<'a>(&'a self, fence: &'a str, sql: &'a str, mark: Option<&'a str>) -> Vec<&'a str> {
        let script = self.script.iter().map(String::as_str);
        let own = self.own.iter().map(String::as_str);
        std::iter::once(fence).chain(script).chain([sql]).chain(own).chain(mark).collect()
    }

    /// Sets for a statement that runs by itself what the script has set before it.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn set(&self, held: &mut Held) -> Result<(), EngineError> {
        all(held, &self.script).await
    }

    /// Sets our own again behind it.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn unset(&self, held: &mut Held, sql: &str) -> Result<(), EngineError> {
        let may_have_set = !self.script.is_empty() || sql::doubt(self.dialect, sql) == Doubt::Opaque;
        if may_have_set { all(held, &self.own).await } else { Ok(()) }
    }
}

/// Sets our own again behind a script that was run without anything around its statements.
///
/// # Errors
/// The server's.
pub(super) async fn end(held: &mut Held, change: &Change<'_>) -> Result<(), EngineError> {
    let own = if change.has_own_transactions() { held.session()?.own_settings() } else { Vec::new() };
    all(held, &own).await
}

async fn all(held: &mut Held, settings: &[String]) -> Result<(), EngineError> {
    if settings.is_empty() {
        return Ok(());
    }
    let texts: Vec<&str> = settings.iter().map(String::as_str).collect();
    held.session()?.transact(&texts, &mut |_| ()).await.map_err(|failed| failed.error)
}
