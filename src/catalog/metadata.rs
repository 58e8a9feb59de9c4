//! `metadata.json`: what is told beside the scripts of a migration, or beside those of another tool of each.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use humantime_serde::re::humantime;
use semver::Version;
use serde_json::Value;

use super::{
    draft::{Draft, Metadata, Source},
    fields::Fields,
    reader::{METADATA, Reader},
    words::nearest,
};
use crate::model::{
    finding::Finding,
    migration::Identity,
    waiver::{Reach, Waiver},
};

const A_TEXT: &str = "a text in quotes";
const A_BOOL: &str = "true or false";
const A_VERSION: &str = "a semantic version such as \"1.2.0\"";
const A_LIST: &str = "a list of texts in quotes";
const A_TIME: &str = "a time such as \"2024-05-01T12:00:00Z\", or a date";
const WAIVERS: &str = "a list such as [{\"rule\": \"drop-table\", \"reason\": \"nothing reads it any more\"}]";
const A_DURATION: &str = "a duration such as \"2s\", or milliseconds";

/// What the file tells, and what is wrong or odd about it. It must agree with the folder, which says `identity`.
pub fn read(file: &str, text: &str, identity: &Identity) -> (Metadata, Vec<Finding>) {
    match Fields::parse(file, text) {
        Ok(fields) => told(fields, file, identity),
        Err(fault) => (Metadata::default(), vec![fault]),
    }
}

/// Reads what one file tells of all migrations of another tool, each by its place, and adds it to what their own files tell.
pub fn describe(reader: &mut Reader, drafts: &mut [Draft]) {
    let Some(Source { file, text }) = reader.source(METADATA) else { return };
    let all = match Fields::parse(&file, &text) {
        Ok(fields) => fields,
        Err(fault) => return reader.findings.push(fault),
    };
    let (each, findings) = all.objects();
    reader.findings.extend(findings);
    for (place, fields) in each {
        let Some(draft) = drafts.iter_mut().find(|draft| *draft.place == *place) else {
            let remedy = match nearest(&place, drafts.iter().map(|draft| &*draft.place)) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => "name a migration as it lies in this folder, or remove it".to_owned(),
            };
            let message = format!("no migration is called {place:?} here, and what is told of it has no effect");
            reader.findings.push(Finding::warning("unknown-migration", fields.place(), message).remedy(remedy));
            continue;
        };
        let (told, findings) = told(fields, &file, &draft.identity);
        reader.findings.extend(findings);
        let own = std::mem::take(&mut draft.metadata);
        draft.metadata = Metadata {
            description: told.description.or(own.description),
            created_at: told.created_at.or(own.created_at),
            transactional: told.transactional.or(own.transactional),
            out_of_order: told.out_of_order || own.out_of_order,
            ..told
        };
    }
}

fn told(mut fields: Fields<'_>, file: &str, identity: &Identity) -> (Metadata, Vec<Finding>) {
    let mut findings = Vec::new();
    agree(&mut fields, identity);
    let (min_runtime_version, max_runtime_version) = runtime_versions(&mut fields, file, &mut findings);
    let metadata = Metadata {
        description: fields.take("description", A_TEXT, text_of).filter(|text| !text.is_empty()),
        author: fields.take("author", A_TEXT, text_of).filter(|text| !text.is_empty()),
        created_at: fields.take("created_at", A_TIME, |value| time(value.as_str()?)),
        min_runtime_version,
        max_runtime_version,
        dependencies: fields.take("dependencies", A_LIST, list).unwrap_or_default(),
        critical: fields.take("critical", A_BOOL, Value::as_bool).unwrap_or(true),
        transactional: fields.take("transactional", A_BOOL, Value::as_bool),
        out_of_order: fields.take("out_of_order", A_BOOL, Value::as_bool).unwrap_or(false),
        lock_timeout_ms: fields.take("lock_timeout", A_DURATION, milliseconds),
        statement_timeout_ms: fields.take("statement_timeout", A_DURATION, milliseconds),
        supersedes: fields.take("supersedes", A_LIST, list).unwrap_or_default(),
        allow: fields.take_with_line("allow", WAIVERS, waivers).unwrap_or_default(),
    };
    findings.extend(fields.finish());
    (metadata, findings)
}

/// Version and name, if told, must be those of the folder: two truths would be one too many.
fn agree(fields: &mut Fields<'_>, identity: &Identity) {
    let expected = format!("{:?}, as in the folder's name", identity.version.to_string());
    fields.take("version", &expected, |value| version(value.as_str()?).filter(|told| *told == identity.version));
    let expected = format!("{:?}, as in the folder's name", identity.name);
    fields.take("name", &expected, |value| value.as_str().filter(|told| *told == identity.name).map(drop));
}

/// The bounds, flat or under `compatibility`; an empty text is no bound.
fn runtime_versions(
    fields: &mut Fields<'_>,
    file: &str,
    findings: &mut Vec<Finding>,
) -> (Option<Version>, Option<Version>) {
    let mut low = bound(fields, "min_runtime_version");
    let mut high = bound(fields, "max_runtime_version");
    if let Some(mut inner) = fields.object("compatibility") {
        for (name, flat) in [("min_runtime_version", &mut low), ("max_runtime_version", &mut high)] {
            let nested = bound(&mut inner, name);
            if nested.is_some() && flat.is_some() && nested != *flat {
                let message = format!("`{name}` is told twice, and differently under `compatibility`");
                findings.push(Finding::critical("metadata-disagrees", file, message).remedy("keep one of them"));
            }
            *flat = flat.take().or(nested);
        }
        findings.extend(inner.finish());
    }
    if let (Some(low), Some(high)) = (&low, &high)
        && low > high
    {
        let message = format!("no application version lies between {low} and {high}");
        findings
            .push(Finding::critical("metadata-field", file, message).remedy("exchange min and max_runtime_version"));
    }
    (low, high)
}

fn bound(fields: &mut Fields<'_>, name: &'static str) -> Option<Version> {
    let read = |value: &Value| match value.as_str()? {
        "" => Some(None),
        text => version(text).map(Some),
    };
    fields.take(name, A_VERSION, read).flatten()
}

fn version(text: &str) -> Option<Version> {
    Version::parse(text).ok()
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn list(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text_of).collect()
}

/// What is waived for all of the migration. A reason may be missing here: it is asked for where rules are known.
fn waivers(value: &Value, line: usize) -> Option<Vec<Waiver>> {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    let waiver = |entry: &Value| {
        let entry = entry.as_object()?;
        let is_known = entry.keys().all(|key| ["rule", "reason"].contains(&key.as_str()));
        let rule = entry.get("rule")?.as_str()?.to_owned();
        let reason = entry.get("reason").map_or(Some(""), Value::as_str)?.trim().to_owned();
        is_known.then_some(Waiver { rule, reason, line, reach: Reach::Migration })
    };
    value.as_array()?.iter().map(waiver).collect()
}

/// RFC 3339, or a date, which means its first moment in UTC.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let date = || text.parse::<NaiveDate>().ok().map(|date| date.and_time(NaiveTime::MIN).and_utc());
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()).or_else(date)
}

fn milliseconds(value: &Value) -> Option<u64> {
    let in_words = |text: &str| humantime::parse_duration(text).ok().as_ref().map(Duration::as_millis);
    value.as_u64().or_else(|| in_words(value.as_str()?)?.try_into().ok())
}
