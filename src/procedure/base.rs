//! The catalog held against that of another commit.

use std::path::Path;

use super::{Target, target::aside};
use crate::{
    catalog::{self, CatalogError},
    git::{self, GitError},
    model::{catalog::Catalog, finding::Finding},
    plan::{self, Branch},
};

/// Why the catalog of another commit cannot be held against this one.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// Git does not give it.
    #[error("the catalog cannot be held against {reference:?}")]
    Git {
        /// What was asked for.
        reference: String,
        /// Why.
        source: GitError,
    },
    /// What Git gives cannot be used.
    #[error("the catalog of {reference:?} cannot be used")]
    Catalog {
        /// What was asked for.
        reference: String,
        /// Why.
        source: CatalogError,
    },
    /// The catalog at hand cannot be used.
    #[error("the catalog cannot be used")]
    Ours(#[from] CatalogError),
    /// There is no room for the files of the other commit.
    #[error("no temporary folder can be made for the catalog of another commit")]
    Scratch(#[from] std::io::Error),
}

/// What merging the work tree into the branch `reference` would bring. Runs `git`, which may take some seconds; needs no
/// target.
///
/// # Errors
/// [`BaseError`].
pub async fn against_base(target: &Target, reference: &str) -> Result<Vec<Finding>, BaseError> {
    let ours = target.catalog().await?;
    let folder = &target.config.catalog.path;
    let of_git = |source| BaseError::Git { reference: reference.to_owned(), source };
    let commit = git::resolved(folder, reference).await.map_err(of_git)?;
    let parted = git::common(folder, reference, &commit).await.map_err(of_git)?;
    let base = at(target, folder, reference, &commit).await?;
    let fork = at(target, folder, reference, &parted).await?;
    Ok(plan::against_base(&Branch { base_name: reference, ours: &ours, base: &base, fork: &fork }))
}

/// The catalog as it was in a commit.
async fn at(target: &Target, folder: &Path, reference: &str, commit: &str) -> Result<Catalog, BaseError> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("catalog");
    std::fs::create_dir(&path)?;
    let of_git = |source| BaseError::Git { reference: reference.to_owned(), source };
    git::written_out(folder, commit, &path).await.map_err(of_git)?;
    let (format, dialect) = (target.config.catalog.format, target.engine.dialect());
    let read = aside(move || catalog::load(&path, format, dialect)).await;
    read.map_err(|source| BaseError::Catalog { reference: reference.to_owned(), source })
}
