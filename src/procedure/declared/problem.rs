//! What keeps the declared schema from being compared, as the problem a person reads.

use crate::{
    model::job::JobProblem,
    procedure::problem::{UNTOUCHED, problem},
};

/// No declared schema is there to compare with.
pub fn not_declared(catalog: &str) -> JobProblem {
    problem(
        "no-declared-schema",
        "No schema is declared",
        format!("the catalog {catalog} has no schema.sql, and catalog.schema is not set"),
        UNTOUCHED,
        "put what a fresh installation runs into schema.sql beside the migrations (or schema.<engine>.sql, named as the scripts of \
         migrations are), or point catalog.schema at its file",
    )
}

/// A statement of the declared schema failed in the database that was made for it.
pub fn declared_failed(failed: &JobProblem) -> JobProblem {
    problem(
        "declared-schema-failed",
        "The declared schema could not be run",
        format!("in an empty database: {}", failed.detail),
        UNTOUCHED,
        "mend the statement that is named, so that the declared schema runs on an empty database",
    )
}

/// The migrations could not be run from nothing.
pub fn not_upgraded(failed: &JobProblem) -> JobProblem {
    problem(
        "replay-failed",
        "The migrations could not be replayed",
        format!("in an empty database: {}", failed.detail),
        UNTOUCHED,
        "mend what is named, so that the migrations run on an empty database",
    )
}
