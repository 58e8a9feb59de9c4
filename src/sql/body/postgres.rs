//! PostgreSQL: `;` stands in parentheses (`CREATE RULE … DO (a; b)`) and between `BEGIN ATOMIC` and its `END`.

use super::{Open, Semicolon};

/// How far the words of `CREATE [OR REPLACE] FUNCTION` have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Lead {
    #[default]
    Start,
    Create,
    Routine,
    Other,
}

/// The token before, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Before {
    /// `BEGIN`.
    Begin,
    /// `.` or `AS`: what follows is a name, whatever word it is.
    Name,
    #[default]
    Other,
}

/// Follows one statement.
#[derive(Debug, Default)]
pub struct Body {
    lead: Lead,
    before: Before,
    /// How many parentheses are open, and where the outermost is.
    parentheses: usize,
    parenthesis_at: usize,
    /// How many `BEGIN ATOMIC` and `CASE` wait for their `END`, and where the outermost is.
    blocks: usize,
    block_at: usize,
}

impl Body {
    /// Takes note of a token.
    pub fn follow(&mut self, at: usize, word: &str) {
        match word {
            "(" => {
                if self.parentheses == 0 {
                    self.parenthesis_at = at;
                }
                self.parentheses += 1;
            }
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => self.follow_word(at, word),
        }
        self.before = match word {
            "begin" => Before::Begin,
            "." | "as" => Before::Name,
            _ => Before::Other,
        };
    }

    fn follow_word(&mut self, at: usize, word: &str) {
        self.lead = match (self.lead, word) {
            (Lead::Start, "create") | (Lead::Create, "or" | "replace") => Lead::Create,
            (Lead::Create, "function" | "procedure") | (Lead::Routine, _) => Lead::Routine,
            _ => Lead::Other,
        };
        let is_block = self.blocks > 0 && self.before != Before::Name;
        match word {
            "atomic" if self.lead == Lead::Routine && self.before == Before::Begin && self.blocks == 0 => {
                (self.blocks, self.block_at) = (1, at);
            }
            "case" if is_block => self.blocks += 1,
            "end" if is_block => self.blocks -= 1,
            _ => {}
        }
    }

    /// What a `;` is here.
    pub fn semicolon(&mut self) -> Semicolon {
        self.before = Before::Other;
        if self.parentheses > 0 || self.blocks > 0 { Semicolon::Inside } else { Semicolon::Ends }
    }

    /// What is open at the end of the text.
    pub fn open(&self) -> Option<Open> {
        if self.blocks > 0 {
            Some(Open { at: self.block_at, message: "this BEGIN ATOMIC has no END" })
        } else if self.parentheses > 0 {
            Some(Open { at: self.parenthesis_at, message: "this parenthesis is never closed" })
        } else {
            None
        }
    }
}
