//! A native dump of the whole database, taken at one moment.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::mpsc::{self, Receiver},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    MYSQL,
    address::Address,
    content::{self as rows, Listed},
    inserts::Inserts,
    open::{self, Purpose},
    tool::{self, Credentials, Maker, Tool},
};
use crate::engine::{
    DumpSink, Dumped, EngineError, Session,
    content::{self, Digests, Export, Tally},
    pipe::{self, Out, PIECES_MAX},
};

/// How long the program may be silent, and how long a reader may take for a piece.
const PIECE_S_MAX: u64 = 30 * 60;

/// How long the program may take to end after its last byte.
const END_S_MAX: u64 = 60;

/// The words at the end of a whole dump; the program writes them after everything else went well (MariaDB manual,
/// "mariadb-dump", --comments and --dump-date).
const LAST_WORDS: &[u8] = b"-- Dump completed";

/// One consistent moment for `InnoDB` tables (`--single-transaction`), rows streamed and not collected (`--quick`), bytes
/// that no character set touches (`--hex-blob`), and no need for the PROCESS privilege (`--no-tablespaces`).
const ARGUMENTS: [&str; 9] = [
    "--single-transaction",
    "--quick",
    "--routines",
    "--events",
    "--triggers",
    "--hex-blob",
    "--default-character-set=utf8mb4",
    "--no-tablespaces",
    "--skip-dump-date",
];

/// MySQL's program writes the server's position into the dump and asks for statistics that MariaDB does not have.
const ARGUMENTS_MYSQL: [&str; 2] = ["--set-gtid-purged=OFF", "--column-statistics=0"];

/// Sends the dump into `sink`, and tells what it holds.
///
/// Rows are told from what passes ([`Inserts`]). The schema cannot be part of the dump's moment, as the server's own catalog
/// is of no transaction: it is looked at before and after, and must not have changed.
///
/// # Errors
/// When the server does not answer, the program is missing, it fails, or its output lacks its end; when the schema changed.
pub(super) async fn dump(
    address: &Address,
    scratch: &Path,
    sink: DumpSink,
    export: Option<DumpSink>,
) -> Result<Dumped, EngineError> {
    let mut session = open::open(address, Purpose::Read).await?;
    let product = session.server().product;
    let fingerprint = session.schema(None).await?.fingerprint();
    let tables = rows::tables(&mut session).await?.into();
    let program = program_for(product).await?;
    let (pieces, passing) = mpsc::channel(PIECES_MAX);
    // A task of its own: rows are read and hashed while the next ones come.
    let reading = Reading::of(program.clone(), tables, product, export).pass(passing);
    let reading = AbortOnDropHandle::new(tokio::spawn(reading));
    let reading = async { reading.await.map_err(|error| EngineError::Lost { reason: error.to_string() })? };
    let out = Out { sink, pieces: Some(pieces) };
    let ((), digests) = tokio::try_join!(run(&program, address, scratch, out, &[]), reading)?;
    if session.schema(None).await?.fingerprint() != fingerprint {
        let message = "the schema changed while it was dumped; try again when nobody changes it".to_owned();
        return Err(EngineError::Refused { code: "schema".to_owned(), message });
    }
    Box::new(session).close().await;
    Ok(Dumped { tool: program.version, fingerprint, tables: digests })
}

/// Sends what makes the schema into `sink`, without a row.
///
/// # Errors
/// As [`dump`].
pub(super) async fn schema(address: &Address, scratch: &Path, sink: DumpSink) -> Result<(), EngineError> {
    let session = open::open(address, Purpose::Read).await?;
    let product = session.server().product;
    Box::new(session).close().await;
    let program = program_for(product).await?;
    run(&program, address, scratch, Out { sink, pieces: None }, &["--no-data"]).await
}

async fn program_for(product: &str) -> Result<Tool, EngineError> {
    if product == MYSQL { Tool::mysqldump().await } else { Tool::find(["mariadb-dump", "mysqldump"]).await }
}

