//! The pieces that a text is read in.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks and line ends.
    Whitespace,
    /// A comment that the server ignores.
    Comment,
    /// An unquoted word: a keyword or a name.
    Word,
    /// A number.
    Number,
    /// A string, with its prefix (`E'…'`, `x'…'`) where it has one.
    Text,
    /// A name in quotes.
    QuotedName,
    /// A string between dollar tags (PostgreSQL).
    DollarQuoted,
    /// The opening of a comment that is code, with its version: `/*!50003`, `/*M!`.
    CodeOpen,
    /// The `*/` of such a comment.
    CodeClose,
    /// A backslash outside quotes and what follows it: a command of the client.
    Meta,
    /// An operator or other sign.
    Symbol,
    /// What ends a statement: `;`, or what a `DELIMITER` line said.
    Delimiter,
}

/// A token, by its place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// Whether its closing quote, tag or `*/` is there.
    pub closed: bool,
}

impl Token {
    /// Its text.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }
}
