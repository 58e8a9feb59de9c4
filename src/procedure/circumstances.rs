//! What a snapshot's manifest tells besides the database: the source, the catalog, the settings, what it was made with.

use std::{collections::BTreeMap, fmt::Write};

use sha2::{Digest, Sha256};

use super::{Assignment, Target};
use crate::{
    git,
    model::{
        catalog::Catalog,
        snapshot::{Checksums, Commit, Scheme},
    },
    snapshot::Written,
};

/// The application's source: `WINDLASS_COMMIT`, the configured work tree, or the one that the catalog lies in. A work tree that is
/// configured and tells nothing is said in the run's log; so is one in which something is not committed.
pub async fn commit(target: &Target, told: &Assignment) -> Option<Commit> {
    let settings = &target.config.snapshots;
    let commit = git::commit(settings.work_tree.as_ref().unwrap_or(&target.config.catalog.path)).await;
    match (&commit, &settings.work_tree) {
        (None, Some(folder)) => {
            told.warning(format!("snapshots.work_tree: git tells no commit of {}", folder.display()));
        }
        (Some(Commit { dirty: Some(true), id, .. }), _) => {
            told.warning(format!("the work tree differs from commit {id}: the snapshot's manifest says so"));
        }
        _ => {}
    }
    commit
}

/// The digests of everything that is not in the database; `catalog` is the one on disk, where it can be read.
pub fn checksums(target: &Target, commit: Option<&Commit>, catalog: Option<&Catalog>, written: &Written) -> Checksums {
    let tree = commit.and_then(|commit| commit.tree.as_ref());
    Checksums {
        code: tree.map(|tree| format!("git-tree:{tree}")),
        database: format!("sha256:{}", written.dump_sha256),
        catalog: catalog.map(digest),
        config: format!("sha256:{}", target.config.digest()),
    }
}

/// What it was made with, and takes to be restored.
pub fn dependencies(server: &str, tool: &str, scheme: Scheme) -> BTreeMap<String, String> {
    let own = concat!(env!("CARGO_PKG_VERSION"), " (", env!("WINDLASS_BUILD_COMMIT"), ")");
    let encryption = match scheme {
        Scheme::Age => "age-encryption.org/v1",
        Scheme::None => "none",
    };
    let all = [
        ("server", server),
        ("dump_tool", tool),
        ("windlass", own),
        ("compression", "zstd"),
        ("encryption", encryption),
    ];
    all.map(|(name, version)| (name.to_owned(), version.to_owned())).into()
}

/// SHA-256 over a line for each migration: its identity, a blank, its checksum.
fn digest(catalog: &Catalog) -> String {
    let mut hash = Sha256::new();
    for migration in &catalog.migrations {
        hash.update(format!("{} {}\n", migration.identity, migration.checksum));
    }
    hash.finalize().iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
