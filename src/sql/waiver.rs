//! The comment `-- windlass:allow <rule> <reason>`.

use super::{Dialect, splitter::Splitter};
use crate::model::waiver::{Reach, Waiver};

/// How the comment begins, behind its dashes.
const WORD: &str = "windlass:allow";

/// What a comment waives, if it does: the words behind the marker.
pub fn of_comment(comment: &str) -> Option<&str> {
    let rest = comment.strip_prefix("--")?.trim_start().strip_prefix(WORD)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

/// The waivers of a script.
pub fn of(dialect: Dialect, text: &str) -> Vec<Waiver> {
    let mut found = Vec::new();
    if !text.contains(WORD) {
        return found;
    }
    let mut splitter = Splitter::over(dialect, text);
    while let Some(Ok(piece)) = splitter.next() {
        let own = splitter.take_waivers();
        found.extend(own.into_iter().map(|(line, words)| waiver(line, words, Reach::Statement(piece.line))));
    }
    let left = splitter.take_waivers();
    found.extend(left.into_iter().map(|(line, words)| waiver(line, words, Reach::Nothing)));
    found
}

fn waiver(line: u32, words: &str, reach: Reach) -> Waiver {
    let (rule, reason) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    Waiver { rule: rule.to_owned(), reason: reason.trim().to_owned(), line, reach }
}
