//! A few statements over rows as one transaction, with enforcement of foreign keys as the application has it.
//!
//! A migration runs with enforcement off and every reference is looked at before its commit, which reads whole tables.
//! Statements that change rows only need neither: SQLite looks at the references of each row they change.

use super::{session::SqliteSession, transact};
use crate::engine::StatementError;

/// Runs the statements between BEGIN IMMEDIATE and COMMIT. See [`crate::engine::Session::batch`].
pub(super) async fn run(session: &mut SqliteSession, statements: &[&str]) -> Result<(), StatementError> {
    let whole = statements.len();
    let outside = |error| StatementError { index: whole, committed: Some(false), error };
    session.begin_statement().await.map_err(outside)?;
    // Whatever happens from here on, the next statement first ends what this one left open.
    session.unsettled = true;
    let texts = [&["BEGIN IMMEDIATE"], statements, &["COMMIT"]].concat();
    match transact::send(session, &texts, &mut |_| ()).await {
        Ok(_) => {
            session.unsettled = false;
            Ok(())
        }
        Err((0, error)) => Err(outside(error)),
        Err((index, error)) if index > whole => Err(transact::after_commit(session, whole, error).await),
        Err((index, error)) => Err(transact::roll_back(session, index - 1, error).await),
    }
}
