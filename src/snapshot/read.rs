//! What was written, read again: passed on only after every byte of it has been proved.

use std::io::{self, BufReader, Read};

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use super::{
    ArchiveError,
    key::{Key, Keys},
    measure::{Measure, Measured, PIECE_BYTES, measure},
    names::{self, Kind},
    store::{Store, Stored},
};
use crate::model::snapshot::{Export, Manifest, Scheme, SnapshotId};

/// The largest window that is believed, as a power of two: level 3 has 2 MB; a forged one would take as much memory as it says.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Where the pieces of a dump go.
pub(super) type Sink = Sender<Result<Bytes, io::Error>>;

/// A file with everything that its manifest says of it.
pub(super) struct Parcel<'a> {
    id: SnapshotId,
    name: &'a str,
    scheme: Scheme,
    key_id: &'a str,
    stored: Measure,
    compressed: Measure,
    content: Measure,
}

impl<'a> Parcel<'a> {
    /// The payload. A name that could not be this snapshot's own is not looked up.
    pub fn payload(manifest: &'a Manifest) -> Result<Self, ArchiveError> {
        let of = |bytes, sha256: &String| Measure { bytes, sha256: sha256.clone() };
        let stored = of(manifest.payload_bytes, &manifest.payload_sha256);
        let compressed = of(manifest.compressed_bytes, &manifest.compressed_sha256);
        let content = of(manifest.dump_bytes, &manifest.dump_sha256);
        Self::of(manifest, &manifest.payload, Kind::Payload, [stored, compressed, content])
    }

    /// The export.
    pub fn export(manifest: &'a Manifest, export: &'a Export) -> Result<Self, ArchiveError> {
        let of = |bytes, sha256: &String| Measure { bytes, sha256: sha256.clone() };
        let stored = of(export.bytes, &export.sha256);
        let compressed = of(export.compressed_bytes, &export.compressed_sha256);
        let content = of(export.content_bytes, &export.content_sha256);
        Self::of(manifest, &export.file, Kind::Export, [stored, compressed, content])
    }

    /// The export, which not every snapshot has.
    pub fn export_of(manifest: &'a Manifest) -> Result<Self, ArchiveError> {
        let export = manifest.export.as_ref().ok_or(ArchiveError::NoExport(manifest.id))?;
        Self::export(manifest, export)
    }

    fn of(manifest: &'a Manifest, name: &'a str, kind: Kind, measures: [Measure; 3]) -> Result<Self, ArchiveError> {
        if names::read(name) != Some((manifest.id, kind)) {
            return Err(ArchiveError::damaged(
                manifest.id,
                format!("the manifest names {name:?} as a file of its own"),
            ));
        }
        let [stored, compressed, content] = measures;
        let (scheme, key_id) = (manifest.encryption.scheme, manifest.encryption.key_id.as_str());
        Ok(Self { id: manifest.id, name, scheme, key_id, stored, compressed, content })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Refuses a size that is not the one that was written.
    pub fn must_have(&self, bytes: Option<u64>) -> Result<(), ArchiveError> {
        match bytes {
            Some(bytes) if bytes == self.stored.bytes => Ok(()),
            Some(bytes) => Err(self.damaged(format!("{} has {bytes} bytes, not {}", self.name, self.stored.bytes))),
            None => Err(self.damaged(format!("its file {} is not there", self.name))),
        }
    }

    /// Refuses bytes that are not the ones that were written.
    pub fn must_be(&self, found: &Measure) -> Result<(), ArchiveError> {
        self.must_have(Some(found.bytes))?;
        self.same("SHA-256", &found.sha256, &self.stored.sha256)
    }

    /// The file, open, once every byte of it is known to be the one that was written.
    fn proved(&self, store: &dyn Store, progress: &mut dyn FnMut(u64)) -> Result<Box<dyn Stored>, ArchiveError> {
        let file = store.open(self.name)?;
        self.must_have(file.as_ref().map(|file| file.size()))?;
        let mut file = file.ok_or_else(|| self.damaged("its file is not there".to_owned()))?;
        let found = measure(&mut file, progress).map_err(|error| self.unreadable(store, error))?;
        self.must_be(&found)?;
        file.rewind().map_err(|error| self.unreadable(store, error))?;
        Ok(file)
    }

    /// Opens and decompresses a file that was proved, gives each piece to `take`, and compares the whole with the manifest.
    fn decode(
        &self,
        file: Box<dyn Stored>,
        keys: &Keys,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), ArchiveError> {
        let unusable = |error: io::Error| self.damaged(format!("{} cannot be opened: {error}", self.name));
        let compressed = Measured::new(self.unseal(file, keys)?);
        let mut decoder = zstd::Decoder::new(compressed).map_err(unusable)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(unusable)?;
        let mut content = Measured::new(());
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = decoder.read(&mut piece).map_err(unusable)?;
            if read == 0 {
                break;
            }
            content.take_in(&piece[..read]);
            if content.bytes() > self.content.bytes {
                return Err(self.damaged(format!("{} holds more than {} bytes", self.name, self.content.bytes)));
            }
            take(&piece[..read]).map_err(|error| ArchiveError::file(self.name.as_ref(), error))?;
        }
        let (_, compressed) = decoder.finish().into_inner().finish();
        let ((), content) = content.finish();
        self.same("size before encryption", &compressed.bytes.to_string(), &self.compressed.bytes.to_string())?;
        self.same("SHA-256 before encryption", &compressed.sha256, &self.compressed.sha256)?;
        self.same("size of the content", &content.bytes.to_string(), &self.content.bytes.to_string())?;
        self.same("SHA-256 of the content", &content.sha256, &self.content.sha256)
    }

