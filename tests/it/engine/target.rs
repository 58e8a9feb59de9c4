//! An engine on an empty database, and what the tests of engines do with it.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use windlass::{
    engine::{self, Engine, RestoreError, Session},
    model::snapshot::Manifest,
};

use crate::harness::{
    database::{Database, On, fresh},
    sample,
};

/// An engine pointed at an empty database.
pub struct Target {
    pub engine: Arc<dyn Engine>,
    pub database: Database,
}

impl Target {
    pub fn at(database: Database) -> Self {
        let engine = engine::at(&database.url.clone().into()).expect("an engine for the URL");
        Self { engine, database }
    }

    pub async fn open(&self) -> Box<dyn Session> {
        self.engine.open().await.expect("a session")
    }

    pub async fn open_with_our_tables(&self) -> Box<dyn Session> {
        let mut session = self.open().await;
        create_our_tables(self, session.as_mut()).await;
        session
    }

    pub fn scratch(&self) -> &Path {
        self.database.folder.path()
    }
}

pub async fn target(on: On) -> Target {
    Target::at(fresh(on).await)
}

/// A dump with the manifest that belongs to it.
pub struct Dumped {
    pub bytes: Vec<u8>,
    pub manifest: Manifest,
}

impl Dumped {
    /// The bytes were changed: makes what the manifest says of them right.
    pub fn is_other(&mut self) {
        self.manifest.dump_sha256 = hex(&Sha256::digest(&self.bytes));
        self.manifest.dump_bytes = self.bytes.len() as u64;
    }
}

impl Target {
    pub async fn dump(&self, session: &mut dyn Session) -> Dumped {
        let (sink, mut source) = mpsc::channel(4);
        let dump = self.engine.dump(self.scratch(), sink, None);
        let receive = async {
            let mut bytes = Vec::new();
            while let Some(piece) = source.recv().await {
                bytes.extend_from_slice(&piece);
            }
            bytes
        };
        let (dumped, bytes) = tokio::join!(dump, receive);
        let dumped = dumped.expect("a dump");
        let manifest = Manifest {
            engine: session.server().product.to_owned(),
            server_version: session.server().version.clone(),
            tool: dumped.tool,
            schema_fingerprint: dumped.fingerprint,
            tables: dumped.tables,
            dump_sha256: hex(&Sha256::digest(&bytes)),
            dump_bytes: bytes.len() as u64,
            open_by_hand: self.engine.open_by_hand().to_owned(),
            ..sample::manifest()
        };
        Dumped { bytes, manifest }
    }

    pub async fn restore(&self, session: Box<dyn Session>, dumped: &Dumped) -> Result<Box<dyn Session>, RestoreError> {
        self.restored(session, dumped, None).await
    }

    /// The same for a run of this epoch.
    pub async fn restore_under(
        &self,
        session: Box<dyn Session>,
        dumped: &Dumped,
        epoch: i64,
    ) -> Result<Box<dyn Session>, RestoreError> {
        self.restored(session, dumped, Some(epoch)).await
    }

    async fn restored(
        &self,
        session: Box<dyn Session>,
        dumped: &Dumped,
        epoch: Option<i64>,
    ) -> Result<Box<dyn Session>, RestoreError> {
        let (sink, source) = mpsc::channel(4);
        let bytes = Bytes::copy_from_slice(&dumped.bytes);
        let send = async move {
            for start in (0..bytes.len()).step_by(PIECE_BYTES) {
                let piece = bytes.slice(start..bytes.len().min(start + PIECE_BYTES));
                if sink.send(Ok(piece)).await.is_err() {
                    break;
                }
            }
        };
        tokio::join!(self.engine.restore(session, self.scratch(), source, &dumped.manifest, epoch), send).0
    }
}

const PIECE_BYTES: usize = 10_000;

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub async fn fingerprint(session: &mut dyn Session) -> String {
    session.schema(None).await.expect("a schema").fingerprint()
}

pub async fn execute(session: &mut dyn Session, sql: &str) {
    session.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub async fn create_our_tables(target: &Target, session: &mut dyn Session) {
    for sql in target.engine.words().create_tables {
        session.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

pub async fn number(session: &mut dyn Session, sql: &str) -> i64 {
    let rows = session.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows[0].int(0).expect("an integer").expect("a value")
}
