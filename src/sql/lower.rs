//! A short word in lower case, without an allocation.

/// The longest word that is compared with a keyword, in bytes; a longer one is no keyword here.
const WORD_BYTES_MAX: usize = 32;

/// A word in lower case; empty for one too long to be a keyword.
pub struct Lower {
    bytes: [u8; WORD_BYTES_MAX],
    length: usize,
}

impl Lower {
    /// No word.
    pub const NONE: Self = Self { bytes: [0; WORD_BYTES_MAX], length: 0 };

    /// A word in lower case (ASCII letters only, as keywords are).
    pub fn of(word: &str) -> Self {
        let mut lower = Self::NONE;
        if let Some(room) = lower.bytes.get_mut(..word.len()) {
            room.copy_from_slice(word.as_bytes());
            room.make_ascii_lowercase();
            lower.length = word.len();
        }
        lower
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The word, where it need not be text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
