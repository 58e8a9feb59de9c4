//! The two checksums of a migration's texts.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{
    Dialect, SqlError, keyword,
    scanner::Scanner,
    splitter::{Piece, Splitter},
    token::{Token, TokenKind},
};

/// The lower-case hex SHA-256 over the texts, each preceded by its length as eight bytes, the lowest first.
pub fn of_bytes(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        add(&mut hash, text.as_bytes());
    }
    hex(hash)
}

/// How much is gathered before it is hashed, in bytes: tokens are small.
const GATHERED_BYTES: usize = 4 * 1024;

/// The SHA-256 over the statements of texts, by the first version of these rules ("tokens-v1"): each text ends with `T`,
/// each statement with `S`, and each token of code is one letter for its kind, its length as above, and its bytes, in lower
/// case where `keyword` says that case means nothing. A line that ends with a carriage return and a line feed ends as one that
/// has the line feed alone, in a string or a body too: a check-out on another system changes all of them.
pub struct Tokens {
    dialect: Dialect,
    hash: Sha256,
    gathered: Vec<u8>,
}

impl Tokens {
    /// Over nothing yet.
    pub fn of(dialect: Dialect) -> Self {
        Self { dialect, hash: Sha256::new(), gathered: Vec::new() }
    }

    /// Adds a statement.
    pub fn statement(&mut self, text: &str, piece: &Piece) {
        let mut before = keyword::Before::Nothing;
        for (place, token) in piece.tokens.iter().enumerate() {
            let next = piece.tokens.get(place + 1).map_or("", |token| token.text(text));
            let word = token.text(text);
            let folds = token.kind == TokenKind::Word && keyword::folds(self.dialect, word, before, next);
            before = keyword::Before::of(self.dialect, word, folds);
            self.token(letter(token.kind), word, folds);
        }
        self.gathered.push(b'S');
    }

    fn token(&mut self, letter: u8, text: &str, folds: bool) {
        let text = if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
        let bytes = text.as_bytes();
        if self.gathered.len() + bytes.len() > GATHERED_BYTES {
            self.hash.update(&self.gathered);
            self.gathered.clear();
        }
        self.gathered.push(letter);
        self.gathered.extend((bytes.len() as u64).to_le_bytes());
        let from = self.gathered.len();
        self.gathered.extend(bytes);
        if folds {
            self.gathered[from..].make_ascii_lowercase();
        }
    }

    /// Ends a text.
    pub fn end_text(&mut self) {
        self.gathered.push(b'T');
    }

    /// In lower-case hex.
    pub fn hex(mut self) -> String {
        self.hash.update(&self.gathered);
        hex(self.hash)
    }
}

/// The lower-case hex of [`Tokens`] over all texts.
///
/// # Errors
/// As the splitter.
pub fn of_tokens(dialect: Dialect, texts: &[&str]) -> Result<String, SqlError> {
    let mut tokens = Tokens::of(dialect);
    for text in texts {
        for piece in Splitter::over(dialect, text) {
            tokens.statement(text, &piece?);
        }
        tokens.end_text();
    }
    Ok(tokens.hex())
}

/// The lower-case hex of [`Tokens`] over one statement, not ended by `T`. Never an error: a quote left open ends with the text.
pub fn of_statement(dialect: Dialect, text: &str) -> String {
    let is_code = |token: &Token| !matches!(token.kind, TokenKind::Whitespace | TokenKind::Comment);
    let piece = Piece { tokens: Scanner::over(dialect, text).filter(is_code).collect(), line: 1 };
    let mut tokens = Tokens::of(dialect);
    tokens.statement(text, &piece);
    tokens.hex()
}

/// The letter of a kind; a delimiter within a statement is a sign like others.
fn letter(kind: TokenKind) -> u8 {
    match kind {
        TokenKind::Word => b'w',
        TokenKind::Number => b'n',
        TokenKind::Text => b't',
        TokenKind::QuotedName => b'q',
        TokenKind::DollarQuoted => b'd',
        TokenKind::CodeOpen => b'o',
        TokenKind::CodeClose => b'c',
        TokenKind::Symbol | TokenKind::Delimiter => b's',
        TokenKind::Whitespace | TokenKind::Comment | TokenKind::Meta => b'x',
    }
}

fn add(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn hex(hash: Sha256) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = hash.finalize();
    let mut text = String::with_capacity(hash.len() * 2);
    for byte in hash {
        text.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]].map(char::from));
    }
    text
}
