//! What a plan needs to see of the target, so that risks can block.

use crate::{
    engine::{EngineError, Server, Session},
    model::schema::Schema,
    plan::Facts,
};

/// The schema and the server, where a risk of what is pending could block. Asks nothing elsewhere: what only warns is told by
/// plans, and keeps no run from beginning.
///
/// # Errors
/// The server's.
pub async fn risky(facts: &Facts<'_>, session: &mut dyn Session) -> Result<Option<(Schema, Server)>, EngineError> {
    if facts.needs.blocking_risks.is_empty() || facts.pending().next().is_none() {
        return Ok(None);
    }
    let schema = session.schema(None).await?;
    Ok(Some((schema, session.server().clone())))
}