/// Runs the program to its end.
async fn run(program: &Tool, address: &Address, scratch: &Path, out: Out, more: &[&str]) -> Result<(), EngineError> {
    let credentials = Credentials::write(address, program.maker, scratch)?;
    let mut command = program.command(&credentials);
    tool::with(&mut command, &ARGUMENTS);
    tool::with(&mut command, more);
    if program.maker == Maker::MySql {
        tool::with(&mut command, &ARGUMENTS_MYSQL);
    }
    tool::with(&mut command, &["--", &address.database]);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| program.failed(&error.to_string()))?;
    let output = child.stdout.take().ok_or_else(|| program.failed("it has no output"))?;
    let errors = child.stderr.take();
    let sending = async {
        // Whoever takes the dump has all of it then, and need not wait for the program.
        let out = out;
        pipe::pump(output, &out, Duration::from_secs(PIECE_S_MAX), |words| program.failed(words)).await
    };
    let (sent, complaints) = tokio::join!(sending, tool::complaints(errors));
    let tail = match sent {
        Ok(tail) => tail,
        Err(error) => {
            let _ = child.start_kill();
            return Err(error);
        }
    };
    let limit = Duration::from_secs(END_S_MAX);
    let status = timeout(limit, child.wait()).await.map_err(|_| EngineError::TimedOut(limit))?;
    let status = status.map_err(|error| program.failed(&error.to_string()))?;
    if !status.success() {
        return Err(program.failed(&format!("{status}: {complaints}")));
    }
    if !tail.windows(LAST_WORDS.len()).any(|words| words == LAST_WORDS) {
        return Err(program.failed("its output stops before the end"));
    }
    Ok(())
}

/// What a dump is found to hold.
struct Reading {
    program: Tool,
    tables: Arc<[Listed]>,
    inserts: Inserts,
    tallies: Vec<Tally>,
    export: Option<(Export, DumpSink)>,
    /// The table that the export is at.
    turned_to: Option<usize>,
}

impl Reading {
    fn of(program: Tool, tables: Arc<[Listed]>, product: &str, export: Option<DumpSink>) -> Self {
        let told = || tables.iter().map(|listed| listed.table.clone()).collect::<Vec<_>>();
        Self {
            program,
            inserts: Inserts::of(Arc::clone(&tables)),
            tallies: vec![Tally::default(); tables.len()],
            export: export.map(|sink| (Export::of(product, &told()), sink)),
            turned_to: None,
            tables,
        }
    }

    /// Reads what passes, to its end.
    async fn pass(mut self, mut pieces: Receiver<Bytes>) -> Result<Digests, EngineError> {
        while let Some(piece) = pieces.recv().await {
            self.take_in(&piece).await?;
        }
        self.end().await
    }

    async fn take_in(&mut self, piece: &[u8]) -> Result<(), EngineError> {
        let Self { program, tables, inserts, tallies, export, turned_to } = self;
        let read = inserts.piece(piece, |table, row| {
            tallies[table].take_in(row.bytes());
            if let Some((lines, _)) = export {
                if *turned_to != Some(table) {
                    lines.turn_to(&tables[table].table);
                    *turned_to = Some(table);
                }
                lines.row(row.cells());
            }
        });
        read.map_err(|found| program.failed(&format!("its output has {found}, which is not understood")))?;
        if let Some((lines, sink)) = export
            && let Some(full) = lines.full()
        {
            content::deliver(sink, full).await?;
        }
        Ok(())
    }

    async fn end(self) -> Result<Digests, EngineError> {
        if let Some((lines, sink)) = self.export {
            content::deliver(&sink, lines.end()).await?;
        }
        let digests = self.tables.iter().zip(&self.tallies);
        Ok(digests.map(|(listed, tally)| (listed.table.name.clone(), tally.digest())).collect())
    }
}
