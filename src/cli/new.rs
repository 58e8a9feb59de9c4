//! `windlass new`

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use semver::Version;
use serde::Serialize;

use super::{call::Call, exit::Exit, failure::Failure};
use crate::{
    catalog::{self, Blanks, Files, Scaffold, Template},
    clock::Clock,
};

/// The patterns by their names, each with the flags that fill it.
const TEMPLATES: [(&str, Template, &[&str]); 5] = [
    ("create-table", Template::CreateTable, &["--table"]),
    ("add-column", Template::AddColumn, &["--table", "--column", "--type"]),
    ("create-index", Template::CreateIndex, &["--table", "--column"]),
    ("backfill", Template::Backfill, &["--table", "--column", "--other"]),
    ("rename-column", Template::RenameColumn, &["--table", "--column", "--other", "--type", "--then"]),
];

/// Write the files of a new migration
#[derive(Debug, Args)]
pub struct New {
    /// Its name, in snake case
    pub name: String,
    /// The version the database has after it
    #[arg(long, value_name = "VERSION")]
    pub version: Version,
    /// For a person [default: the name in words]
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Begin with a pattern, the safe way of a common change on every engine
    #[arg(long, value_name = "PATTERN", value_parser = template())]
    pub template: Option<Template>,
    /// For a pattern: the table
    #[arg(long, value_name = "NAME", value_parser = plain_name, requires = "template")]
    pub table: Option<String>,
    /// For a pattern: the column
    #[arg(long, value_name = "NAME", value_parser = plain_name, requires = "template")]
    pub column: Option<String>,
    /// For a pattern: the column's type
    #[arg(long = "type", value_name = "TYPE", value_parser = data_type, requires = "template")]
    pub data_type: Option<String>,
    /// For a pattern: the column that a backfill copies, or the new name of a renamed one
    #[arg(long, value_name = "NAME", value_parser = plain_name, requires = "template")]
    pub other: Option<String>,
    /// For a pattern: the key by which rows are cut into batches
    #[arg(long, value_name = "NAME", value_parser = plain_name, requires = "template", default_value = "id")]
    pub key: String,
    /// For a pattern of two releases: the version of the second
    #[arg(long, value_name = "VERSION", requires = "template")]
    pub then: Option<Version>,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    paths: Vec<PathBuf>,
}

pub(super) fn run(new: &New, call: &Call) -> Result<Exit, Failure> {
    let config = call.config(&[])?;
    let now = Clock::system().now();
    let mut paths = Vec::new();
    for (version, name, scripts) in migrations(new)? {
        let wanted = Scaffold { version, name: &name, description: new.description.as_deref(), scripts, now };
        paths.push(catalog::scaffold(&config.catalog.path, &wanted)?);
    }
    let written = Written { paths };
    call.output.result(&written, |page| page.all(&written.paths, |page, path| page.line(path.display().to_string())));
    let next = if new.template.is_some() { "look it over" } else { "write up.sql and down.sql" };
    call.output.note(&format!("{next}, then look: windlass plan"));
    Ok(Exit::Fine)
}

/// Version, name and scripts of a migration to write.
type Wanted<'a> = (&'a Version, String, Files);

fn migrations(new: &New) -> Result<Vec<Wanted<'_>>, Failure> {
    let Some(template) = new.template else { return Ok(vec![(&new.version, new.name.clone(), Vec::new())]) };
    let blanks = blanks(new, template)?;
    let versions = [&new.version, new.then.as_ref().unwrap_or(&new.version)];
    let made = template.migrations(&blanks).into_iter().zip(versions);
    Ok(made.map(|((ending, scripts), version)| (version, format!("{}{ending}", new.name), scripts)).collect())
}

/// What fills the pattern.
fn blanks(new: &New, template: Template) -> Result<Blanks, Failure> {
    let given = [
        ("--table", new.table.is_some()),
        ("--column", new.column.is_some()),
        ("--type", new.data_type.is_some()),
        ("--other", new.other.is_some()),
        ("--then", new.then.is_some()),
    ];
    for (name, _, needed) in TEMPLATES.iter().filter(|(_, known, _)| *known == template) {
        for (flag, is_given) in given {
            if needed.contains(&flag) != is_given {
                let fault = if is_given { "has no use for" } else { "needs" };
                return Err(Failure::usage(format!("--template {name} {fault} {flag}")));
            }
        }
    }
    if let Some(then) = new.then.as_ref().filter(|then| **then <= new.version) {
        return Err(Failure::usage(format!("--then {then} is no later version than {}", new.version)));
    }
    let word = |given: &Option<String>| given.clone().unwrap_or_default();
    Ok(Blanks {
        table: word(&new.table),
        column: word(&new.column),
        data_type: word(&new.data_type),
        other: word(&new.other),
        key: new.key.clone(),
    })
}

fn template() -> impl TypedValueParser<Value = Template> {
    PossibleValuesParser::new(TEMPLATES.map(|(name, _, _)| name)).try_map(|word| {
        let found = TEMPLATES.iter().find(|(name, _, _)| *name == word);
        found.map(|(_, template, _)| *template).ok_or("no such pattern")
    })
}

/// A name that needs no quotes on any engine, unless it is a reserved word.
fn plain_name(text: &str) -> Result<String, String> {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain {
        Ok(text.to_owned())
    } else {
        Err("a pattern takes letters, digits and _; write others by hand".to_owned())
    }
}

/// A type, such as `VARCHAR(80)`: nothing that ends the statement.
fn data_type(text: &str) -> Result<String, String> {
    let is_type = |c: char| c.is_ascii_alphanumeric() || "_ (),".contains(c);
    if !text.trim().is_empty() && text.chars().all(is_type) {
        Ok(text.to_owned())
    } else {
        Err("write it as VARCHAR(80) or NUMERIC(12, 2)".to_owned())
    }
}
