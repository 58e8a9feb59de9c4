//! Settings before they have types: a tree whose every part knows where it was written.

use std::{collections::BTreeMap, sync::Arc};

/// What a key ends with whose value is the path of a file that holds the secret.
pub(super) const FILE_SUFFIX: &str = "_file";

/// A part of the tree.
#[derive(Clone)]
pub(super) struct Node {
    /// What stands there.
    pub value: Value,
    /// The file, variable or flag it was written in.
    pub origin: Arc<str>,
}

/// What can stand somewhere.
#[derive(Clone)]
pub(super) enum Value {
    /// A text whose type the setting decides: from a variable or a flag.
    Untyped(String),
    /// A text from a file.
    Text(String),
    /// A whole number from a file.
    Integer(i64),
    /// A number with a fraction from a file.
    Float(f64),
    /// `true` or `false` from a file.
    Boolean(bool),
    /// A list.
    List(Vec<Node>),
    /// A section.
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// An empty tree.
    pub fn empty() -> Self {
        Self { value: Value::Table(BTreeMap::new()), origin: "the defaults".into() }
    }

    /// What a file says.
    pub fn of_toml(value: toml::Value, origin: &Arc<str>) -> Self {
        let inner = |value| Self::of_toml(value, origin);
        let value = match value {
            toml::Value::String(text) => Value::Text(text),
            toml::Value::Integer(number) => Value::Integer(number),
            toml::Value::Float(number) => Value::Float(number),
            toml::Value::Boolean(yes) => Value::Boolean(yes),
            toml::Value::Datetime(moment) => Value::Text(moment.to_string()),
            toml::Value::Array(items) => Value::List(items.into_iter().map(inner).collect()),
            toml::Value::Table(table) => {
                Value::Table(table.into_iter().map(|(key, value)| (key, inner(value))).collect())
            }
        };
        Self { value, origin: Arc::clone(origin) }
    }

    /// One value at the end of its path, last key first, as a variable or a flag gives it.
    pub fn at<'a>(path_backwards: impl Iterator<Item = &'a str>, text: String, origin: &Arc<str>) -> Self {
        let node = |value| Self { value, origin: Arc::clone(origin) };
        path_backwards.fold(node(Value::Untyped(text)), |inner, key| {
            node(Value::Table(BTreeMap::from([(key.to_owned(), inner)])))
        })
    }

    /// Lays `over` on top of this tree.
    ///
    /// A section never hides a plain value: that value is left for the types to refuse. A section whose keys are
    /// numbers, laid over a list, changes the items with those numbers; a number past the end appends. A key and
    /// the same key with `_file` replace each other.
    pub fn lay(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Table(table), Value::Table(incoming)) => {
                for (key, node) in incoming {
                    table.remove(&twin(&key));
                    lay_key(table, key, node);
                }
            }
            (Value::List(items), Value::Table(incoming)) => {
                for (index, node) in numbered(incoming) {
                    lay_item(items, index, node);
                }
            }
            (_, Value::Table(_)) => {}
            (value, incoming) => {
                *value = incoming;
                self.origin = over.origin;
            }
        }
    }

    /// The part at `path`, or the deepest part on the way there.
    pub fn nearest<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> &Self {
        let mut node = self;
        for key in path {
            let next = match &node.value {
                Value::Table(table) => table.get(key),
                Value::List(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        node
    }

    /// The items of a list, also of one that variables gave by number; `None` for anything else.
    pub fn items(&self) -> Option<Vec<&Self>> {
        match &self.value {
            Value::List(items) => Some(items.iter().collect()),
            Value::Table(table) => {
                let mut items: Vec<(usize, &Self)> = table
                    .iter()
                    .map(|(key, node)| key.parse().ok().map(|index| (index, node)))
                    .collect::<Option<_>>()?;
                items.sort_by_key(|(index, _)| *index);
                Some(items.into_iter().map(|(_, node)| node).collect())
            }
            _ => None,
        }
    }

    /// As [`Self::items`], to be changed; nothing for anything else.
    pub fn items_mut(&mut self) -> Vec<&mut Self> {
        match &mut self.value {
            Value::List(items) => items.iter_mut().collect(),
            Value::Table(table) => table.values_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// The section's entries; `None` for anything else.
    pub fn table(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        match &mut self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// The key that says the same by a file, or without one.
fn twin(key: &str) -> String {
    key.strip_suffix(FILE_SUFFIX).map_or_else(|| format!("{key}{FILE_SUFFIX}"), str::to_owned)
}

fn lay_key(table: &mut BTreeMap<String, Node>, key: String, node: Node) {
    match table.get_mut(&key) {
        Some(below) => below.lay(node),
        None => drop(table.insert(key, node)),
    }
}

/// The entries with their keys as numbers, lowest first; what is no number comes last.
fn numbered(table: BTreeMap<String, Node>) -> Vec<(usize, Node)> {
    let mut items: Vec<_> = table.into_iter().map(|(key, node)| (key.parse().unwrap_or(usize::MAX), node)).collect();
    items.sort_by_key(|(index, _)| *index);
    items
}

fn lay_item(items: &mut Vec<Node>, index: usize, node: Node) {
    match items.get_mut(index) {
        Some(item) => item.lay(node),
        None => items.push(node),
    }
}
