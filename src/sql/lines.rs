//! Lines of a text, by offset.

use memchr::memchr_iter;

/// Counts lines up to an offset; asked in rising order, it reads the text once.
pub struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    /// At the start of a text.
    pub fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line that holds the byte at `offset`; the first is 1.
    pub fn at(&mut self, offset: usize) -> u32 {
        if offset < self.at {
            (self.at, self.line) = (0, 1);
        }
        let ends = memchr_iter(b'\n', &self.text[self.at..offset]).count();
        self.line = self.line.saturating_add(u32::try_from(ends).unwrap_or(u32::MAX));
        self.at = offset;
        self.line
    }
}
