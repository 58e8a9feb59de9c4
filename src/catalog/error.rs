//! Why a catalog cannot be used, or added to.

use std::io;

use super::name::NotAName;
use crate::model::finding::Finding;

/// A catalog that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder cannot be read.
    #[error("the catalog {path} cannot be read; set catalog.path to the folder of your migrations")]
    Folder {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Something in it is wrong; every fault that was found is told.
    #[error("{}", .0.iter().map(sentence).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<Finding>),
    /// A migration cannot be called so.
    #[error("a migration cannot be called {name:?}: {fault}; use a name in snake case, such as add_users")]
    Name {
        /// The name that was asked for.
        name: String,
        /// What is wrong with it.
        fault: NotAName,
    },
    /// There is one already.
    #[error("{existing} exists already; choose another name, or another version")]
    Exists {
        /// Its folder.
        existing: String,
    },
    /// The catalog is in another tool's layout, which windlass reads and does not write.
    #[error("the catalog {path} is in the layout of {format}; add to it with that tool, or begin a new folder")]
    Foreign {
        /// Which catalog.
        path: String,
        /// Whose layout.
        format: &'static str,
    },
    /// A file or folder cannot be written.
    #[error("{path} cannot be written; check that the folder exists, is writable and has space")]
    Write {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// A fault as one line: where, what, and what to do.
fn sentence(fault: &Finding) -> String {
    let Finding { place, message, remedy, .. } = fault;
    if remedy.is_empty() { format!("{place}: {message}") } else { format!("{place}: {message}; {remedy}") }
}
