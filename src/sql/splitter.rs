//! Tokens into statements.

use super::{
    Dialect, SqlError,
    body::{Body, Semicolon},
    client,
    lines::Lines,
    marker::{self, Marker},
    scanner::Scanner,
    token::{Token, TokenKind},
    waiver,
};

/// One statement, as its tokens of code; never without any.
#[derive(Debug)]
pub struct Piece {
    /// The tokens, without blanks, comments and the delimiter.
    pub tokens: Vec<Token>,
    /// The line of the first; the first line is 1.
    pub line: u32,
}

impl Piece {
    /// The text from the first token to the last.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        match (self.tokens.first(), self.tokens.last()) {
            (Some(first), Some(last)) => &text[first.start..last.end],
            _ => "",
        }
    }
}

/// Reads a text statement by statement; behind an error comes nothing.
pub struct Splitter<'a> {
    dialect: Dialect,
    text: &'a str,
    scanner: Scanner<'a>,
    lines: Lines<'a>,
    tokens: Vec<Token>,
    body: Body,
    /// Where the outermost `/*!` was opened.
    code_comment_at: usize,
    /// The waivers since they were last taken, each with its line.
    waivers: Vec<(u32, &'a str)>,
    is_over: bool,
}

impl<'a> Splitter<'a> {
    /// At the start of a text.
    pub fn over(dialect: Dialect, text: &'a str) -> Self {
        Self {
            dialect,
            text,
            scanner: Scanner::over(dialect, text),
            lines: Lines::of(text),
            tokens: Vec::new(),
            body: Body::before(dialect),
            code_comment_at: 0,
            waivers: Vec::new(),
            is_over: false,
        }
    }

    /// Takes what comments waived, each with its line, since this was last asked: above the last statement, and in it.
    pub fn take_waivers(&mut self) -> Vec<(u32, &'a str)> {
        std::mem::take(&mut self.waivers)
    }

    /// The next statement, or `None` at the end of the text.
    fn piece(&mut self) -> Result<Option<Piece>, SqlError> {
        while let Some(token) = self.scanner.next() {
            if !token.closed {
                return Err(self.unclosed(token));
            }
            let piece = match token.kind {
                TokenKind::Whitespace => None,
                TokenKind::Comment => self.comment(token)?,
                TokenKind::Delimiter => self.delimiter(token)?,
                _ => self.code(token)?,
            };
            if piece.is_some() {
                return Ok(piece);
            }
        }
        self.last()
    }

    /// A comment says nothing, unless it is a marker.
    fn comment(&mut self, token: Token) -> Result<Option<Piece>, SqlError> {
        let comment = token.text(self.text);
        if let Some(words) = waiver::of_comment(comment) {
            self.waivers.push((self.lines.at(token.start), words));
        }
        let Some(marker) = marker::of(comment) else { return Ok(None) };
        let line = self.lines.at(token.start);
        let (message, remedy) = match marker {
            Marker::Begin if self.tokens.is_empty() => return self.marked(token, line),
            Marker::Begin => ("the statement before this marker has no end", "put a delimiter before the marker"),
            Marker::End => {
                ("this marker ends a statement that none begins", "put `-- windlass:statement begin` before it")
            }
            Marker::Unknown => {
                ("this is no marker", "write `-- windlass:statement begin` or `-- windlass:statement end`")
            }
        };
        Err(SqlError::on(line, message, remedy))
    }

    /// Everything up to the closing marker is one statement, whatever its tokens look like.
    fn marked(&mut self, token: Token, line: u32) -> Result<Option<Piece>, SqlError> {
        let Some((end, behind, Marker::End)) = marker::next(self.text, token.end) else {
            let remedy = "put `-- windlass:statement end` on a line of its own behind the statement";
            return Err(SqlError::on(line, "this marker begins a statement that none ends", remedy));
        };
        let mut tokens: Vec<Token> = self.scanner.up_to(end).filter(is_code).collect();
        while tokens.pop_if(|token| token.kind == TokenKind::Delimiter).is_some() {}
        self.scanner.jump(behind);
        Ok(self.of_tokens(tokens))
    }

    /// A delimiter ends the statement, unless it stands in a body.
    fn delimiter(&mut self, token: Token) -> Result<Option<Piece>, SqlError> {
        let in_body = self.scanner.delimiter_is_semicolon() && self.body.semicolon() == Semicolon::Inside;
        if in_body || self.scanner.in_code_comment() {
            self.tokens.push(token);
            return Ok(None);
        }
        self.cut()
    }

