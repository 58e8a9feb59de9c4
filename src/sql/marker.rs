//! The escape: `-- windlass:statement begin` and `-- windlass:statement end`.

use super::Dialect;

/// A comment that says what the scanner cannot know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// All that follows is one statement.
    Begin,
    /// Up to here.
    End,
    /// Neither: a slip of the pen.
    Unknown,
}

/// What a comment says about statements, if it does.
pub fn of(comment: &str) -> Option<Marker> {
    let rest = comment.strip_prefix("--")?.trim_start().strip_prefix("windlass:statement")?;
    Some(match rest.trim() {
        "begin" => Marker::Begin,
        "end" => Marker::End,
        _ => Marker::Unknown,
    })
}

/// The next marker that has a line of its own from `from` on: where its line begins, where it ends, what it says.
///
/// Read line by line and not by tokens: the markers are there for what the tokens get wrong.
pub fn next(text: &str, from: usize) -> Option<(usize, usize, Marker)> {
    let mut start = from;
    for line in text[from..].split_inclusive('\n') {
        let end = start + line.len();
        if let Some(marker) = of(line.trim()) {
            return Some((start, end, marker));
        }
        start = end;
    }
    None
}

/// How to end a body that the scanner misreads.
pub fn remedy(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => {
            "close it; if the statement is right as it stands, put DELIMITER lines around it, or \
             `-- windlass:statement begin` and `-- windlass:statement end`"
        }
        Dialect::Postgres | Dialect::Sqlite => {
            "close it; if the statement is right as it stands, put `-- windlass:statement begin` and \
             `-- windlass:statement end` around it"
        }
    }
}
