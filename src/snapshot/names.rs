//! The only file names there are: a ULID and a few fixed endings. Nothing a person types becomes a path.

use crate::model::snapshot::{Scheme, SnapshotId};

/// The ending of a manifest.
const MANIFEST: &str = "json";
/// What stands before that ending in the name of what was learned of a snapshot.
const MARKS: &str = "marks";
/// What stands between id and compression in the name of an export.
const EXPORT: [&str; 2] = ["export", "jsonl"];
/// The ending of a payload, behind that of the dump.
const PAYLOAD: &str = "zst";
/// The ending of what is sealed, behind everything else.
const SEALED: &str = "age";
/// The ending of what is on its way.
const PART: &str = "part";
/// The ending of a note about an upload that is under way.
const UPLOAD: &str = "upload";

/// A dump's ending is short and plain: `dump`, `sql`, `db`.
const DUMP_ENDING_MAX: usize = 16;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `<id>.json`.
    Manifest,
    /// `<id>.marks.json`.
    Marks,
    /// `<id>.<ending>.zst`, with `.age` behind it when it is sealed.
    Payload,
    /// `<id>.export.jsonl.zst`, with `.age` behind it when it is sealed.
    Export,
    /// Any of them, with `.part` behind it.
    Part,
}

/// The manifest's name.
pub(super) fn manifest(id: SnapshotId) -> String {
    format!("{id}.{MANIFEST}")
}

/// The name of what was learned of a snapshot.
pub(super) fn marks(id: SnapshotId) -> String {
    format!("{id}.{MARKS}.{MANIFEST}")
}

/// The payload's name; `None` when the dump's ending is not plain letters and digits.
pub(super) fn payload(id: SnapshotId, dump_ending: &str, scheme: Scheme) -> Option<String> {
    is_ending(dump_ending).then(|| sealed(format!("{id}.{dump_ending}.{PAYLOAD}"), scheme))
}

/// The export's name.
pub(super) fn export(id: SnapshotId, scheme: Scheme) -> String {
    let [before, ending] = EXPORT;
    sealed(format!("{id}.{before}.{ending}.{PAYLOAD}"), scheme)
}

fn sealed(name: String, scheme: Scheme) -> String {
    match scheme {
        Scheme::Age => format!("{name}.{SEALED}"),
        Scheme::None => name,
    }
}

/// The name of a file on its way.
pub(super) fn part(name: &str) -> String {
    format!("{name}.{PART}")
}

/// The name of the note about an upload.
pub(super) fn upload(name: &str) -> String {
    format!("{name}.{UPLOAD}")
}

/// What is uploaded, by the name of the note about it; `None` for every other name.
pub(super) fn of_upload(note: &str) -> Option<&str> {
    let name = note.strip_suffix(UPLOAD)?.strip_suffix('.')?;
    matches!(read(name), Some((_, Kind::Payload | Kind::Export))).then_some(name)
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
        [whole @ .., PART] if kind(whole).is_some() => Kind::Part,
        // Marks are written by several at once, so each writer's file has a name of its own.
        [MARKS, MANIFEST, writer, PART] if writer.parse::<SnapshotId>().is_ok() => Kind::Part,
        whole => kind(whole)?,
    };
    Some((id, kind))
}

fn kind(endings: &[&str]) -> Option<Kind> {
    match endings {
        [MANIFEST] => Some(Kind::Manifest),
        [MARKS, MANIFEST] => Some(Kind::Marks),
        [ending, PAYLOAD] | [ending, PAYLOAD, SEALED] if is_ending(ending) => Some(Kind::Payload),
        [before, ending, PAYLOAD] | [before, ending, PAYLOAD, SEALED] if [*before, *ending] == EXPORT => {
            Some(Kind::Export)
        }
        _ => None,
    }
}

fn is_ending(text: &str) -> bool {
    (1..=DUMP_ENDING_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
