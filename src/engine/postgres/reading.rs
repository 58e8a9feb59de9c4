//! Rows on their way: added up to digests, and told as an export if one is wanted.
//!
//! They come from `pg_dump`'s own output, as it passes: what is told is what the dump holds, and nothing is read twice. Tables
//! that are not found in it are read from the server, at the same moment.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use sqlx::PgConnection;
use tokio::{sync::mpsc::Receiver, time::timeout};

use super::{
    content::Relation,
    copy_text::{self, Lines},
    custom::{Custom, Expected},
    refusal,
};
use crate::engine::{
    DumpSink, EngineError,
    content::{self, Digests, Export, RowBytes, Tally},
};

/// The server may be silent so long within a table.
const SILENT_MS_MAX: u64 = 15 * 60_000;

/// What is found out of every table.
pub(super) struct Reading {
    relations: Arc<[Relation]>,
    custom: Custom,
    rows: Rows,
}

/// What was found so far.
struct Rows {
    tallies: Vec<Tally>,
    export: Option<(Export, DumpSink)>,
    /// The table that the export is at.
    turned_to: Option<usize>,
    row: RowBytes,
}

impl Reading {
    /// Of these tables; what is expected of a dump is in their order, or nothing.
    pub(super) fn of(relations: Arc<[Relation]>, expected: Vec<Expected>, export: Option<DumpSink>) -> Self {
        let export = export.map(|sink| {
            let tables: Vec<_> = relations.iter().map(|relation| relation.table.clone()).collect();
            (Export::of("PostgreSQL", &tables), sink)
        });
        let tallies = vec![Tally::default(); relations.len()];
        let rows = Rows { tallies, export, turned_to: None, row: RowBytes::default() };
        Self { relations, custom: Custom::of(expected), rows }
    }

    /// Reads what passes, to its end.
    ///
    /// # Errors
    /// When it is not what the program writes, or nobody takes the export.
    pub(super) async fn pass(mut self, mut pieces: Receiver<Bytes>) -> Result<Self, EngineError> {
        while let Some(piece) = pieces.recv().await {
            let Self { relations, custom, rows } = &mut self;
            custom
                .piece(&piece, |table, text| rows.take_in(relations, table, text))
                .map_err(|found| not_understood(&found))?;
            rows.deliver().await?;
        }
        Ok(self)
    }

    /// Reads the tables from the server that did not pass, in a session that holds the moment.
    pub(super) async fn complete(self, line: &mut PgConnection) -> Result<Digests, EngineError> {
        let Self { relations, custom, mut rows } = self;
        let passed = custom.end().map_err(|found| not_understood(&found))?;
        for table in (0..relations.len()).filter(|table| passed.get(*table) != Some(&true)) {
            rows.read(line, &relations, table).await?;
        }
        if let Some((lines, sink)) = rows.export {
            content::deliver(&sink, lines.end()).await?;
        }
        let digests = relations.iter().zip(&rows.tallies);
        Ok(digests.map(|(relation, tally)| (relation.table.name.clone(), tally.digest())).collect())
    }
}

fn not_understood(found: &str) -> EngineError {
    EngineError::Tool {
        program: "pg_dump".to_owned(),
        reason: format!("wrote what is not understood, {found}: report this with its version"),
    }
}

impl Rows {
    fn take_in(&mut self, relations: &[Relation], table: usize, text: &[u8]) {
        self.tallies[table].take_in(text);
        if let Some((lines, _)) = &mut self.export {
            let told = &relations[table].table;
            if self.turned_to.replace(table) != Some(table) {
                lines.turn_to(told);
            }
            copy_text::values(text, &told.columns, &mut self.row);
            lines.row(self.row.cells());
        }
    }

    /// Sends what there is of the export, if it is enough to be worth it.
    async fn deliver(&mut self) -> Result<(), EngineError> {
        match &mut self.export {
            Some((lines, sink)) => match lines.full() {
                Some(full) => content::deliver(sink, full).await,
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    async fn read(&mut self, line: &mut PgConnection, relations: &[Relation], table: usize) -> Result<(), EngineError> {
        let limit = Duration::from_millis(SILENT_MS_MAX);
        let late = |_| EngineError::TimedOut(limit);
        let failed = |error: sqlx::Error| refusal::of(&error);
        let copy = &relations[table].copy;
        let mut pieces = timeout(limit, line.copy_out_raw(copy)).await.map_err(late)?.map_err(failed)?;
        let mut parts = Lines::default();
        while let Some(piece) = timeout(limit, pieces.next()).await.map_err(late)? {
            parts.of(&piece.map_err(failed)?, |text| self.take_in(relations, table, text));
            self.deliver().await?;
        }
        Ok(())
    }
}
