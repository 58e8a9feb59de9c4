//! Tables for a person: with lines on a terminal, bare columns elsewhere.

use comfy_table::{Cell, Color, ContentArrangement, presets};

use crate::telemetry::harmless;

/// How a row stands out on a terminal with colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Not at all.
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Careful,
    /// Not as it should be.
    Bad,
}

impl Tone {
    fn colour(self) -> Option<Color> {
        match self {
            Self::Plain => None,
            Self::Good => Some(Color::Green),
            Self::Careful => Some(Color::Yellow),
            Self::Bad => Some(Color::Red),
        }
    }
}

/// A table.
pub(super) struct Table {
    header: Vec<&'static str>,
    rows: Vec<(Tone, Vec<String>)>,
}

impl Table {
    /// A table with these columns.
    pub fn of<const N: usize>(header: [&'static str; N]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// The same table with one more row.
    pub fn row<const N: usize>(mut self, tone: Tone, cells: [String; N]) -> Self {
        self.rows.push((tone, cells.into()));
        self
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As text that ends with a line break; nothing without rows.
    pub fn drawn(&self, terminal: bool, colours: bool) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut table = comfy_table::Table::new();
        table.load_style(if terminal { presets::UTF8_FULL_CONDENSED } else { presets::NOTHING });
        if !terminal {
            table.force_no_tty();
        }
        // a terminal of no width, as in some containers, would get columns of one letter
        table.set_content_arrangement(match table.width() {
            None | Some(0) => ContentArrangement::Disabled,
            Some(_) => ContentArrangement::Dynamic,
        });
        table.set_header(self.header.iter().copied());
        for (tone, cells) in &self.rows {
            let colour = tone.colour().filter(|_| colours);
            table.add_row(cells.iter().map(|text| cell(text, colour)));
        }
        let text: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        text.join("\n") + "\n"
    }
}

fn cell(text: &str, colour: Option<Color>) -> Cell {
    let cell = Cell::new(text.lines().map(harmless).collect::<Vec<_>>().join("\n"));
    match colour {
        Some(colour) => cell.fg(colour),
        None => cell,
    }
}
