//! Reads the layers, lays them over each other, and gives the whole its types.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_path_to_error::Segment;

use super::{
    ConfigError, layers, limits,
    secret_file::read_secret,
    settings::Config,
    tree::{FILE_SUFFIX, Node, Value},
    typed::Fault,
};

/// The file that is read when nobody names one.
const FILE: &str = "windlass.toml";
/// Names the file, like `--config`.
const FILE_VARIABLE: &str = "WINDLASS_CONFIG";
/// Names the environment, like `--environment`.
const ENVIRONMENT_VARIABLE: &str = "WINDLASS_ENVIRONMENT";
/// Settings whose value is never shown.
const SECRETS: [&str; 7] =
    ["otlp_headers", "url", "direct_url", "secret", "identity", "passphrase", "secret_access_key"];
/// The longest value an error shows, in characters.
const SHOWN_MAX: usize = 60;

/// Where settings come from.
#[derive(Clone, Default)]
pub struct Options {
    /// The file, which must then exist; else `WINDLASS_CONFIG`; else `windlass.toml`, if there is one.
    pub file: Option<PathBuf>,
    /// The environment, whose file lies beside the first one; else `WINDLASS_ENVIRONMENT`; else none.
    pub environment: Option<String>,
    /// From flags: the path of a key, `target.url`, and its value. The last word.
    pub overrides: Vec<(String, String)>,
    /// The variables of the process.
    pub variables: Vec<(OsString, OsString)>,
    /// The working folder; empty for the process's own.
    pub folder: PathBuf,
}

impl Options {
    /// No flags, and the variables and the working folder of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self { variables: env::vars_os().collect(), ..Self::default() }
    }

    fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value)
    }

    fn environment(&self) -> Result<Option<String>, ConfigError> {
        let name = match (&self.environment, self.variable(ENVIRONMENT_VARIABLE)) {
            (Some(name), _) => name.clone(),
            (None, Some(name)) => name.to_string_lossy().into_owned(),
            (None, None) => return Ok(None),
        };
        let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(fit) {
            Err(ConfigError::EnvironmentName { name })
        } else {
            Ok(Some(name))
        }
    }
}

/// Reads all settings. Blocks for a few small files; with none at all everything has its default.
///
/// # Errors
/// [`ConfigError`], for the first fault that is met.
pub fn load(options: &Options) -> Result<Config, ConfigError> {
    let named = options.file.clone().or_else(|| options.variable(FILE_VARIABLE).map(PathBuf::from));
    let path = options.folder.join(named.as_deref().unwrap_or_else(|| Path::new(FILE)));
    let mut tree = Node::empty();
    match layers::file(&path)? {
        Some(layer) => lay(&mut tree, layer)?,
        None if named.is_some() => return Err(ConfigError::NoFile { path }),
        None => {}
    }
    let environment = options.environment()?;
    if let Some(environment) = &environment {
        lay(&mut tree, layers::environment(&path, environment)?)?;
    }
    lay(&mut tree, layers::variables(&options.variables)?)?;
    lay(&mut tree, layers::flags(&options.overrides))?;
    read_secrets(&mut tree, &options.folder)?;
    let mut config = typed(&tree)?;
    limits::hold(&config, &tree)?;
    config.app.environment = config.app.environment.or(environment);
    Ok(config)
}

fn lay(tree: &mut Node, mut layer: Node) -> Result<(), ConfigError> {
    secret_places(&mut layer, |table, key, path| match (table.get(key), table.get(&format!("{key}{FILE_SUFFIX}"))) {
        (Some(_), Some(node)) => Err(ConfigError::Twice { key: path, origin: node.origin.to_string() }),
        _ => Ok(()),
    })?;
    tree.lay(layer);
    Ok(())
}

type Entries = std::collections::BTreeMap<String, Node>;

