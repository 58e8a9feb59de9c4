//! What the target has become since the last run left it, with the statements that would mend it.

use super::{Target, validate};
use crate::{
    model::{
        finding::{Finding, Severity},
        history::History,
        schema::Schema,
    },
    plan::{self, Against, Drift, Missing},
    store::StoreError,
};

/// The differences between a schema that was left and the live one.
#[must_use]
pub(super) fn between(target: &Target, left: &Schema, live: &Schema) -> Vec<Finding> {
    plan::drift(left, live, Against::LastRun).into_iter().map(|drift| with_repair(target, drift)).collect()
}

/// What the target has become since the last run left it, as something to look at: nothing of it keeps a run from
/// beginning. `None` where no run has left a record under this history, and while something is interrupted: nobody can tell then.
///
/// # Errors
/// When our own database cannot be read.
pub async fn drifted(target: &Target, history: &History, live: &Schema) -> Result<Option<Vec<Finding>>, StoreError> {
    if history.unfinished.is_some() || !target.store.is_there() {
        return Ok(None);
    }
    let Some(left) = target.store.expected(&target.name, &validate::digest(history)).await? else {
        return Ok(None);
    };
    let weighed = |finding: Finding| Finding { severity: Severity::Warning, ..finding };
    Ok(Some(between(target, &left, live).into_iter().map(weighed).collect()))
}

fn with_repair(target: &Target, Drift { finding, missing }: Drift) -> Finding {
    match missing.and_then(|missing| again(target, &missing)) {
        Some(statement) => {
            Finding { remedy: format!("{}; its definition again: {statement}", finding.remedy), ..finding }
        }
        None => finding,
    }
}

/// The statement that would bring a column or an index back; `None` for a table, and where that would not be plain.
pub(super) fn again(target: &Target, missing: &Missing) -> Option<String> {
    let (dialect, words) = (target.engine.dialect(), target.engine.words());
    match missing {
        Missing::Table { .. } => None,
        Missing::Column { table, column } => words.column_again(dialect, table, column),
        Missing::Index { table, name, words: told } => words.index_again(dialect, table, name, told),
    }
}
