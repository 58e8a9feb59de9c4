//! Where a finding is, as the tools of a repository look for it: a file and a line.

use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
};

use crate::model::plan;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// The file, relative to the current folder where it lies below it, with slashes.
    pub file: String,
    /// The first line is 1.
    pub line: u32,
}

/// Finds the file that the place of a finding is in.
pub(super) struct Spots {
    /// The catalog's folder; `None` when it is elsewhere, and then nothing has a spot.
    root: Option<PathBuf>,
    /// The first statement of each migration, for a finding that is about the whole of it.
    beginnings: HashMap<String, String>,
}

impl Spots {
    /// In this catalog, of which `plan` has the pending migrations.
    pub fn of(root: Option<&Path>, plan: Option<&plan::Plan>) -> Self {
        let migrations = plan.into_iter().flat_map(|plan| &plan.hops).flat_map(|hop| &hop.migrations);
        let beginning = |migration: &plan::PlannedMigration| {
            Some((migration.id.clone(), migration.statements.first()?.place.clone()))
        };
        Self { root: root.map(Path::to_path_buf), beginnings: migrations.filter_map(beginning).collect() }
    }

    /// Where `place` is; `None` for what is in no file, such as a table.
    pub fn spot(&self, place: &str) -> Option<Spot> {
        let place = self.beginnings.get(place).map_or(place, String::as_str);
        let (file, line) = match place.rsplit_once(':') {
            Some((file, line)) => (file, line.parse().ok()?),
            None => (place, 1),
        };
        let path = self.root.as_ref()?.join(file);
        path.is_file().then(|| Spot { file: below_here(&path), line })
    }
}

fn below_here(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    let below = path.strip_prefix(&here).or_else(|_| path.strip_prefix(".")).unwrap_or(path);
    below.components().collect::<PathBuf>().display().to_string()
}
