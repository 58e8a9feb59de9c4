//! Small documents that nobody can change unseen: JSON for people and programs, whose last member authenticates every byte
//! before it.
//!
//! ```text
//! {
//!   …,
//!   "hmac": "<HMAC-SHA256 over everything up to this opening quote, in lower-case hex>"
//! }
//! ```

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    ArchiveError,
    key::{Key, Keys, hex, is_name},
};
use crate::model::snapshot::{Manifest, Marks, SnapshotId};

/// The layout of manifests that this room reads and writes.
pub(super) const FORMAT: u32 = 1;

/// What stands before the digits.
const OPEN: &[u8] = b",\n  \"hmac\": \"";
/// What stands behind them, up to the end of the file.
const CLOSE: &[u8] = b"\"\n}\n";
/// How many digits there are.
const DIGITS: usize = 64;

/// The marks of a snapshot, with its name: those of another one are none.
#[derive(Serialize, Deserialize)]
struct MarksDocument {
    id: SnapshotId,
    marks: Marks,
}

/// What every layout has.
#[derive(Deserialize)]
struct Layout {
    format: u32,
}

/// The bytes of a manifest.
pub(super) fn of_manifest(manifest: &Manifest, key: &Key) -> Vec<u8> {
    seal(manifest, &key.manifests)
}

/// The bytes of a snapshot's marks.
pub(super) fn of_marks(id: SnapshotId, marks: &Marks, key: &Key) -> Vec<u8> {
    seal(&MarksDocument { id, marks: marks.clone() }, &key.marks)
}

/// Reads a manifest, once it is known to be the one that was written. `own_place` is where a key would lie, for who has none.
pub(super) fn manifest(
    id: SnapshotId,
    bytes: &[u8],
    keys: Option<&Keys>,
    own_place: &str,
) -> Result<Manifest, ArchiveError> {
    let key = keys.and_then(|keys| keys.all().iter().find(|key| is_sealed(bytes, &key.manifests)));
    let Some(key) = key else { return Err(stranger(id, bytes, keys, own_place)) };
    let unreadable = |reason: String| ArchiveError::Unreadable { id: id.to_string(), reason };
    let layout: Layout = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
    if layout.format != FORMAT {
        return Err(unreadable(format!("its format is {}; this windlass reads {FORMAT}", layout.format)));
    }
    let manifest: Manifest = read(bytes).map_err(unreadable)?;
    if manifest.id != id {
        return Err(ArchiveError::damaged(id, format!("its manifest is that of snapshot {}", manifest.id)));
    }
    if manifest.encryption.key_id != key.id {
        return Err(ArchiveError::damaged(id, "its manifest names another key than the one it was made with"));
    }
    Ok(manifest)
}

/// Reads a snapshot's marks.
pub(super) fn marks(id: SnapshotId, bytes: &[u8], keys: &Keys) -> Result<Marks, ArchiveError> {
    let unusable = |reason: String| ArchiveError::Marks { id: id.to_string(), reason };
    if !keys.all().iter().any(|key| is_sealed(bytes, &key.marks)) {
        return Err(unusable("they are not what was written, or were written with another key".to_owned()));
    }
    let document: MarksDocument = read(bytes).map_err(unusable)?;
    if document.id != id {
        return Err(unusable(format!("they are those of snapshot {}", document.id)));
    }
    Ok(document.marks)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

fn seal(document: &impl Serialize, key: &hmac::Key) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("a document of ours is JSON");
    bytes.truncate(bytes.len() - "\n}".len());
    bytes.extend_from_slice(OPEN);
    let digits = hex(hmac::sign(key, &bytes).as_ref());
    bytes.extend_from_slice(digits.as_bytes());
    bytes.extend_from_slice(CLOSE);
    bytes
}

/// Whether every byte is the one that was written by whoever has the key.
fn is_sealed(bytes: &[u8], key: &hmac::Key) -> bool {
    let Some(rest) = bytes.strip_suffix(CLOSE) else { return false };
    let Some(at) = rest.len().checked_sub(DIGITS) else { return false };
    let (told, digits) = rest.split_at(at);
    let Some(tag) = unhex(digits) else { return false };
    told.ends_with(OPEN) && hmac::verify(key, told, &tag).is_ok()
}

/// Bytes from lower-case hex, which has one spelling only.
fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// Why no key of ours fits: it was made with another one, or it is damaged. The one word that is taken from a document that
/// nobody vouches for is the name of a key, for a person to read.
fn stranger(id: SnapshotId, bytes: &[u8], keys: Option<&Keys>, own_place: &str) -> ArchiveError {
    #[derive(Deserialize)]
    struct Outline {
        encryption: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        key_id: String,
    }
    let outline: Option<Outline> = serde_json::from_slice(bytes).ok();
    match (outline.map(|outline| outline.encryption.key_id).filter(|name| is_name(name)), keys) {
        (Some(made_with), None) => {
            ArchiveError::KeyMissing { id: id.to_string(), made_with, path: own_place.to_owned() }
        }
        (Some(made_with), Some(keys)) if keys.named(&made_with).is_none() => {
            ArchiveError::WrongKey { id: id.to_string(), made_with, ours: keys.names() }
        }
        _ => ArchiveError::damaged(id, "its manifest is not the one that was written"),
    }
}
