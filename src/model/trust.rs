//! How far a database can be relied on to keep what it acknowledges, and to take back what it is told to.

use std::collections::BTreeMap;

/// What of a database cannot be relied on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Settings under which it may forget what it has acknowledged, each as `name = value`.
    pub forgets: Vec<String>,
    /// Tables whose rows no transaction takes back, by name, with what each is stored by.
    pub never_taken_back: BTreeMap<String, String>,
}
