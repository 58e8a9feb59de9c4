//! What Flyway's layout and refinery's share: files `V<version>__<name>.sql` in folders of any depth.

use semver::Version;

use super::numbered::plain;
use crate::{
    catalog::{
        draft::{Draft, Metadata, Numbering},
        folder::{Entry, Kind},
        reader::Reader,
    },
    model::migration::Identity,
};

/// How deep folders are looked into; a link may lead back to one above it.
const FOLDERS_DEEP_MAX: usize = 8;

/// A file's name, taken apart: `V1_2__add_users.sql`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileName<'a> {
    /// `V`, `U`, `B` or `R`.
    pub prefix: char,
    /// What stands before the two underscores; empty for `R`.
    pub version: &'a str,
    /// What stands behind them.
    pub name: &'a str,
    /// `sql`, or a language.
    pub ending: &'a str,
}

/// The parts of the last part of a path; `None` when it is of no such file.
pub fn file_name(place: &str) -> Option<FileName<'_>> {
    let file = place.rsplit('/').next().unwrap_or(place);
    let (stem, ending) = file.rsplit_once('.')?;
    let (head, name) = stem.split_once("__")?;
    let mut head = head.chars();
    let prefix = head.next().filter(|prefix| "VUBR".contains(*prefix))?;
    let version = head.as_str();
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_');
    let is_one = if prefix == 'R' { version.is_empty() } else { is_version };
    is_one.then_some(FileName { prefix, version, name, ending })
}

/// The numbers of a version, whose parts are parted by dots or underscores; `None` when one is too large or missing.
pub fn numbers(version: &str) -> Option<Vec<u64>> {
    version.split(['.', '_']).map(|part| part.parse().ok()).collect()
}

/// Whose files lie in the root, if any like these do. An undo of Flyway's has its version's twin, what refinery calls `U` has
/// not; all else that tells them apart is Flyway's.
pub fn whose(entries: &[Entry]) -> Option<Whose> {
    let files = entries.iter().filter(|entry| entry.kind == Kind::File);
    let names: Vec<FileName<'_>> = files.filter_map(|entry| file_name(&entry.name)).collect();
    let is_undo = |undo: &FileName<'_>| names.iter().any(|it| it.prefix == 'V' && it.version == undo.version);
    let is_flyway = |it: &FileName<'_>| match it.prefix {
        'V' => it.version.contains(['.', '_']),
        'U' => is_undo(it),
        _ => true,
    };
    let is_refinery = names.iter().any(|it| it.prefix == 'U' && !is_undo(it)) && !names.iter().any(is_flyway);
    let are_some = names.iter().any(|it| matches!(it.prefix, 'V' | 'U'));
    are_some.then_some(if is_refinery { Whose::Refinery } else { Whose::Flyway })
}

/// Whose files they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Flyway's; also where both would read the same.
    Flyway,
    /// refinery's.
    Refinery,
}

/// The path of every file, at any depth, by name.
pub fn every_file(reader: &mut Reader, entries: &[Entry]) -> Vec<String> {
    let mut files = Vec::new();
    below(reader, "", entries, FOLDERS_DEEP_MAX, &mut files);
    files
}

fn below(reader: &mut Reader, place: &str, entries: &[Entry], deep: usize, files: &mut Vec<String>) {
    for Entry { name, kind } in entries {
        let whole = if place.is_empty() { name.clone() } else { format!("{place}/{name}") };
        match kind {
            Kind::File => files.push(whole),
            Kind::Folder if deep == 0 => {
                let message = format!("folders are looked into {FOLDERS_DEEP_MAX} deep, and this one lies below");
                reader.fault("too-deep", whole, message, "move its files up");
            }
            Kind::Folder => {
                let inside = reader.list(&whole);
                below(reader, &whole, &inside, deep - 1, files);
            }
        }
    }
}

/// A migration without its scripts. Up to three numbers are its version, a fourth its place among those of that version.
pub fn draft(reader: &mut Reader, place: &str, file: &FileName<'_>) -> Option<Draft> {
    if file.name.is_empty() {
        reader.fault("file-name", place, "there is no name behind the version", "rename it to V<version>__<name>.sql");
        return None;
    }
    let identity = identity(file).or_else(|| {
        let message = format!("windlass knows versions of one to four numbers, and {} is none", file.version);
        reader.fault("version", place, message, "rename it, such as to V1.2.3.4__name.sql");
        None
    })?;
    Some(Draft {
        identity,
        number: None,
        numbering: Numbering::Placed,
        place: place.into(),
        metadata: Metadata::default(),
        up: None,
        backfill: None,
        down: None,
    })
}

/// `V1.2` is version 1.2.0. Leading zeros do not count.
fn identity(file: &FileName<'_>) -> Option<Identity> {
    let (version, sequence) = match *numbers(file.version)?.as_slice() {
        [major] => (Version::new(major, 0, 0), 0),
        [major, minor] => (Version::new(major, minor, 0), 0),
        [major, minor, patch] => (Version::new(major, minor, patch), 0),
        [major, minor, patch, more] => {
            (Version::new(major, minor, patch), u32::try_from(more).ok().filter(|more| *more < Identity::REPEATABLE)?)
        }
        _ => return None,
    };
    Some(Identity { version, sequence, name: plain(file.name) })
}

/// Tells of versions that are there twice, zeros aside.
pub fn must_differ(reader: &mut Reader, drafts: &[Draft]) {
    let mut sorted: Vec<&Draft> = drafts.iter().collect();
    sorted.sort_by_key(|draft| (&draft.identity.version, draft.identity.sequence));
    for pair in sorted.windows(2) {
        let [earlier, later] = pair else { continue };
        let same = |of: fn(&Identity) -> (&Version, u32)| of(&earlier.identity) == of(&later.identity);
        // one name of one version twice is told with all duplicates
        if same(|it| (&it.version, it.sequence)) && earlier.identity.name != later.identity.name {
            let message = format!("it has the version of {}", earlier.place);
            reader.fault("duplicate-migration", &*later.place, message, "give one of them another version");
        }
    }
}
