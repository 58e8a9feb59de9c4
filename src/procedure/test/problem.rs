//! What keeps a test from being run, as the problem a person reads.

use crate::{
    model::job::JobProblem,
    procedure::problem::{UNTOUCHED, problem},
};

/// A migration that was to be tested has no test, or is none.
pub fn no_such_test(name: &str, is_known: bool) -> JobProblem {
    let (detail, next) = if is_known {
        (format!("{name} has no test"), "write test.sql into its folder; see windlass test --help")
    } else {
        (format!("no migration is called {name}"), "name it as windlass plan does, such as v1.2.0_01_add_users")
    };
    problem("no-such-test", "There is no such test", detail, UNTOUCHED, next)
}
