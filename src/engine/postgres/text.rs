//! Small truths about a statement's text.

use crate::engine::EngineError;

/// Whether a statement has no command: white space and comments only. Block comments nest (PostgreSQL manual, "Comments").
pub(super) fn is_blank(statement: &str) -> bool {
    let mut rest = statement.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after).trim_start();
        } else if rest.starts_with("/*") {
            let Some(after) = after_comment(rest) else { return false };
            rest = after.trim_start();
        } else {
            return rest.trim_matches([';', ' ', '\n', '\r', '\t']).is_empty();
        }
    }
}

/// What follows the block comment that `text` begins with; `None` when it does not end.
fn after_comment(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(pair) = text.as_bytes().get(at..at + 2) {
        match pair {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return text.get(at..);
        }
    }
    None
}

/// The line, from 1, of the character `position`, from 0.
pub(super) fn line(statement: &str, position: usize) -> usize {
    statement.chars().take(position).filter(|character| *character == '\n').count() + 1
}

/// Adds the line to a refusal of a statement that has one.
pub(super) fn with_line(error: EngineError, line: Option<usize>) -> EngineError {
    match (error, line) {
        (EngineError::Refused { code, message }, Some(line)) => {
            EngineError::Refused { code, message: format!("{message} (line {line} of the statement)") }
        }
        (EngineError::Blocked { code, message, holder }, Some(line)) => {
            EngineError::Blocked { code, message: format!("{message} (line {line} of the statement)"), holder }
        }
        (error, _) => error,
    }
}
