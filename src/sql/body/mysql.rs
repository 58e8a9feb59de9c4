//! MariaDB and MySQL: the blocks of triggers, routines and events, written without `DELIMITER` lines.
//!
//! `IF`, `CASE`, `REPEAT` and the like open a block only where a statement may begin; elsewhere they are functions,
//! expressions, or the end of `DROP … IF EXISTS`. What this cannot know: an unqualified column called `end`.

use super::{Open, Semicolon};

/// What waits for an `END`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// `BEGIN`, `LOOP`, `REPEAT`: statements follow at once.
    Statements,
    /// `IF` and the statement `CASE`: statements follow `THEN` and `ELSE`.
    Branches,
    /// `WHILE` and `FOR`: statements follow `DO`.
    Loop,
    /// `CASE` as an expression: no statements inside.
    Expression,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// The first word.
    #[default]
    Start,
    /// Behind `BEGIN` as first word: a transaction, or `NOT ATOMIC`.
    Begin,
    /// Behind `CREATE` or `ALTER`, before what it creates.
    Header,
    /// In the header of a trigger or an event, until the word before its body.
    Until(&'static str),
    /// Before a body: a statement may begin here, or more words of the header come.
    Before,
    /// A statement begins here.
    Fresh,
    /// Behind `DECLARE`.
    Declare,
    /// Within a statement.
    Within,
    /// No body, or behind it: the next `;` ends the statement.
    Plain,
}

/// The token before, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Previous {
    /// `.` or `@`: what follows is a name.
    Sigil,
    /// `END`: what follows says which.
    End,
    /// `PROCEDURE`, `FUNCTION`: what follows begins no statement.
    Routine,
    /// `RETURNS`, `CHARACTER`: a `SET` that follows belongs to a type.
    Type,
    #[default]
    Other,
}

/// Follows one statement.
#[derive(Debug, Default)]
pub struct Body {
    place: Place,
    previous: Previous,
    blocks: Vec<Block>,
    parentheses: usize,
    opened_at: usize,
}

impl Body {
    /// Takes note of a token.
    pub fn follow(&mut self, at: usize, word: &str) {
        match word {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        if self.previous != Previous::Sigil {
            self.step(at, word);
        }
        self.previous = match word {
            "." | "@" => Previous::Sigil,
            "end" if self.previous != Previous::Sigil => Previous::End,
            "procedure" | "function" => Previous::Routine,
            "returns" | "character" | "char" => Previous::Type,
            _ => Previous::Other,
        };
    }

    fn step(&mut self, at: usize, word: &str) {
        match (self.place, word) {
            (Place::Start, "create" | "alter") => self.place = Place::Header,
            (Place::Start, "begin") => (self.place, self.opened_at) = (Place::Begin, at),
            (Place::Start, "if" | "case" | "loop" | "while" | "repeat" | "for") => self.begin(at, word),
            (Place::Begin, "not") => {
                self.blocks.push(Block::Statements);
                self.place = Place::Fresh;
            }
            (Place::Start | Place::Begin, _) => self.place = Place::Plain,
            (Place::Header, _) => self.header(word),
            (Place::Until(end), _) if end == word => self.place = Place::Before,
            (Place::Until(_) | Place::Plain, _) => {}
            (Place::Before, _) => self.before_body(at, word),
            (Place::Fresh | Place::Declare | Place::Within, _) => self.body(at, word),
        }
    }

    fn header(&mut self, word: &str) {
        self.place = match word {
            "trigger" => Place::Until("row"),
            "event" => Place::Until("do"),
            "procedure" | "function" => Place::Before,
            "table" | "temporary" | "view" | "index" | "unique" | "fulltext" | "spatial" | "database" | "schema"
            | "user" | "role" | "server" | "sequence" | "tablespace" | "logfile" | "undo" => Place::Plain,
            _ => Place::Header,
        };
    }

    /// Before the body of a routine, a trigger, an event or a handler, among the words of its header.
    fn before_body(&mut self, at: usize, word: &str) {
        let is_handler = !self.blocks.is_empty();
        match word {
            _ if self.previous == Previous::Routine || (!is_handler && self.parentheses > 0) => {}
            "set" if self.previous == Previous::Type => {}
            "for" if is_handler => {}
            "begin" | "if" | "case" | "loop" | "while" | "repeat" | "for" => self.begin(at, word),
            "return" | "set" | "select" | "insert" | "update" | "delete" | "replace" | "call" | "with" | "values"
            | "signal" | "resignal" | "leave" | "iterate" | "open" | "close" | "fetch" | "execute" | "prepare"
            | "drop" | "create" | "alter" | "truncate" | "commit" | "rollback" | "start" => {
                self.place = if is_handler { Place::Within } else { Place::Plain };
            }
            _ => {}
        }
    }

    /// Within a body.
    fn body(&mut self, at: usize, word: &str) {
        let (is_fresh, innermost) = (self.place == Place::Fresh, self.blocks.last().copied());
        match word {
            "end" => self.end(),
            "if" | "case" | "loop" | "while" | "repeat" | "for" if self.previous == Previous::End => {}
            "not" | "atomic" if is_fresh => {}
            "begin" | "if" | "case" | "loop" | "while" | "repeat" | "for" if is_fresh => self.begin(at, word),
            "case" => self.blocks.push(Block::Expression),
            "then" | "else" if innermost != Some(Block::Expression) => self.place = Place::Fresh,
            "do" if !is_fresh && innermost == Some(Block::Loop) => self.place = Place::Fresh,
            ":" => self.place = Place::Fresh,
            "declare" if is_fresh => self.place = Place::Declare,
            "handler" if self.place == Place::Declare => self.place = Place::Before,
            _ if self.place == Place::Declare => {}
            _ => self.place = Place::Within,
        }
    }

    /// Opens the block of a statement.
    fn begin(&mut self, at: usize, word: &str) {
        if self.blocks.is_empty() {
            self.opened_at = at;
        }
        let (block, place) = match word {
            "if" | "case" => (Block::Branches, Place::Within),
            "while" | "for" => (Block::Loop, Place::Within),
            _ => (Block::Statements, Place::Fresh),
        };
        self.blocks.push(block);
        self.place = place;
    }

    /// Closes the innermost block.
    fn end(&mut self) {
        let closed = self.blocks.pop();
        let stays = closed == Some(Block::Expression) && self.place == Place::Declare;
        self.place = match self.blocks.is_empty() {
            true => Place::Plain,
            false if stays => Place::Declare,
            false => Place::Within,
        };
    }

    /// What a `;` is here.
    pub fn semicolon(&mut self) -> Semicolon {
        self.previous = Previous::Other;
        if self.blocks.is_empty() {
            return Semicolon::Ends;
        }
        self.place = Place::Fresh;
        Semicolon::Inside
    }

    /// What is open at the end of the text.
    pub fn open(&self) -> Option<Open> {
        (!self.blocks.is_empty()).then_some(Open { at: self.opened_at, message: "this block has no END" })
    }
}