/// Calls `see` with each section that can hold a secret, the secret's key, and the key's whole path.
fn secret_places(
    tree: &mut Node,
    mut see: impl FnMut(&mut Entries, &'static str, String) -> Result<(), ConfigError>,
) -> Result<(), ConfigError> {
    let Some(root) = tree.table() else { return Ok(()) };
    if let Some(target) = root.get_mut("target").and_then(Node::table) {
        see(target, "url", "target.url".to_owned())?;
        see(target, "direct_url", "target.direct_url".to_owned())?;
    }
    if let Some(rehearsal) = root.get_mut("rehearsal").and_then(Node::table) {
        see(rehearsal, "url", "rehearsal.url".to_owned())?;
    }
    if let Some(snapshots) = root.get_mut("snapshots").and_then(Node::table) {
        see(snapshots, "identity", "snapshots.identity".to_owned())?;
        see(snapshots, "passphrase", "snapshots.passphrase".to_owned())?;
        if let Some(s3) = snapshots.get_mut("s3").and_then(Node::table) {
            see(s3, "secret_access_key", "snapshots.s3.secret_access_key".to_owned())?;
        }
    }
    if let Some(log) = root.get_mut("log").and_then(Node::table) {
        see(log, "otlp_headers", "log.otlp_headers".to_owned())?;
    }
    let keys = root.get_mut("auth").and_then(Node::table).and_then(|auth| auth.get_mut("keys"));
    for (index, key) in keys.map(Node::items_mut).unwrap_or_default().into_iter().enumerate() {
        if let Some(key) = key.table() {
            see(key, "secret", format!("auth.keys[{index}].secret"))?;
        }
    }
    Ok(())
}

fn read_secrets(tree: &mut Node, folder: &Path) -> Result<(), ConfigError> {
    secret_places(tree, |table, key, path| {
        let Some(node) = table.remove(&format!("{key}{FILE_SUFFIX}")) else { return Ok(()) };
        let (Value::Text(file) | Value::Untyped(file)) = &node.value else {
            return Err(wrong(&node, format!("{path}{FILE_SUFFIX}"), "the path of a file".to_owned()));
        };
        let secret = read_secret(&folder.join(file)).map_err(|source| ConfigError::Secret {
            key: format!("{path}{FILE_SUFFIX}"),
            origin: node.origin.to_string(),
            source,
        })?;
        let text = secrecy::ExposeSecret::expose_secret(&secret).to_owned();
        table.insert(key.to_owned(), Node { value: Value::Text(text), origin: node.origin });
        Ok(())
    })
}

fn typed(tree: &Node) -> Result<Config, ConfigError> {
    let mut track = serde_path_to_error::Track::new();
    Config::deserialize(serde_path_to_error::Deserializer::new(tree, &mut track)).map_err(|fault| {
        let path = track.path();
        let keys: Vec<String> = path.iter().filter_map(segment).collect();
        let node = tree.nearest(keys.iter().map(String::as_str));
        let key = path.to_string();
        match fault {
            Fault::UnknownKey(known) => unknown(node, key, known),
            Fault::MissingKey(missing) => {
                ConfigError::MissingKey { key: format!("{key}.{missing}"), origin: node.origin.to_string() }
            }
            Fault::Wrong(expected) => wrong(node, key, expected),
        }
    })
}

fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn unknown(node: &Node, key: String, known: &'static [&'static str]) -> ConfigError {
    let (section, last) = key.rsplit_once('.').map_or(("", key.as_str()), |(section, last)| (section, last));
    let nearest = nearest(last, known.iter().copied()).map(|name| match section {
        "" => name.to_owned(),
        _ => format!("{section}.{name}"),
    });
    ConfigError::UnknownKey { origin: node.origin.to_string(), nearest, known, key }
}

/// The word among `known` that `word` was perhaps meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(word.len()) / 2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The error for a value that cannot stand where it stands.
pub(super) fn wrong(node: &Node, key: String, expected: String) -> ConfigError {
    ConfigError::Wrong { found: shown(node, &key), origin: node.origin.to_string(), key, expected }
}

fn shown(node: &Node, key: &str) -> String {
    let last = key.rsplit('.').next().unwrap_or(key);
    let secret = SECRETS.contains(&last);
    match &node.value {
        Value::List(_) => "a list".to_owned(),
        Value::Table(_) => "a section".to_owned(),
        _ if secret => "a value that is not shown".to_owned(),
        Value::Untyped(text) | Value::Text(text) if text.contains('@') || text.chars().count() > SHOWN_MAX => {
            "a text that is not shown".to_owned()
        }
        Value::Untyped(text) | Value::Text(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
    }
}
