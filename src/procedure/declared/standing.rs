//! Whether the target is where the declared schema is: at the end of the catalog.

use crate::{
    model::{catalog::Catalog, finding::Finding, job::JobProblem},
    plan::Facts,
    procedure::{Held, Target, problem, read_history},
};

/// What the target lacks of the catalog, or has beyond it; `None` when it is at the catalog's end, so that whatever is missing was
/// forgotten.
///
/// # Errors
/// The problem, when the history cannot be read.
pub(super) async fn elsewhere(
    target: &Target,
    held: &mut Held,
    catalog: &Catalog,
) -> Result<Option<Finding>, JobProblem> {
    let history = read_history(held.session().map_err(problem::untouched)?, target.engine.words());
    let history = history.await.map_err(problem::untouched)?;
    let needs = target.needs(catalog);
    let facts = Facts::of(target.site(), catalog, &history, &needs);
    let pending = facts.pending().count();
    let unknown = facts.applied().filter(|(_, migration)| migration.is_none()).count();
    let (message, remedy) = match (pending, unknown) {
        (0, 0) => return Ok(None),
        (pending, 0) => (
            format!("{pending} pending, and what is still to come of them counts as missing"),
            "apply what is pending first: windlass up",
        ),
        (_, unknown) => (
            format!("{unknown} applied that this catalog does not have, so that its declared schema is an older one"),
            "use the catalog of the release that the database is at",
        ),
    };
    let place = target.name.to_string();
    Ok(Some(Finding::info("not-at-the-end", place, format!("migrations: {message}")).remedy(remedy)))
}
