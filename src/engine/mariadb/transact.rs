//! Statements as one transaction, in few messages.
//!
//! The driver asks every server to take several statements in a message (`CLIENT_MULTI_STATEMENTS`), whether they are sent
//! so or not; the server stops at the first that fails (MariaDB manual, "`COM_QUERY`"). So what surrounds a statement of a
//! migration travels with it, and how far they came is counted from the answers.

use std::{ops::Range, time::Duration};

use futures_util::{FutureExt, StreamExt};
use sqlx::{AssertSqlSafe, Either};

use super::{
    session::{MariaSession, OWN_S_MAX, answered},
    watch,
};
use crate::engine::{EngineError, StatementError};

/// How large a message of several statements may be; the smallest that a server can be set to take is a little more.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;

const BEGIN: &str = "START TRANSACTION";
const COMMIT: &str = "COMMIT";

/// A newline first, as a statement may end in a line comment.
const BETWEEN: &str = "\n;\n";

/// The server answered, and yet not to everything.
const SHORT: &str = "the server answered fewer statements than it was sent";

/// Statements that give one answer each, whatever they do.
const WITH_ONE_ANSWER: [&str; 6] = ["START", COMMIT, "INSERT", "UPDATE", "DELETE", "REPLACE"];

/// Runs the statements between START TRANSACTION and COMMIT. See [`crate::engine::Session::transact`].
pub(super) async fn run(
    session: &mut MariaSession,
    statements: &[&str],
    seen: &mut (dyn FnMut(usize) + Send),
) -> Result<(), StatementError> {
    let texts = [&[BEGIN], statements, &[COMMIT]].concat();
    let last = texts.len() - 1;
    let mut told = |nth: usize| {
        if (1..last).contains(&nth) {
            seen(nth - 1);
        }
    };
    let mut from = 0;
    while from < texts.len() {
        let end = from + at_once(&texts[from..]);
        if let Err((nth, error)) = several(session, &texts, from..end, &mut told).await {
            let is_refused = matches!(error, EngineError::Refused { .. } | EngineError::Blocked { .. });
            let index = nth.checked_sub(1).unwrap_or(statements.len());
            if nth == last {
                return Err(StatementError { index, committed: None, error });
            }
            // When the connection is gone the server rolls back by itself, unless it got as far as the COMMIT.
            let _ = session.text("ROLLBACK", Some(Duration::from_secs(OWN_S_MAX))).await;
            let committed = (is_refused || end <= last).then_some(false);
            return Err(StatementError { index, committed, error });
        }
        from = end;
    }
    Ok(())
}

/// Runs some of a transaction's texts as one message; tells which was not answered, and why. Each has its own time.
async fn several(
    session: &mut MariaSession,
    texts: &[&str],
    which: Range<usize>,
    seen: &mut (dyn FnMut(usize) + Send),
) -> Result<(), (usize, EngineError)> {
    let own = Some(Duration::from_secs(OWN_S_MAX));
    let deadline = session.deadline;
    let limit = |nth: usize| if nth == 0 || nth + 1 == texts.len() { own } else { deadline };
    let mut nth = which.start;
    if which.len() == 1 {
        session.text(texts[nth], limit(nth)).await.map_err(|error| (nth, error))?;
        seen(nth);
        return Ok(());
    }
    session.must_be_there().map_err(|error| (nth, error))?;
    let outcome = {
        let message = sqlx::raw_sql(AssertSqlSafe(texts[which.clone()].join(BETWEEN)));
        let mut answers = message.fetch_many(&mut session.connection);
        loop {
            let next = answers.next().map(Option::transpose);
            let answer = match limit(nth) {
                Some(limit) => answered(next, limit).await,
                None => watch::watched(&session.options, &session.id, next).await,
            };
            match answer {
                Ok(Some(Either::Left(_))) => {
                    seen(nth);
                    nth += 1;
                }
                Ok(Some(Either::Right(_))) => {}
                Ok(None) if nth < which.end => break Err(EngineError::Lost { reason: SHORT.to_owned() }),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        }
    };
    session.noted(outcome).map_err(|error| (nth.min(which.end - 1), error))
}

/// How many of the texts are sent as one message: those that give one answer each, and that together are no larger than
/// `MESSAGE_BYTES_MAX`.
fn at_once(texts: &[&str]) -> usize {
    let mut bytes = 0;
    let fitting = texts.iter().take_while(|text| {
        bytes += text.len() + BETWEEN.len();
        bytes <= MESSAGE_BYTES_MAX && gives_one_answer(text)
    });
    fitting.count().max(1)
}

fn gives_one_answer(text: &str) -> bool {
    let word = text.split_ascii_whitespace().next().unwrap_or_default();
    WITH_ONE_ANSWER.iter().any(|known| word.eq_ignore_ascii_case(known))
}
