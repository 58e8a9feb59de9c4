//! Flyway: `V<version>__<name>.sql`, `U<version>__<name>.sql` as its way back, in folders of any depth (Flyway's
//! documentation, "Migrations"). A version is numbers parted by dots or underscores; zeros before and behind do not count.
//!
//! `${name}` stands for `catalog.placeholders.name`, comments and strings included; one that is not set is a fault
//! ("Placeholders"). Beside a script, `<script>.conf` may say `executeInTransaction=false` ("Script Config Files").
//! A repeatable migration, `R__<name>.sql`, runs after all others and again whenever its statements have changed; it has
//! no way back. Migrations in Java, baselines (`B`) and callbacks are refused by name: to pass over what Flyway runs would leave
//! another schema than Flyway does.

use std::collections::BTreeMap;

use semver::Version;

use super::{
    Format,
    numbered::plain,
    versioned::{self, FileName, Whose, every_file, file_name, numbers},
};
use crate::{
    catalog::{
        draft::{Draft, Metadata, Numbering, Source},
        folder::Entry,
        reader::Reader,
        words::{is_sql, nearest, unknown_field},
    },
    model::{finding::Finding, migration::Identity},
};

/// Files named by their version.
pub static FORMAT: Format = Format {
    name: "flyway",
    recognises: |_, entries| versioned::whose(entries) == Some(Whose::Flyway),
    read,
    opt_out: "; or write executeInTransaction=false into <script>.conf to run the statements one by one as written",
};

/// What is added to the name of a script for that of its settings.
const CONF: &str = ".conf";

/// The settings of a script that are read.
const SETTINGS: [&str; 3] = ["executeInTransaction", "placeholderReplacement", "encoding"];

/// How the names of scripts begin that Flyway runs around migrations (Flyway's documentation, "Callback Events").
const CALLBACKS: [&str; 5] = ["before", "after", "createSchema", "create_schema", "beforeEach"];

/// What a script's own settings say.
#[derive(Clone, Copy)]
struct Settings {
    transactional: Option<bool>,
    has_placeholders: bool,
}

fn read(reader: &mut Reader, entries: &[Entry]) -> Vec<Draft> {
    let files = every_file(reader, entries);
    let mut drafts = Vec::new();
    let (mut undos, mut repeatables) = (Vec::new(), Vec::new());
    for place in files.iter().filter(|place| place.strip_suffix(CONF).is_none()) {
        match file_name(place) {
            Some(name) if name.ending != "sql" => code(reader, place),
            Some(name) => match name.prefix {
                'V' => drafts.extend(migration(reader, &files, place, &name)),
                'U' => undos.push((place, name)),
                'R' => repeatables.push((place, name)),
                _ => baseline(reader, place),
            },
            None => passed_over(reader, place),
        }
    }
    versioned::must_differ(reader, &drafts);
    for (place, name) in undos {
        undo(reader, &files, &mut drafts, place, &name);
    }
    let version = drafts.iter().map(|draft| draft.identity.version.clone()).max().unwrap_or(Version::new(0, 0, 0));
    drafts.extend(repeatables.iter().map(|(place, name)| repeatable(reader, &files, place, name, version.clone())));
    drafts
}

fn migration(reader: &mut Reader, files: &[String], place: &str, name: &FileName<'_>) -> Option<Draft> {
    let mut draft = versioned::draft(reader, place, name)?;
    let (source, settings) = script(reader, files, place);
    draft.metadata.transactional = settings.transactional;
    draft.metadata.description = Some(name.name.replace('_', " "));
    draft.up = source;
    Some(draft)
}

fn undo(reader: &mut Reader, files: &[String], drafts: &mut [Draft], place: &str, name: &FileName<'_>) {
    let own = numbers(name.version).map(without_zeros);
    let of = |draft: &&mut Draft| file_name(&draft.place).and_then(|it| numbers(it.version)).map(without_zeros) == own;
    let Some(draft) = drafts.iter_mut().find(of) else {
        let message = format!("it goes back from version {}, and no file goes there", name.version);
        return reader.fault("missing-up-script", place, message, "add the V file, or remove this one");
    };
    let (source, _) = script(reader, files, place);
    if let Some(earlier) = draft.down.as_ref().map(|down| down.file.clone()) {
        let message = format!("it goes back from the version that {earlier} goes back from");
        reader.fault("duplicate-migration", place, message, "remove one of them");
    }
    draft.down = source;
}

fn without_zeros(mut numbers: Vec<u64>) -> Vec<u64> {
    while numbers.pop_if(|last| *last == 0).is_some() {}
    numbers
}

fn code(reader: &mut Reader, place: &str) {
    let message = "it is a migration that is not in SQL, which windlass cannot run";
    reader.fault("code-migration", place, message, "write it in SQL, under the same version");
}

