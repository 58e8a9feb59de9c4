//! Whether the application can work with the database as it is (documents B and C).

use semver::Version;

use super::Facts;
use crate::model::compatibility::{Compatibility, CompatibilityPolicy, Standing};

/// The word for a database in which nothing was applied.
const EMPTY: &str = "(empty)";

/// Whether application and database can work together now, and why.
#[must_use]
pub fn compatibility(facts: &Facts<'_>) -> Compatibility {
    let needs = facts.needs;
    let standing = standing(facts);
    let (compatible, reason) = match (needs.compatibility, standing) {
        (CompatibilityPolicy::Range, _) => range(facts, standing),
        (CompatibilityPolicy::Exact, Standing::Match) => (true, "Database version matches required version".to_owned()),
        (CompatibilityPolicy::Exact, _) => (false, reason(facts, standing)),
    };
    Compatibility {
        backend_version: needs.backend.clone(),
        required_db_version: needs.required.clone(),
        actual_db_version: facts.history.version.clone(),
        compatible,
        migration_needed: standing == Standing::Behind,
        standing,
        reason,
    }
}

/// A database is behind when it is older, or when a migration up to the required version is missing in it.
fn standing(facts: &Facts<'_>) -> Standing {
    let required = &facts.needs.required;
    match facts.history.version.as_ref() {
        Some(actual) if actual > required => Standing::Ahead,
        Some(actual) if actual == required && !incomplete(facts) => Standing::Match,
        None if facts.catalog.migrations.is_empty() => Standing::Match,
        _ => Standing::Behind,
    }
}

fn incomplete(facts: &Facts<'_>) -> bool {
    facts.required().next().is_some()
}

fn reason(facts: &Facts<'_>, standing: Standing) -> String {
    let required = &facts.needs.required;
    let actual = facts.history.version.as_ref();
    match (standing, actual) {
        (Standing::Match, _) => "Database version matches required version".to_owned(),
        (Standing::Ahead, Some(actual)) => {
            format!("Backend too old for database version. Backend requires {required}, database is {actual}")
        }
        (_, Some(actual)) if actual == required => {
            let missing = facts.required().count();
            format!("Database migration required: {actual} lacks {missing} of its migrations")
        }
        (_, actual) => format!(
            "Database migration required: {} → {required}",
            actual.map_or_else(|| EMPTY.to_owned(), Version::to_string)
        ),
    }
}

/// Compatible when the application lies within the runtime versions of everything that was applied.
fn range(facts: &Facts<'_>, standing: Standing) -> (bool, String) {
    let backend = &facts.needs.backend;
    if facts.history.version.is_none() && !facts.catalog.migrations.is_empty() {
        return (false, reason(facts, standing));
    }
    for migration in facts.applied().filter_map(|(_, migration)| migration) {
        if let Some(min) = migration.min_runtime_version.as_ref().filter(|min| backend < min) {
            return (false, format!("Backend {backend} is too old: {} needs {min} or newer", migration.identity));
        }
        if let Some(max) = migration.max_runtime_version.as_ref().filter(|max| backend > max) {
            return (false, format!("Backend {backend} is too new: {} allows {max} at most", migration.identity));
        }
    }
    (true, format!("Backend {backend} is within the runtime versions of everything that was applied"))
}
