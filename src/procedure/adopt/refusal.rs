//! What keeps a history from being taken over, as the problem a person reads.

use crate::{
    model::{finding::Finding, job::JobProblem},
    procedure::problem::{UNTOUCHED, problem},
};

/// A history is not taken over, since the schema is not what its migrations make.
pub fn differs(found: &[Finding]) -> JobProblem {
    let told: Vec<String> = found.iter().map(|f| format!("{}: {}", f.place, f.message)).collect();
    problem(
        "schema-differs",
        "The database is not what its migrations make",
        told.join("; "),
        UNTOUCHED,
        "bring the one into line with the other and adopt again; or take it as it is: windlass adopt --accept-differences",
    )
}

/// Migrations that were applied could not be run again beside the target, to see what they make.
pub fn replay(failed: &JobProblem) -> JobProblem {
    JobProblem {
        kind: "replay-failed".to_owned(),
        title: "The migrations could not be replayed".to_owned(),
        detail: format!("in an empty database beside the target: {}", failed.detail),
        target_state: UNTOUCHED.to_owned(),
        next_step:
            "mend what is named, so that the migrations run on an empty database; or say yourself what the target \
                    holds: windlass adopt --baseline <version>"
                .to_owned(),
    }
}
