//! The fields of a JSON object, each with the line on which it stands.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, Value};

use super::words::{line_at, unknown_field};
use crate::model::finding::Finding;

/// How much of a wrong value is repeated in a fault, in characters.
const VALUE_CHARS_MAX: usize = 60;

/// Fields are taken one by one; what is left at the end is unknown. A field that is `null` counts as not there.
#[derive(Debug)]
pub struct Fields<'a> {
    file: &'a str,
    text: &'a str,
    /// The line on which the object begins.
    begin: usize,
    left: BTreeMap<String, &'a RawValue>,
    known: Vec<&'static str>,
    findings: Vec<(usize, Finding)>,
}

impl<'a> Fields<'a> {
    /// The fields of the object that `text` is; a fault with line and column when it is none.
    pub fn parse(file: &'a str, text: &'a str) -> Result<Self, Finding> {
        let left = serde_json::from_str(text).map_err(|error| malformed(file, &error))?;
        Ok(Self { file, text, begin: 1, left, known: Vec::new(), findings: Vec::new() })
    }

    /// The field `name` as `read` understands it. When it does not, the field must be `expected`, and a fault says so.
    pub fn take<T>(&mut self, name: &'static str, expected: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        self.take_with_line(name, expected, |value, _| read(value))
    }

    /// The same, for what has to know on which line its value begins.
    pub fn take_with_line<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(&Value, usize) -> Option<T>,
    ) -> Option<T> {
        let raw = self.raw(name)?;
        let line = self.line(raw);
        let value = serde_json::from_str(raw.get()).ok().and_then(|value: Value| read(&value, line));
        if value.is_none() {
            self.must_be(name, raw, expected);
        }
        value
    }

    /// The fields of the object that the field `name` is.
    pub fn object(&mut self, name: &'static str) -> Option<Self> {
        let raw = self.raw(name)?;
        let Ok(left) = serde_json::from_str(raw.get()) else {
            self.must_be(name, raw, "an object");
            return None;
        };
        let (file, text, begin) = (self.file, self.text, self.line(raw));
        Some(Self { file, text, begin, left, known: Vec::new(), findings: Vec::new() })
    }

    /// Every field, each of which must be an object, by its name, with its fields; and the faults of those that are none.
    pub fn objects(mut self) -> (Vec<(String, Self)>, Vec<Finding>) {
        let mut all = Vec::new();
        for (name, raw) in std::mem::take(&mut self.left) {
            match serde_json::from_str(raw.get()) {
                Ok(left) => {
                    let (file, text, begin) = (self.file, self.text, self.line(raw));
                    all.push((name, Self { file, text, begin, left, known: Vec::new(), findings: Vec::new() }));
                }
                Err(_) => self.must_be(&name, raw, "an object"),
            }
        }
        (all, self.finish())
    }

    /// Where the object begins.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.begin)
    }

    /// What was found, and a warning for each field that nobody took, by line.
    pub fn finish(mut self) -> Vec<Finding> {
        for (name, raw) in &self.left {
            let line = self.line(raw);
            self.findings.push((line, unknown_field(format!("{}:{line}", self.file), name, &self.known)));
        }
        self.findings.sort_by_key(|(line, _)| *line);
        self.findings.into_iter().map(|(_, finding)| finding).collect()
    }

    fn raw(&mut self, name: &'static str) -> Option<&'a RawValue> {
        self.known.push(name);
        self.left.remove(name).filter(|raw| raw.get() != "null")
    }

    fn must_be(&mut self, name: &str, raw: &RawValue, expected: &str) {
        let line = self.line(raw);
        let value: String = raw.get().chars().take(VALUE_CHARS_MAX).collect();
        let more = if value.len() < raw.get().len() { "…" } else { "" };
        let fault = Finding::critical(
            "metadata-field",
            format!("{}:{line}", self.file),
            format!("`{name}` must be {expected}, not {value}{more}"),
        );
        self.findings.push((line, fault.remedy("correct it")));
    }

    /// The parser hands out slices of the text, so a value's address tells its line.
    fn line(&self, raw: &RawValue) -> usize {
        line_at(self.text, raw.get().as_ptr().addr().saturating_sub(self.text.as_ptr().addr()))
    }
}

fn malformed(file: &str, error: &serde_json::Error) -> Finding {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let said = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
    Finding::critical(
        "metadata-json",
        format!("{file}:{line}:{}", column.max(1)),
        format!("it is not a JSON object: {said}"),
    )
    .remedy("correct it, or remove the file: it is optional")
}