    /// A token of a statement, or a command of the client.
    fn code(&mut self, token: Token) -> Result<Option<Piece>, SqlError> {
        let is_first = self.tokens.is_empty();
        if self.dialect == Dialect::MySql && token.kind == TokenKind::Word && self.is_delimiter_line(token)? {
            return Ok(None);
        }
        if is_first && self.is_line_of_dashes(token) {
            self.scanner.take_line();
            return Ok(None);
        }
        if is_first || token.kind == TokenKind::Meta {
            let line = self.lines.at(token.start);
            client::refuse(self.dialect, self.text, token, is_first, line)?;
        }
        if token.kind == TokenKind::CodeOpen {
            self.code_comment_at = token.start;
        }
        if self.scanner.delimiter_is_semicolon() {
            self.body.follow(token, self.text);
        }
        self.tokens.push(token);
        Ok(None)
    }

    /// Whether `--` without a blank behind it stands before a statement: MariaDB's and MySQL's own client then passes the
    /// line over, as a comment; no statement begins so. Within one it is two signs (MySQL manual, "Comments").
    fn is_line_of_dashes(&self, token: Token) -> bool {
        self.dialect == Dialect::MySql && self.text[token.start..].starts_with("--")
    }

    /// Obeys a `DELIMITER` line (MySQL manual, mysql Client Commands), and says whether this was one.
    fn is_delimiter_line(&mut self, token: Token) -> Result<bool, SqlError> {
        if !token.text(self.text).eq_ignore_ascii_case("delimiter") {
            return Ok(false);
        }
        if let Some(first) = self.tokens.first() {
            return self.pending_before_delimiter(first.start, token).map(|()| false);
        }
        let delimiter = delimiter_of(self.scanner.take_line());
        if delimiter.is_empty() || delimiter.contains('\\') {
            let message = if delimiter.is_empty() {
                "`delimiter` names no delimiter"
            } else {
                "a delimiter cannot hold a backslash"
            };
            return Err(SqlError::on(self.lines.at(token.start), message, "write `DELIMITER //` or the like"));
        }
        self.scanner.set_delimiter(delimiter);
        Ok(true)
    }

    /// A `DELIMITER` line before the end of a statement: between `;`, a name; else the statement was not ended.
    fn pending_before_delimiter(&mut self, first: usize, token: Token) -> Result<(), SqlError> {
        let before = self.text[..token.start].trim_end_matches([' ', '\t']);
        if self.scanner.delimiter_is_semicolon() || !before.ends_with('\n') {
            return Ok(());
        }
        let message = format!("the statement that begins here is not ended by `{}`", self.scanner.delimiter());
        Err(SqlError::on(self.lines.at(first), message, "end it before the next DELIMITER line"))
    }

    /// Ends the statement here; nothing if there is none.
    fn cut(&mut self) -> Result<Option<Piece>, SqlError> {
        self.body = Body::before(self.dialect);
        let tokens = std::mem::take(&mut self.tokens);
        let Some(piece) = self.of_tokens(tokens) else { return Ok(None) };
        client::refuse_copy(self.dialect, self.text, &piece.tokens, piece.line)?;
        Ok(Some(piece))
    }

    /// What stands behind the last delimiter.
    fn last(&mut self) -> Result<Option<Piece>, SqlError> {
        if self.scanner.in_code_comment() {
            let line = self.lines.at(self.code_comment_at);
            return Err(SqlError::on(line, "this comment of code is never closed", "close it with `*/`"));
        }
        if let Some(open) = self.body.open() {
            return Err(SqlError::on(self.lines.at(open.at), open.message, marker::remedy(self.dialect)));
        }
        self.cut()
    }

    fn of_tokens(&mut self, tokens: Vec<Token>) -> Option<Piece> {
        let line = self.lines.at(tokens.first()?.start);
        Some(Piece { tokens, line })
    }

    fn unclosed(&mut self, token: Token) -> SqlError {
        let (message, remedy) = match token.kind {
            TokenKind::Comment | TokenKind::Symbol => ("this comment is never closed", "close it with `*/`"),
            TokenKind::DollarQuoted => ("this dollar quote is never closed", "close it with the tag that opens it"),
            TokenKind::QuotedName => {
                ("this quoted name is never closed", "close it, and double a quote that belongs to it")
            }
            _ => ("this string is never closed", "close it, and double a quote that belongs to it"),
        };
        SqlError::on(self.lines.at(token.start), message, remedy)
    }
}

impl Iterator for Splitter<'_> {
    type Item = Result<Piece, SqlError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.piece().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The delimiter that a line names: what its quotes hold, or its first word.
fn delimiter_of(line: &str) -> &str {
    let line = line.trim();
    for quote in ['\'', '"', '`'] {
        if let Some((inner, _)) = line.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner;
        }
    }
    line.split_whitespace().next().unwrap_or_default()
}

/// Whether a token counts. A comment that is never closed does: who wrote the markers knows what it is.
fn is_code(token: &Token) -> bool {
    match token.kind {
        TokenKind::Whitespace => false,
        TokenKind::Comment => !token.closed,
        _ => true,
    }
}
