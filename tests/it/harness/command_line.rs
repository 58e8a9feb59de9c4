//! windlass as a person has it: the binary, on one target and one catalog.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::database::Database;

/// The binary, pointed at a target and a catalog; what it keeps beside them lies in the database's folder.
pub struct Windlass<'a> {
    target: &'a Database,
    catalog: PathBuf,
    settings: Vec<(String, String)>,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub exit: i32,
    /// The JSON document on standard output; null without one.
    pub result: Value,
    /// The JSON document on standard error; null without one.
    pub failure: Value,
}

impl<'a> Windlass<'a> {
    pub fn on(target: &'a Database, catalog: impl Into<PathBuf>) -> Self {
        Self { target, catalog: catalog.into(), settings: Vec::new() }
    }

    /// With one more variable of the environment.
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.settings.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// Runs `windlass <line> --json --yes`.
    pub fn says(&self, line: &str) -> Said {
        let folder = self.target.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WINDLASS__")) {
            command.env_remove(name);
        }
        let output = command
            .args(line.split_whitespace())
            .args(["--json", "--yes"])
            .current_dir(folder)
            .env("WINDLASS__TARGET__URL", &self.target.url)
            .env("WINDLASS__CATALOG__PATH", &self.catalog)
            .env("WINDLASS__STORE__PATH", beside(folder, "windlass.db"))
            .env("WINDLASS__SNAPSHOTS__PATH", beside(folder, "snapshots"))
            .env("WINDLASS__POLICY__PATH", "through")
            .envs(self.settings.iter().map(|(variable, value)| (variable, value)))
            .env("WINDLASS__POLICY__LOSS", "accept")
            .output()
            .expect("the windlass binary");
        Said {
            exit: output.status.code().expect("an exit code"),
            result: document(&output.stdout),
            failure: document(&output.stderr),
        }
    }

    /// The same, for a command that must come to its end.
    pub fn does(&self, line: &str) -> Value {
        let said = self.says(line);
        assert_eq!(said.exit, 0, "windlass {line}: {said:#?}");
        said.result
    }
}

fn beside(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}

/// The last JSON document of a stream; log lines may come before it.
fn document(stream: &[u8]) -> Value {
    let text = String::from_utf8_lossy(stream);
    serde_json::from_str(&text)
        .or_else(|_| serde_json::from_str(text.lines().last().unwrap_or_default()))
        .unwrap_or_default()
}
