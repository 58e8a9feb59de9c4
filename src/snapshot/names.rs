//! The only file names there are: a ULID and a few fixed endings. Nothing a person types becomes a path.

use crate::model::snapshot::SnapshotId;

/// The ending of a manifest.
const MANIFEST: &str = "json";
/// The ending of a payload, behind that of the dump.
const PAYLOAD: &str = "zst";
/// The ending of what is on its way.
const PART: &str = "part";

/// A dump's ending is short and plain: `dump`, `sql`, `db`.
const DUMP_ENDING_MAX: usize = 16;

/// What a file of the folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `<id>.json`.
    Manifest,
    /// `<id>.<ending>.zst`.
    Payload,
    /// Either, with `.part` behind it.
    Part,
}

/// The manifest's name.
pub(super) fn manifest(id: SnapshotId) -> String {
    format!("{id}.{MANIFEST}")
}

/// The payload's name; `None` when the dump's ending is not plain letters and digits.
pub(super) fn payload(id: SnapshotId, dump_ending: &str) -> Option<String> {
    is_ending(dump_ending).then(|| format!("{id}.{dump_ending}.{PAYLOAD}"))
}

/// The name of a file on its way.
pub(super) fn part(name: &str) -> String {
    format!("{name}.{PART}")
}

/// Whose file this is, and which; `None` for every name that is not one of ours.
pub(super) fn read(name: &str) -> Option<(SnapshotId, Kind)> {
    let mut words = name.split('.');
    let stem = words.next()?;
    let id: SnapshotId = stem.parse().ok()?;
    if id.to_string() != stem {
        return None; // A ULID may be read from several spellings; files have the one that we write.
    }
    let endings: Vec<&str> = words.collect();
    let kind = match endings.as_slice() {
        [MANIFEST] => Kind::Manifest,
        [ending, PAYLOAD] if is_ending(ending) => Kind::Payload,
        [MANIFEST, PART] => Kind::Part,
        [ending, PAYLOAD, PART] if is_ending(ending) => Kind::Part,
        _ => return None,
    };
    Some((id, kind))
}

fn is_ending(text: &str) -> bool {
    (1..=DUMP_ENDING_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
