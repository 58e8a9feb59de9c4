//! A snapshot read again: its manifest, and its payload only after every byte of it has been proved.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use super::{ArchiveError, names, write::Measured};
use crate::model::snapshot::{Manifest, SnapshotId};

/// The layout of manifests that this room reads.
const FORMAT: u32 = 1;

/// A manifest is a few kilobytes; a thousand migrations make it a few hundred.
const MANIFEST_BYTES_MAX: u64 = 64 * 1_024 * 1_024;

/// How much is read, and sent, at once.
const PIECE_BYTES: usize = 256 * 1_024;

/// Where the pieces of a dump go.
pub(super) type Sink = Sender<Result<Bytes, io::Error>>;

/// Whether the folder is there.
///
/// # Errors
/// When it is a link, or no folder.
pub(super) fn is_there(folder: &Path) -> Result<bool, ArchiveError> {
    match folder.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => Err(ArchiveError::Link { path: folder.display().to_string() }),
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(ArchiveError::file(folder, io::ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ArchiveError::file(folder, error)),
    }
}

/// The facts of a file that must be a plain one.
pub(super) fn regular(path: &Path) -> Result<Metadata, ArchiveError> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => Ok(metadata),
        Ok(metadata) if metadata.is_symlink() => Err(ArchiveError::Link { path: path.display().to_string() }),
        Ok(_) => Err(ArchiveError::file(path, io::Error::other("it is no file"))),
        Err(error) => Err(ArchiveError::file(path, error)),
    }
}

/// Reads a manifest.
pub(super) fn manifest(folder: &Path, id: SnapshotId) -> Result<Manifest, ArchiveError> {
    let path = folder.join(names::manifest(id));
    let unreadable = |reason: String| ArchiveError::Unreadable { path: path.display().to_string(), reason };
    if !is_there(folder)? {
        return Err(ArchiveError::Missing(id));
    }
    match regular(&path) {
        Ok(metadata) if metadata.len() > MANIFEST_BYTES_MAX => {
            return Err(unreadable(format!("it has more than {MANIFEST_BYTES_MAX} bytes")));
        }
        Ok(_) => {}
        Err(ArchiveError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(ArchiveError::Missing(id));
        }
        Err(error) => return Err(error),
    }
    let text = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    if manifest.format != FORMAT {
        return Err(unreadable(format!("its format is {}; this windlass reads {FORMAT}", manifest.format)));
    }
    if manifest.id != id {
        return Err(unreadable(format!("it belongs to snapshot {}", manifest.id)));
    }
    Ok(manifest)
}

/// Where the payload lies: a name that could not be this snapshot's own is not looked up.
pub(super) fn payload_path(folder: &Path, manifest: &Manifest) -> Result<PathBuf, ArchiveError> {
    match names::read(&manifest.payload) {
        Some((id, names::Kind::Payload)) if id == manifest.id => Ok(folder.join(&manifest.payload)),
        _ => {
            Err(ArchiveError::damaged(manifest.id, format!("the manifest names {:?} as its payload", manifest.payload)))
        }
    }
}

/// Size and SHA-256 of a file, from its beginning.
pub(super) fn measure(mut file: &File, progress: &mut dyn FnMut(u64)) -> io::Result<(u64, String)> {
    let mut measured = Measured::new(());
    let mut piece = vec![0; PIECE_BYTES];
    file.seek(SeekFrom::Start(0))?;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            let ((), bytes, sha256) = measured.finish();
            return Ok((bytes, sha256));
        }
        measured.take_in(&piece[..read]);
        progress(measured.bytes());
    }
}

/// Reads all of the payload and of the dump in it, and compares both with the manifest.
pub(super) fn verify(folder: &Path, id: SnapshotId, progress: &mut dyn FnMut(u64)) -> Result<Manifest, ArchiveError> {
    let manifest = manifest(folder, id)?;
    let file = proved(folder, &manifest, progress)?;
    decode(&file, &manifest, |_| Ok(()))?;
    Ok(manifest)
}

/// Sends the dump, after all of the payload was proved. A failure goes into the sink as well, for its end means a whole dump.
pub(super) fn open(
    folder: &Path,
    id: SnapshotId,
    sink: &Sink,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, ArchiveError> {
    let outcome = manifest(folder, id).and_then(|manifest| {
        let file = proved(folder, &manifest, &mut |_| ())?;
        let mut sent = 0;
        decode(&file, &manifest, |piece| {
            sent += piece.len() as u64;
            progress(sent);
            let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes the dump any more");
            sink.blocking_send(Ok(Bytes::copy_from_slice(piece))).map_err(|_| gone())
        })?;
        Ok(manifest)
    });
    if let Err(error) = &outcome {
        let _ = sink.blocking_send(Err(io::Error::other(error.to_string())));
    }
    outcome
}

/// The payload, open, once every byte of it is known to be the one that was written.
fn proved(folder: &Path, manifest: &Manifest, progress: &mut dyn FnMut(u64)) -> Result<File, ArchiveError> {
    let path = payload_path(folder, manifest)?;
    let damaged = |difference: String| ArchiveError::damaged(manifest.id, difference);
    let bytes = match regular(&path) {
        Ok(metadata) => metadata.len(),
        Err(ArchiveError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(damaged(format!("its payload {} is not there", path.display())));
        }
        Err(error) => return Err(error),
    };
    if bytes != manifest.payload_bytes {
        return Err(damaged(format!("{} has {bytes} bytes, not {}", path.display(), manifest.payload_bytes)));
    }
    let file = File::open(&path).map_err(|error| ArchiveError::file(&path, error))?;
    let (_, sha256) = measure(&file, progress).map_err(|error| ArchiveError::file(&path, error))?;
    if sha256 != manifest.payload_sha256 {
        let expected = &manifest.payload_sha256;
        return Err(damaged(format!("the SHA-256 of {} is {sha256}, not {expected}", path.display())));
    }
    Ok(file)
}

/// Decompresses a payload, gives each piece to `take`, and compares the whole with the manifest.
fn decode(
    mut file: &File,
    manifest: &Manifest,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), ArchiveError> {
    let damaged = |difference: String| ArchiveError::damaged(manifest.id, difference);
    let unusable = |error: io::Error| damaged(format!("{} does not decompress: {error}", manifest.payload));
    file.seek(SeekFrom::Start(0)).map_err(unusable)?;
    let mut decoder = zstd::Decoder::new(file).map_err(unusable)?;
    let mut measured = Measured::new(());
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = decoder.read(&mut piece).map_err(unusable)?;
        if read == 0 {
            break;
        }
        measured.take_in(&piece[..read]);
        if measured.bytes() > manifest.dump_bytes {
            break; // More than there was: the size below says so, and nothing of it is passed on.
        }
        take(&piece[..read]).map_err(|error| ArchiveError::file(Path::new(&manifest.payload), error))?;
    }
    let ((), bytes, sha256) = measured.finish();
    if bytes != manifest.dump_bytes {
        return Err(damaged(format!("the dump has {bytes} bytes, not {}", manifest.dump_bytes)));
    }
    if sha256 != manifest.dump_sha256 {
        return Err(damaged(format!("the SHA-256 of the dump is {sha256}, not {}", manifest.dump_sha256)));
    }
    Ok(())
}
