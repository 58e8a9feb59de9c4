//! The layers, each read into a tree: files, variables, flags.

use std::{
    ffi::{OsStr, OsString},
    io::ErrorKind,
    path::Path,
    sync::Arc,
};

use super::{error::ConfigError, load::nearest, tree::Node};

/// What our files' names begin with, where the first file's name does not say.
const STEM: &str = "windlass";
/// What they end with.
const EXTENSION: &str = "toml";

/// What our variables begin with.
const PREFIX: &str = "WINDLASS__";
/// What stands between the parts of a variable's name.
const SEPARATOR: &str = "__";

/// What the file at `path` says; `None` when there is none.
///
/// # Errors
/// When it cannot be read, or is not TOML. The text of the file is never quoted: a secret may stand in it.
pub(super) fn file(path: &Path) -> Result<Option<Node>, ConfigError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }),
    };
    let table = toml::from_str::<toml::Table>(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        ConfigError::Syntax {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            reason: error.message().replace('\n', "; "),
        }
    })?;
    Ok(Some(Node::of_toml(toml::Value::Table(table), &path.display().to_string().into())))
}

/// What the file for the environment `name` says; it lies beside `path`, the first file.
///
/// Without such a file the environment is only a name, as long as there is no file for another one.
///
/// # Errors
/// As [`file`]; [`ConfigError::NoEnvironment`], since a slip in the name must not end at another database.
pub(super) fn environment(path: &Path, name: &str) -> Result<Node, ConfigError> {
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or(STEM).to_owned();
    let own = path.with_file_name(format!("{stem}.{name}.{EXTENSION}"));
    if let Some(layer) = file(&own)? {
        return Ok(layer);
    }
    let others = environments_beside(path, &stem);
    if others.is_empty() {
        return Ok(Node::empty());
    }
    let nearest = nearest(name, others.iter().map(String::as_str)).map(str::to_owned);
    Err(ConfigError::NoEnvironment { name: name.to_owned(), path: own, nearest })
}

fn environments_beside(path: &Path, stem: &str) -> Vec<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let environment = |name: OsString| {
        let name = name.to_str()?.strip_prefix(stem)?.strip_prefix('.')?.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        (!name.is_empty()).then(|| name.to_owned())
    };
    entries.flatten().filter_map(|entry| environment(entry.file_name())).collect()
}

/// What the variables `WINDLASS__SECTION__KEY` say. Others are not looked at, but for one slip:
/// `WINDLASS_SECTION__KEY`.
///
/// # Errors
/// A value that is not Unicode; the slip above, since it would leave a default in force unnoticed.
pub(super) fn variables(variables: &[(OsString, OsString)]) -> Result<Node, ConfigError> {
    let mut sorted: Vec<_> = variables.iter().filter_map(|(name, value)| Some((name.to_str()?, value))).collect();
    sorted.sort_unstable();
    let mut tree = Node::empty();
    for (name, value) in sorted {
        let Some(path) = name.strip_prefix(PREFIX) else {
            refuse_slip(name)?;
            continue;
        };
        let value = value.to_str().ok_or_else(|| ConfigError::NotUnicode { variable: name.to_owned() })?;
        if !value.is_empty() {
            let path = path.to_lowercase();
            tree.lay(Node::at(path.rsplit(SEPARATOR), value.to_owned(), &name.into()));
        }
    }
    Ok(tree)
}

fn refuse_slip(name: &str) -> Result<(), ConfigError> {
    match name.strip_prefix("WINDLASS_") {
        Some(rest) if rest.contains(SEPARATOR) => {
            Err(ConfigError::Slip { variable: name.to_owned(), meant: format!("{PREFIX}{rest}") })
        }
        _ => Ok(()),
    }
}

/// What the flags say: `target.url` and its value.
pub(super) fn flags(overrides: &[(String, String)]) -> Node {
    let mut tree = Node::empty();
    for (key, value) in overrides {
        let origin: Arc<str> = format!("the flag for {key}").into();
        tree.lay(Node::at(key.rsplit('.'), value.clone(), &origin));
    }
    tree
}
