//! What the layouts of numbered files share: `<number>_<name>[.up|.down].sql`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use semver::Version;

use crate::{
    catalog::{
        draft::{Draft, Metadata, Numbering, Source},
        folder::{Entry, Kind},
        name::is_digits,
        reader::Reader,
        words::is_sql,
    },
    model::{finding::Finding, migration::Identity},
};

/// Which way a numbered file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `.up.sql`.
    Up,
    /// `.down.sql`.
    Down,
    /// `.sql` alone: forward, with no way back.
    Simple,
}

/// `20240501_add_users.up.sql`, taken apart.
#[derive(Debug)]
pub struct FileName<'a> {
    /// Its number.
    pub number: &'a str,
    name: &'a str,
    /// Which way it goes.
    pub way: Way,
}

/// The parts of a file's name; `None` when it is none of a numbered migration.
pub fn file_name(file: &str) -> Option<FileName<'_>> {
    let (number, rest) = file.strip_suffix(".sql")?.split_once('_')?;
    let (name, way) = match (rest.strip_suffix(".up"), rest.strip_suffix(".down")) {
        (Some(name), _) => (name, Way::Up),
        (_, Some(name)) => (name, Way::Down),
        _ => (rest, Way::Simple),
    };
    is_digits(number).then_some(FileName { number, name, way })
}

/// Reads a folder of numbered files. The files of one migration are told by their number, not by their name; forward
/// files alone may share a number, and are then its parts.
pub fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut backs: BTreeMap<u64, Source> = BTreeMap::new();
    let mut paired = BTreeSet::new();
    for Entry { name: file, kind } in entries {
        let Some(parts) = file_name(file).filter(|_| *kind == Kind::File) else {
            passed_over(reader, file, *kind);
            continue;
        };
        let Some(identity) = identity(reader, file, parts.number, parts.name) else { continue };
        let (number, source) = (identity.version.patch, reader.source(file));
        if parts.way != Way::Simple {
            paired.insert(number);
        }
        if parts.way != Way::Down {
            drafts.push(draft(identity, file, source));
        } else if let Some(source) = source
            && let Some(earlier) = backs.insert(number, source)
        {
            twice(reader, file, number, &earlier.file);
        }
    }
    shared(reader, &mut drafts, &paired);
    for draft in &mut drafts {
        draft.down = draft.number.and_then(|number| backs.remove(&number));
    }
    for (number, back) in backs {
        let message = format!("it goes back from number {number}, and no file goes there");
        reader.fault("missing-up-script", &*back.file, message, "add the .up.sql file, or remove this one");
    }
    drafts
}

/// The one file of a migration, whatever its name says of a way; `None`, with what is to be said of it, when it is none.
pub fn sole(reader: &mut Reader, Entry { name: file, kind }: &Entry) -> Option<(Identity, Option<Source>)> {
    let parts = file.strip_suffix(".sql").and_then(|stem| stem.split_once('_')).filter(|(number, _)| is_digits(number));
    let Some((number, name)) = parts.filter(|_| *kind == Kind::File) else {
        passed_over(reader, file, *kind);
        return None;
    };
    let identity = identity(reader, file, number, name)?;
    let source = reader.source(file);
    Some((identity, source))
}

/// A migration of which only number, name and place are known.
pub fn draft(identity: Identity, place: &str, up: Option<Source>) -> Draft {
    let number = Some(identity.version.patch);
    let numbering = Numbering::Sole;
    Draft {
        identity,
        number,
        numbering,
        place: place.into(),
        metadata: Metadata::default(),
        up,
        backfill: None,
        down: None,
    }
}

/// As [`read`] does with forward files alone: those that share a number are its parts.
pub fn in_parts(reader: &mut Reader, drafts: &mut [Draft]) {
    shared(reader, drafts, &BTreeSet::new());
}

/// Marks the forward files that share a number with forward files only, and tells of them: it may be two authors' mishap.
fn shared(reader: &mut Reader, drafts: &mut [Draft], paired: &BTreeSet<u64>) {
    let mut first: BTreeMap<u64, Arc<str>> = BTreeMap::new();
    let mut several = BTreeSet::new();
    for draft in drafts.iter() {
        let Some(number) = draft.number.filter(|number| !paired.contains(number)) else { continue };
        let Some(earlier) = first.get(&number) else {
            first.insert(number, draft.place.clone());
            continue;
        };
        several.insert(number);
        let message =
            format!("it has the number {number}, and so has {earlier}: they are applied in the order of their names");
        let finding = Finding::warning("shared-number", &*draft.place, message);
        reader.findings.push(finding.remedy("give one of them another number, unless they are parts of one change"));
    }
    for draft in drafts.iter_mut().filter(|draft| draft.number.is_some_and(|number| several.contains(&number))) {
        draft.numbering = Numbering::InParts;
    }
}

/// `0.0.<number>` and the name, with `_` for whatever is neither letter nor digit. A fault when there is none.
pub fn identity(reader: &mut Reader, place: &str, number: &str, name: &str) -> Option<Identity> {
    let Ok(number) = number.parse() else {
        let message = format!("the number {number} is larger than {}", u64::MAX);
        reader.fault("number", place, message, "give it a smaller number");
        return None;
    };
    if name.is_empty() {
        reader.fault("number", place, "there is no name after the number", "rename it to <number>_<name>");
        return None;
    }
    Some(Identity { version: Version::new(0, 0, number), sequence: 0, name: plain(name) })
}

/// A name with `_` for whatever is neither letter nor digit.
pub fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

/// The fault of two places with one number.
fn twice(reader: &mut Reader, place: &str, number: u64, earlier: &str) {
    let message = format!("it has the number {number}, and so has {earlier}");
    reader.fault("duplicate-migration", place, message, "give one of them another number");
}

/// SQL that begins with a digit was meant as a migration; anything else is only told of.
fn passed_over(reader: &mut Reader, place: &str, kind: Kind) {
    if kind == Kind::File && is_sql(place) && place.starts_with(|c: char| c.is_ascii_digit()) {
        let message = "the file's name does not name a migration";
        reader.fault("file-name", place, message, "rename it to <number>_<name>.sql, such as 0001_add_users.sql");
    } else {
        reader.stray(place);
    }
}
