//! The one file that prints: results on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::{arguments::Global, failure::Failure, table::Table};
use crate::telemetry::harmless;

/// The colour of the word `error`, and what ends it.
const RED: (&str, &str) = ("\u{1b}[31m", "\u{1b}[0m");

/// Where and how a command prints. A reader that went away is no fault of ours: what cannot be written is dropped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    /// As the command line asks.
    pub fn of(global: &Global) -> Self {
        Self { json: global.json, quiet: global.quiet }
    }

    /// For a command line that asks for JSON and is not understood otherwise.
    pub fn json() -> Self {
        Self { json: true, quiet: false }
    }

    /// Whether only one JSON document may be printed.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether nothing but results and errors is wanted.
    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Whether progress can be drawn, and a person asked.
    pub fn has_terminal(self) -> bool {
        io::stderr().is_terminal() && !self.quiet && !self.json
    }

    /// A result: as the one JSON document, or as what `human` makes of it.
    pub fn result<T: Serialize>(self, value: &T, human: impl FnOnce(Page) -> Page) {
        if self.json {
            document(value);
        } else {
            Self::text(&human(Page::of_stdout()).0);
        }
    }

    /// A result that is text whatever was asked for: a token, SQL, completions. With its last line ended.
    pub fn text(text: &str) {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let mut stdout = io::stdout().lock();
        let _ = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
    }

    /// Something on the way, for a person.
    pub fn note(self, text: &str) {
        if !self.quiet && !self.json {
            // one write, for standard error has no buffer
            let _ = io::stderr().lock().write_all(format!("{}\n", harmless(text)).as_bytes());
        }
    }

    /// What a person has to see before a question.
    pub fn aside(human: impl FnOnce(Page) -> Page) {
        let _ = write!(io::stderr().lock(), "{}", human(Page::of_stdout()).0);
    }

    /// Why the command did not come to its end.
    pub fn failure(self, failure: &Failure) {
        let mut stderr = io::stderr().lock();
        let _ = if self.json {
            writeln!(stderr, "{}", serde_json::to_string(failure).unwrap_or_default())
        } else {
            write!(stderr, "{}", told(failure, colours(stderr.is_terminal())))
        };
    }
}

fn document<T: Serialize>(value: &T) {
    // the model's own types always are JSON
    Output::text(&serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".to_owned()));
}

fn told(failure: &Failure, colours: bool) -> String {
    let (red, plain) = if colours { RED } else { ("", "") };
    let mut lines = failure.detail.lines().map(harmless);
    let mut told = vec![format!("{red}error:{plain} {}", lines.next().unwrap_or_default())];
    told.extend(lines.map(|line| format!("       {line}")));
    for finding in failure.blocking.iter().filter(|finding| !failure.detail.contains(&finding.message)) {
        told.push(format!("       {}: {}", harmless(&finding.place), harmless(&finding.message)));
    }
    if let Some(state) = &failure.target_state {
        told.push(format!("state: {}", harmless(state)));
    }
    if !failure.next_step.is_empty() {
        told.push(format!("next:  {}", harmless(&failure.next_step)));
    }
    told.join("\n") + "\n"
}

fn colours(terminal: bool) -> bool {
    terminal && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

/// Text for a person, line by line. What came from outside cannot steer the terminal.
pub(super) struct Page(String);

impl Page {
    fn of_stdout() -> Self {
        Self(String::new())
    }

    /// A line.
    pub fn line(mut self, text: impl AsRef<str>) -> Self {
        self.0.push_str(&harmless(text.as_ref()));
        self.0.push('\n');
        self
    }

    /// A table, after an empty line when something stands before it; nothing for one without rows.
    pub fn table(mut self, table: &Table) -> Self {
        let stdout = io::stdout();
        if !self.0.is_empty() && !table.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(&table.drawn(stdout.is_terminal(), colours(stdout.is_terminal())));
        self
    }

    /// What `each` adds for every item.
    pub fn all<T>(self, items: impl IntoIterator<Item = T>, each: impl Fn(Self, T) -> Self) -> Self {
        items.into_iter().fold(self, each)
    }

    /// SQL, with its line breaks; raw where a file or a program reads it.
    pub fn sql(mut self, sql: &str) -> Self {
        let raw = !io::stdout().is_terminal();
        for line in sql.lines() {
            let shown =
                if raw { line.to_owned() } else { line.split('\t').map(harmless).collect::<Vec<_>>().join("\t") };
            self.0.push_str(&shown);
            self.0.push('\n');
        }
        self
    }
}
