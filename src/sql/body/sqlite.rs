//! SQLite: the states of `sqlite3_complete` (SQLite documentation, Determine If An SQL Statement Is Complete):
//! a trigger ends with `;`, `END` and another `;`.

use super::{Open, Semicolon};

/// How far the statement has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Start,
    /// Any other statement.
    Normal,
    /// Behind `EXPLAIN`, or `EXPLAIN QUERY PLAN`.
    Explain,
    /// Behind `CREATE`, or `CREATE TEMP`.
    Create,
    /// In a trigger.
    Trigger,
    /// In a trigger, behind a `;`.
    Semicolon,
    /// In a trigger, behind `;` and `END`.
    End,
}

/// Follows one statement.
#[derive(Debug, Default)]
pub struct Body {
    state: State,
    /// Where `TRIGGER` stands, then where the first `BEGIN` behind it does.
    opened_at: usize,
    has_begun: bool,
}

impl Body {
    /// Takes note of a token.
    pub fn follow(&mut self, at: usize, word: &str) {
        self.state = match (self.state, word) {
            (State::Start, "explain") | (State::Explain, "query" | "plan") => State::Explain,
            (State::Start | State::Explain, "create") | (State::Create, "temp" | "temporary") => State::Create,
            (State::Create, "trigger") => {
                self.opened_at = at;
                State::Trigger
            }
            (State::Semicolon, "end") => State::End,
            (State::Trigger | State::Semicolon | State::End, _) => State::Trigger,
            _ => State::Normal,
        };
        if self.state == State::Trigger && word == "begin" && !self.has_begun {
            (self.opened_at, self.has_begun) = (at, true);
        }
    }

    /// What a `;` is here.
    pub fn semicolon(&mut self) -> Semicolon {
        match self.state {
            State::Trigger | State::Semicolon => {
                self.state = State::Semicolon;
                Semicolon::Inside
            }
            _ => Semicolon::Ends,
        }
    }

    /// What is open at the end of the text.
    pub fn open(&self) -> Option<Open> {
        let is_open = matches!(self.state, State::Trigger | State::Semicolon);
        is_open.then_some(Open { at: self.opened_at, message: "this trigger has no `END;` behind a `;`" })
    }
}