    fn unseal(&self, file: Box<dyn Stored>, keys: &Keys) -> Result<Box<dyn Read>, ArchiveError> {
        if self.scheme == Scheme::None {
            return Ok(Box::new(file));
        }
        let wrong_key = || ArchiveError::WrongKey {
            id: self.id.to_string(),
            made_with: self.key_id.to_owned(),
            ours: keys.names(),
        };
        let identity = keys.named(self.key_id).map(Key::identity).ok_or_else(wrong_key)?;
        let unusable = |error: age::DecryptError| match error {
            age::DecryptError::NoMatchingKeys => wrong_key(),
            error => self.damaged(format!("{} cannot be opened: {error}", self.name)),
        };
        let decryptor = age::Decryptor::new_buffered(BufReader::with_capacity(PIECE_BYTES, file)).map_err(unusable)?;
        Ok(Box::new(decryptor.decrypt(std::iter::once(&*identity)).map_err(unusable)?))
    }

    fn same(&self, what: &str, found: &str, expected: &str) -> Result<(), ArchiveError> {
        if found == expected {
            return Ok(());
        }
        Err(self.damaged(format!("the {what} of {} is {found}, not {expected}", self.name)))
    }

    fn unreadable(&self, store: &dyn Store, error: io::Error) -> ArchiveError {
        ArchiveError::file(store.place_of(self.name).as_ref(), error)
    }

    fn damaged(&self, difference: String) -> ArchiveError {
        ArchiveError::damaged(self.id, difference)
    }
}

/// Reads all of a file and of what is in it, and compares both with the manifest.
pub(super) fn verify(
    store: &dyn Store,
    keys: &Keys,
    parcel: &Parcel<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), ArchiveError> {
    let file = parcel.proved(store, progress)?;
    parcel.decode(file, keys, |_| Ok(()))
}

/// Reads all of a file, compares it with the manifest, and tries the key; what is in it is not looked at.
pub(super) fn prove_stored(store: &dyn Store, keys: &Keys, parcel: &Parcel<'_>) -> Result<(), ArchiveError> {
    let file = parcel.proved(store, &mut |_| ())?;
    parcel.unseal(file, keys).map(drop)
}

/// Sends what is in a file, after all of it was proved.
pub(super) fn send(
    store: &dyn Store,
    keys: &Keys,
    parcel: &Parcel<'_>,
    sink: &Sink,
    progress: &mut dyn FnMut(u64),
) -> Result<(), ArchiveError> {
    let file = parcel.proved(store, &mut |_| ())?;
    let (mut sent, mut is_unread) = (0, false);
    let decoded = parcel.decode(file, keys, |piece| {
        sent += piece.len() as u64;
        progress(sent);
        is_unread = sink.blocking_send(Ok(Bytes::copy_from_slice(piece))).is_err();
        if is_unread { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    });
    if is_unread { Err(ArchiveError::Unread { id: parcel.id.to_string() }) } else { decoded }
}

/// Whether these bytes are the payload that a manifest tells of: size and SHA-256, nothing else, and nothing is passed on. It
/// is what every way of reading begins with.
///
/// # Errors
/// [`ArchiveError::Damaged`] says what differs; [`ArchiveError::File`] when they cannot be read.
pub fn prove(manifest: &Manifest, payload: impl Read) -> Result<(), ArchiveError> {
    let parcel = Parcel::payload(manifest)?;
    let found = measure(payload, &mut |_| ()).map_err(|error| ArchiveError::file(parcel.name.as_ref(), error))?;
    parcel.must_be(&found)
}
