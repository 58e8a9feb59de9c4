//! A whole migration as one message.
//!
//! The simple query protocol takes many statements in one message and stops at the first error (PostgreSQL manual,
//! "Multiple Statements in a Simple Query"); each statement that ran answers with one `CommandComplete`. So one round
//! trip is enough, and how far it came is counted from the answers.

use futures_util::StreamExt;
use sqlx::{AssertSqlSafe, Either, PgConnection};

use super::{refusal, text};
use crate::engine::{EngineError, StatementError};

const BEGIN: &str = "BEGIN;\n";

/// A newline first, as a statement may end in a line comment.
const BETWEEN: &str = "\n;\n";

/// The message, and where each statement is in it.
struct Message<'a> {
    text: String,
    /// The statements given.
    statements: &'a [&'a str],
    /// Which of them are sent; one without a command gets no answer, and would spoil the count.
    sent: Vec<usize>,
    /// Where each one sent begins, in characters.
    starts: Vec<usize>,
}

impl<'a> Message<'a> {
    /// Joins the statements.
    fn new(statements: &'a [&'a str]) -> Self {
        let mut message = Self { text: BEGIN.to_owned(), statements, sent: Vec::new(), starts: Vec::new() };
        let mut length = BEGIN.len();
        for (index, statement) in statements.iter().enumerate().filter(|(_, statement)| !text::is_blank(statement)) {
            message.sent.push(index);
            message.starts.push(length);
            message.text.push_str(statement);
            message.text.push_str(BETWEEN);
            length += statement.chars().count() + BETWEEN.len();
        }
        message.text.push_str("COMMIT");
        message
    }

    /// The number of answers after which the transaction is committed.
    fn committed_after(&self) -> usize {
        self.sent.len() + 2
    }

    /// Which statement failed after so many answers. Without any answer only the position can tell: the server reads
    /// the whole message before it runs the first statement.
    fn failed(&self, answers: usize, position: Option<usize>) -> usize {
        let nth = match answers.checked_sub(1) {
            Some(nth) => Some(nth),
            None => position.and_then(|position| self.starts.iter().rposition(|start| *start <= position)),
        };
        nth.and_then(|nth| self.sent.get(nth)).copied().unwrap_or(self.statements.len())
    }

    /// The line within statement `index`, from 1, of a position in the message.
    fn line(&self, index: usize, position: Option<usize>) -> Option<usize> {
        let nth = self.sent.iter().position(|sent| *sent == index)?;
        let within = position?.checked_sub(self.starts[nth])?;
        let statement = self.statements[index];
        (within <= statement.chars().count()).then(|| text::line(statement, within))
    }
}

/// Runs the statements as one transaction.
pub(super) async fn run(
    connection: &mut PgConnection,
    statements: &[&str],
    seen: &mut (dyn FnMut(usize) + Send),
) -> Result<(), StatementError> {
    let message = Message::new(statements);
    let mut answers = 0_usize;
    let failure = {
        let mut stream = sqlx::raw_sql(AssertSqlSafe(message.text.clone())).fetch_many(&mut *connection);
        loop {
            match stream.next().await {
                Some(Ok(Either::Left(_))) => {
                    answers += 1;
                    let ran = answers.checked_sub(2).and_then(|nth| message.sent.get(nth));
                    if let Some(index) = ran {
                        seen(*index);
                    }
                }
                Some(Ok(Either::Right(_))) => {}
                Some(Err(error)) => break error,
                None => return Ok(()),
            }
        }
    };
    if answers >= message.committed_after() {
        return Ok(());
    }
    Err(undone(connection, &message, answers, &failure).await)
}

/// Ends the transaction that failed, and says what is known.
async fn undone(
    connection: &mut PgConnection,
    message: &Message<'_>,
    answers: usize,
    failure: &sqlx::Error,
) -> StatementError {
    let position = refusal::position(failure);
    let index = message.failed(answers, position);
    let error = text::with_line(refusal::of(failure), message.line(index, position));
    let committing = answers + 1 == message.committed_after();
    let committed = match error {
        // The server said why it ended the session, and it was not yet committing.
        EngineError::Lost { .. } if refusal::server(failure).is_some() && !committing => Some(false),
        EngineError::Lost { .. } => None,
        _ => Some(false),
    };
    if !matches!(error, EngineError::Lost { .. }) {
        // It cannot matter: the transaction has failed, and nothing but ROLLBACK is accepted in it.
        let _ = sqlx::raw_sql("ROLLBACK").execute(connection).await;
    }
    StatementError { index, committed, error }
}

/// Runs one statement by itself, outside a transaction.
pub(super) async fn run_alone(connection: &mut PgConnection, statement: &str) -> Result<u64, StatementError> {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await;
    done.map(|done| done.rows_affected()).map_err(|failure| {
        let line = refusal::position(&failure).map(|position| text::line(statement, position));
        let error = text::with_line(refusal::of(&failure), line);
        let committed = (!matches!(error, EngineError::Lost { .. })).then_some(false);
        StatementError { index: 0, committed, error }
    })
}
