//! The two checksums of a migration's texts.

use sha2::{Digest, Sha256};

use super::{
    Dialect, SqlError, keyword,
    splitter::{Piece, Splitter},
    token::TokenKind,
};

/// The lower-case hex SHA-256 over the texts, each preceded by its length as eight bytes, the lowest first.
pub fn of_bytes(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        add(&mut hash, text.as_bytes());
    }
    hex(hash)
}

/// The lower-case hex SHA-256 over the statements of the texts, by the first version of these rules ("tokens-v1"):
/// each text ends with `T`, each statement with `S`, and each token of code is one letter for its kind, its length as above,
/// and its bytes, in lower case where `keyword` says that case means nothing.
///
/// # Errors
/// As the splitter.
pub fn of_tokens(dialect: Dialect, texts: &[&str]) -> Result<String, SqlError> {
    let mut hash = Sha256::new();
    for text in texts {
        for piece in Splitter::over(dialect, text) {
            add_statement(&mut hash, dialect, text, &piece?);
        }
        hash.update(b"T");
    }
    Ok(hex(hash))
}

fn add_statement(hash: &mut Sha256, dialect: Dialect, text: &str, piece: &Piece) {
    let mut before = keyword::Before::Nothing;
    for (place, token) in piece.tokens.iter().enumerate() {
        let next = piece.tokens.get(place + 1).map_or("", |token| token.text(text));
        let folds = token.kind == TokenKind::Word && keyword::folds(dialect, token.text(text), before, next);
        before = keyword::Before::of(token.text(text), folds);
        hash.update([letter(token.kind)]);
        if folds {
            add(hash, token.text(text).to_ascii_lowercase().as_bytes());
        } else {
            add(hash, token.text(text).as_bytes());
        }
    }
    hash.update(b"S");
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
    use std::fmt::Write as _;
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
