//! A stream into the folder.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Receiver;

use super::{ArchiveError, names, read};
use crate::model::snapshot::{Manifest, SnapshotId};

/// zstd's own default: about 500 MB/s on the text of a dump, for most of what a higher level saves.
const ZSTD_LEVEL: i32 = 3;

/// What was written, in the words of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The payload's file name.
    pub payload: String,
    /// Its size.
    pub payload_bytes: u64,
    /// Its SHA-256, in lower-case hex.
    pub payload_sha256: String,
    /// The size of the dump in it.
    pub dump_bytes: u64,
    /// The SHA-256 of the dump.
    pub dump_sha256: String,
}

/// Counts and hashes what passes.
pub(super) struct Measured<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Measured<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    pub(super) fn take_in(&mut self, piece: &[u8]) {
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What passed through, its size, and its SHA-256 in hex.
    pub(super) fn finish(self) -> (T, u64, String) {
        use std::fmt::Write as _;
        let hex = self.hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        (self.inner, self.bytes, hex)
    }
}

impl<T: Write> Write for Measured<T> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(piece)?;
        self.take_in(&piece[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes the payload under its own name; what fails leaves nothing behind.
pub(super) fn payload(
    folder: &Path,
    id: SnapshotId,
    dump_ending: &str,
    dump: Receiver<Bytes>,
    progress: impl FnMut(u64),
) -> Result<Written, ArchiveError> {
    prepare(folder)?;
    let Some(payload) = names::payload(id, dump_ending) else {
        let reason = format!("{dump_ending:?} is no file ending");
        return Err(ArchiveError::file(folder, io::Error::new(io::ErrorKind::InvalidInput, reason)));
    };
    let (place, part) = (folder.join(&payload), folder.join(names::part(&payload)));
    // A `.part` of the same id is another writer's, or left over: either way not ours to write over.
    if [&place, &part, &folder.join(names::manifest(id))].iter().any(|path| path.symlink_metadata().is_ok()) {
        return Err(ArchiveError::Exists(id));
    }
    let written = compress(&part, dump, progress)
        .and_then(|measured| prove(id, &part, measured))
        .and_then(|measured| name(folder, &part, &place).map(|()| measured));
    match written {
        Ok(Measures { payload_bytes, payload_sha256, dump_bytes, dump_sha256 }) => {
            Ok(Written { payload, payload_bytes, payload_sha256, dump_bytes, dump_sha256 })
        }
        Err(error) => {
            let _ = fs::remove_file(&part); // A sweep finds what stays.
            Err(error)
        }
    }
}

/// Writes the manifest aside, then gives it its name: from that moment on there is a snapshot.
pub(super) fn manifest(folder: &Path, manifest: &Manifest) -> Result<(), ArchiveError> {
    let place = folder.join(names::manifest(manifest.id));
    if place.symlink_metadata().is_ok() {
        return Err(ArchiveError::Exists(manifest.id));
    }
    let payload = read::payload_path(folder, manifest)?;
    let bytes = read::regular(&payload)?.len();
    if bytes != manifest.payload_bytes {
        let difference = format!("{} has {bytes} bytes, not {}", manifest.payload, manifest.payload_bytes);
        return Err(ArchiveError::damaged(manifest.id, difference));
    }
    let part = folder.join(names::part(&names::manifest(manifest.id)));
    let write = || {
        let mut text = serde_json::to_vec_pretty(manifest)?;
        text.push(b'\n');
        let mut file = create(&part)?;
        file.write_all(&text)?;
        file.sync_all()
    };
    let written = write().map_err(|error| ArchiveError::file(&part, error)).and_then(|()| name(folder, &part, &place));
    if written.is_err() {
        let _ = fs::remove_file(&part); // A sweep finds what stays.
    }
    written
}

/// Makes the folder when it is missing, and refuses one that is a link.
pub(super) fn prepare(folder: &Path) -> Result<(), ArchiveError> {
    if read::is_there(folder)? {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| ArchiveError::file(folder, error))
}

struct Measures {
    payload_bytes: u64,
    payload_sha256: String,
    dump_bytes: u64,
    dump_sha256: String,
}

fn compress(part: &Path, mut dump: Receiver<Bytes>, mut progress: impl FnMut(u64)) -> Result<Measures, ArchiveError> {
    let mut write = || {
        let file = Measured::new(create(part)?);
        let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL)?;
        encoder.include_checksum(true)?;
        let mut encoder = Measured::new(encoder);
        while let Some(piece) = dump.blocking_recv() {
            failpoint!("snap.piece", std::io::Error::from);
            encoder.write_all(&piece)?;
            progress(encoder.bytes());
        }
        let (encoder, dump_bytes, dump_sha256) = encoder.finish();
        let (file, payload_bytes, payload_sha256) = encoder.finish()?.finish();
        failpoint!("snap.sync", std::io::Error::from);
        file.sync_all()?;
        Ok(Measures { payload_bytes, payload_sha256, dump_bytes, dump_sha256 })
    };
    write().map_err(|error| ArchiveError::file(part, error))
}

/// Reads back what was written before it gets its name: a disk that lies is found now, not on the day it is needed.
fn prove(id: SnapshotId, part: &Path, measures: Measures) -> Result<Measures, ArchiveError> {
    let file = File::open(part).map_err(|error| ArchiveError::file(part, error))?;
    let (bytes, sha256) = read::measure(&file, &mut |_| ()).map_err(|error| ArchiveError::file(part, error))?;
    if (bytes, &sha256) == (measures.payload_bytes, &measures.payload_sha256) {
        return Ok(measures);
    }
    Err(ArchiveError::damaged(id, format!("{} reads back otherwise than it was written", part.display())))
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Gives a file its name, and makes the name last.
fn name(folder: &Path, part: &Path, place: &Path) -> Result<(), ArchiveError> {
    failpoint!("snap.name", |fault: crate::failpoint::Fault| ArchiveError::file(place, fault.into()));
    fs::rename(part, place).and_then(|()| sync(folder)).map_err(|error| ArchiveError::file(place, error))
}

/// Puts the folder's names on the disk (Linux manual, fsync(2): a file's own fsync does not reach its name).
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
