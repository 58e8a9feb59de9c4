//! Which server answers.

/// Which server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its word for itself: `PostgreSQL`, `MariaDB`, `MySQL`, `SQLite`.
    pub product: &'static str,
    /// Its version as it prints it.
    pub version: String,
    /// Major and minor, for comparisons.
    pub number: (u32, u32),
}

impl Server {
    /// Its version in three numbers; what it does not print is 0.
    #[must_use]
    pub fn release(&self) -> (u32, u32, u32) {
        let third = self.version.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()).nth(2);
        let is_dotted = self.version.split_whitespace().next().is_some_and(|first| first.matches('.').count() >= 2);
        let patch = third.filter(|_| is_dotted).and_then(|part| part.parse().ok()).unwrap_or(0);
        (self.number.0, self.number.1, patch)
    }
}