/// It comes with the newest version, after all others, in the order of the names (Flyway's documentation, "Repeatable
/// Migrations"), and it may come late.
fn repeatable(reader: &mut Reader, files: &[String], place: &str, name: &FileName<'_>, version: Version) -> Draft {
    let (up, settings) = script(reader, files, place);
    let metadata = Metadata {
        description: Some(name.name.replace('_', " ")),
        transactional: settings.transactional,
        ..Metadata::default()
    };
    let identity = Identity { version, sequence: Identity::REPEATABLE, name: plain(name.name) };
    let numbering = Numbering::Placed;
    Draft { identity, number: None, numbering, place: place.into(), metadata, up, backfill: None, down: None }
}

fn baseline(reader: &mut Reader, place: &str) {
    let message = "it is a baseline migration, which stands for others that windlass would run as well";
    reader.fault("baseline-migration", place, message, "make it a V file, and move the ones it stands for away");
}

/// SQL that Flyway would run, or was meant to, is never passed over.
fn passed_over(reader: &mut Reader, place: &str) {
    let file = place.rsplit('/').next().unwrap_or(place);
    if is_sql(file) && CALLBACKS.iter().any(|event| file.starts_with(event)) {
        let message = "it is a callback, which windlass does not run";
        reader.fault("callback", place, message, "make it a migration, or move it out of the folder");
    } else if is_sql(file) && file.starts_with(['V', 'U', 'R', 'B', 'v', 'u', 'r']) {
        let message = "the file's name does not name a migration";
        reader.fault("file-name", place, message, "rename it to V<version>__<name>.sql, such as V1.2__add_users.sql");
    } else {
        reader.stray(place);
    }
}

/// The text of a script, with what its placeholders stand for.
fn script(reader: &mut Reader, files: &[String], place: &str) -> (Option<Source>, Settings) {
    let settings = settings(reader, files, place);
    let Some(source) = reader.source(place) else { return (None, settings) };
    if !settings.has_placeholders {
        return (Some(source), settings);
    }
    match filled_in(&source.text, &reader.placeholders) {
        Ok(text) => (Some(Source { text, ..source }), settings),
        Err(unfilled) => {
            tell(reader, place, &unfilled);
            (None, settings)
        }
    }
}

/// A placeholder that cannot be replaced.
struct Unfilled {
    line: usize,
    name: String,
    is_closed: bool,
}

fn tell(reader: &mut Reader, place: &str, Unfilled { line, name, is_closed }: &Unfilled) {
    let meant = nearest(name, reader.placeholders.keys().map(String::as_str));
    let is_bare = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let setting =
        if is_bare { format!("catalog.placeholders.{name}") } else { format!("catalog.placeholders.{name:?}") };
    let (message, remedy) = match (is_closed, meant) {
        (false, _) => (
            format!("`${{{name}` is never closed"),
            format!("close it with `}}`, or write placeholderReplacement=false into {place}.conf"),
        ),
        (true, Some(meant)) => {
            (format!("`${{{name}}}` stands for nothing"), format!("did you mean `${{{meant}}}`? Else set {setting}"))
        }
        (true, None) => (
            format!("`${{{name}}}` stands for nothing"),
            format!("set {setting}, or placeholderReplacement=false in {place}.conf"),
        ),
    };
    reader.fault("placeholder", format!("{place}:{line}"), message, remedy);
}

/// The text with every `${name}` replaced. Names have no case.
fn filled_in(text: &str, placeholders: &BTreeMap<String, String>) -> Result<String, Unfilled> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let line = 1 + text[..text.len() - behind.len()].matches('\n').count();
        let unfilled = |name: &str, is_closed| Unfilled { line, name: name.to_owned(), is_closed };
        let on_line = behind.lines().next().unwrap_or_default();
        let Some((name, _)) = on_line.split_once('}') else { return Err(unfilled(on_line, false)) };
        let value = placeholders.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let (_, value) = value.ok_or_else(|| unfilled(name, true))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = &behind[name.len() + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// `<script>.conf`: lines of `name=value`.
fn settings(reader: &mut Reader, files: &[String], place: &str) -> Settings {
    let mut settings = Settings { transactional: None, has_placeholders: true };
    let conf = format!("{place}{CONF}");
    let told = if files.contains(&conf) { reader.source(&conf) } else { None };
    for (line, text) in (1..).zip(told.iter().flat_map(|source| source.text.lines())) {
        let Some((name, value)) = text.split_once('=').filter(|_| !text.trim_start().starts_with('#')) else {
            continue;
        };
        let place = format!("{conf}:{line}");
        match (name.trim(), value.trim()) {
            ("executeInTransaction", "false") => settings.transactional = Some(false),
            ("placeholderReplacement", "false") => settings.has_placeholders = false,
            ("executeInTransaction" | "placeholderReplacement" | "shouldExecute", "true")
            | ("encoding", "UTF-8" | "utf-8" | "UTF8" | "utf8") => {}
            ("shouldExecute", _) => {
                let message = "shouldExecute decides whether the script is run, which windlass does not know";
                reader.fault("script-setting", place, message, "remove the setting, or move the script away");
            }
            (name, value) if SETTINGS.contains(&name) => {
                let message = format!("`{value}` is no value of {name} that windlass knows");
                reader.findings.push(Finding::critical("script-setting", place, message).remedy("correct it"));
            }
            (name, _) => reader.findings.push(unknown_field(place, name, &SETTINGS)),
        }
    }
    settings
}
