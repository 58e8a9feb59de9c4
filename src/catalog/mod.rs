//! Migrations on disk.

use crate::model::finding::Finding;

/// A catalog that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder cannot be read.
    #[error("the catalog {path} cannot be read: {source}; set catalog.path to the folder of your migrations")]
    Folder {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is wrong; every fault that was found is told.
    #[error("{}", .0.iter().map(|f| format!("{}: {}", f.place, f.message)).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<Finding>),
}
