//! The portable export: JSON lines, written as the rows come.

use std::{io::Write, time::Duration};

use bytes::Bytes;
use tokio::time::timeout;

use super::json::{self, Cell, Kind};
use crate::engine::{DumpSink, EngineError};

/// The layout of the lines; 1.
const LAYOUT: u32 = 1;

/// So much is sent at once.
const PIECE_BYTES: usize = 128 * 1024;

/// How long whoever takes the export may need for a piece.
const PIECE_MS_MAX: u64 = 15 * 60_000;

/// A column, as the export tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Column {
    pub name: String,
    /// Its type, in the server's words.
    pub data_type: String,
    pub kind: Kind,
}

/// A table, as the export tells it: the columns whose values a row has, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
}

/// An export on its way. What is full is taken out by [`Export::full`] and sent by whoever writes the rows.
pub(in crate::engine) struct Export {
    lines: Vec<u8>,
    rows: u64,
    /// What stands before the values of the table at hand: `{"table":"x","row":{`, and each column's `"name":`.
    before: Vec<u8>,
    names: Vec<(Vec<u8>, Kind)>,
}

impl Export {
    /// Begins with the line that tells what follows.
    pub fn of(engine: &str, tables: &[Table]) -> Self {
        let mut lines = Vec::with_capacity(PIECE_BYTES);
        let _ = write!(lines, "{{\"windlass_export\":{LAYOUT},\"engine\":");
        json::text(&mut lines, engine);
        lines.extend_from_slice(b",\"tables\":[");
        for (index, table) in tables.iter().enumerate() {
            lines.extend_from_slice(if index == 0 { b"{\"name\":" } else { b",{\"name\":" });
            json::text(&mut lines, &table.name);
            lines.extend_from_slice(b",\"columns\":[");
            for (index, column) in table.columns.iter().enumerate() {
                lines.extend_from_slice(if index == 0 { b"{\"name\":" } else { b",{\"name\":" });
                json::text(&mut lines, &column.name);
                lines.extend_from_slice(b",\"type\":");
                json::text(&mut lines, &column.data_type);
                lines.push(b'}');
            }
            lines.extend_from_slice(b"]}");
        }
        lines.extend_from_slice(b"]}\n");
        Self { lines, rows: 0, before: Vec::new(), names: Vec::new() }
    }

    /// The rows that come now are of this table.
    pub fn turn_to(&mut self, table: &Table) {
        self.before.clear();
        self.before.extend_from_slice(b"{\"table\":");
        json::text(&mut self.before, &table.name);
        self.before.extend_from_slice(b",\"row\":{");
        let named = |(index, column): (usize, &Column)| {
            let mut name = if index == 0 { Vec::new() } else { vec![b','] };
            json::text(&mut name, &column.name);
            name.push(b':');
            (name, column.kind)
        };
        self.names = table.columns.iter().enumerate().map(named).collect();
    }

    /// Writes a row: a value for each column.
    pub fn row<'a>(&mut self, cells: impl Iterator<Item = Cell<'a>>) {
        self.lines.extend_from_slice(&self.before);
        for ((name, kind), cell) in self.names.iter().zip(cells) {
            self.lines.extend_from_slice(name);
            json::cell(&mut self.lines, *kind, cell);
        }
        self.lines.extend_from_slice(b"}}\n");
        self.rows += 1;
    }

    /// What is to be sent now, if it is enough to be worth it.
    pub fn full(&mut self) -> Option<Bytes> {
        if self.lines.len() < PIECE_BYTES {
            return None;
        }
        Some(std::mem::replace(&mut self.lines, Vec::with_capacity(PIECE_BYTES)).into())
    }

    /// The last lines; without them an export is not whole.
    pub fn end(mut self) -> Bytes {
        let _ = writeln!(self.lines, "{{\"end\":true,\"rows\":{}}}", self.rows);
        self.lines.into()
    }
}

/// Sends a piece of an export.
///
/// # Errors
/// When nobody takes it, or not in time.
pub(in crate::engine) async fn deliver(sink: &DumpSink, piece: Bytes) -> Result<(), EngineError> {
    let limit = Duration::from_millis(PIECE_MS_MAX);
    let sent = timeout(limit, sink.send(piece)).await.map_err(|_| EngineError::TimedOut(limit))?;
    sent.map_err(|_| gone())
}

/// What is said when nobody takes an export any more.
pub(in crate::engine) fn gone() -> EngineError {
    EngineError::Tool {
        program: "the portable export".to_owned(),
        reason: "was stopped: nobody takes it any more".to_owned(),
    }
}
