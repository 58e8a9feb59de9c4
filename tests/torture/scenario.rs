//! What is tortured: a command, on a history, from a state; and what an undisturbed run of it leaves.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    application,
    crate_source::{Published, source_of},
    database::On,
    eye::Eye,
    orders::{Passed, passed},
    place::{Place, Prepared},
    program::With,
    truth::Truth,
};

/// A scenario before anything was run.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub name: &'static str,
    catalog: Catalog,
    /// What leads to the state it begins from: commands, or what the database is told.
    before: &'static [&'static str],
    /// The command; `{snapshot}` stands for the newest snapshot.
    command: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Catalog {
    /// In this repository.
    Ours(&'static str),
    /// In a published crate.
    Published(Published, &'static str),
}

const LEDGER: Catalog = Catalog::Ours("tests/torture/catalog");
/// Statements of the kinds that are rewritten, or that leave their transaction.
const WIDE: Catalog = Catalog::Ours("tests/torture/wide");
const SAMPLE: Catalog = Catalog::Ours("migrations");
const TORRUST: Published = Published { name: "torrust-index", version: "3.0.0" };
const ATUIN: Published = Published { name: "atuin-server-postgres", version: "18.20.1" };

/// A rollback journal, which whoever dies in a transaction leaves for the next one to roll back.
const BY_JOURNAL: &str = "PRAGMA journal_mode = DELETE";
/// What is changed goes to the file before the commit, as it does in a large transaction.
const NO_CACHE: &str = "PRAGMA default_cache_size = 1";

const fn told(name: &'static str, catalog: Catalog, before: &'static [&'static str], command: &'static str) -> Told {
    Told { name, catalog, before, command }
}

/// The scenarios of an engine.
pub fn all(on: On) -> Vec<Told> {
    let real = match on {
        On::Sqlite => Catalog::Published(TORRUST, "migrations/sqlite3"),
        On::Postgres => Catalog::Published(ATUIN, "migrations"),
        On::MariaDb => Catalog::Published(TORRUST, "migrations/mysql"),
    };
    let mut all = vec![
        told("up", LEDGER, &[], "up"),
        told("down", LEDGER, &["up"], "down --to 1.0.0"),
        told("up-with-snapshot", LEDGER, &["up --to 1.0.0"], "up --snapshot always"),
        told("restore", LEDGER, &["up --to 1.0.0", "snapshot create", "up"], "down --snapshot {snapshot}"),
        told("wide-up", WIDE, &[], "up"),
        told("wide-restore", WIDE, &["up --to 1.0.0", "snapshot create", "up"], "down --snapshot {snapshot}"),
        told("sample-up", SAMPLE, &[], "up"),
        told("sample-down", SAMPLE, &["up"], "down --to 0.4.0"),
        told("real-up", real, &[], "up"),
    ];
    if on == On::Sqlite {
        // Where no application is at work, which would roll it back.
        all.push(told("up-by-journal", SAMPLE, &["up --to 0.4.0", BY_JOURNAL, NO_CACHE], "up"));
        all.push(told("down-by-journal", SAMPLE, &["up", BY_JOURNAL, NO_CACHE], "down --to 0.4.0"));
    }
    all
}

/// Scenarios in which a statement waits for a table that somebody holds; the second as one transaction.
pub fn held(on: On) -> Vec<Told> {
    let held = Catalog::Ours("tests/torture/held");
    let alone = told("held", held, &["up --to 1.0.0"], "up --to 1.1.0");
    let whole = told("held-whole", held, &["up --to 1.1.0"], "up");
    match on {
        On::Sqlite => Vec::new(), // nothing of a process outlives it
        On::Postgres => vec![alone, whole],
        On::MariaDb => vec![alone],
    }
}

/// Many tables that one statement drops; the engine does so table by table.
pub fn many() -> Told {
    told("many", Catalog::Ours("tests/torture/many"), &[], "up")
}

impl Catalog {
    fn path(self) -> PathBuf {
        match self {
            Self::Ours(folder) => Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            Self::Published(published, folder) => source_of(published).join(folder),
        }
    }
}

/// A scenario that trials can begin from.
pub struct Scenario {
    pub name: &'static str,
    pub on: On,
    start: Prepared,
    is_by_journal: bool,
    pub words: Vec<String>,
    /// What is so before.
    pub before: Truth,
    /// What an undisturbed run leaves.
    pub golden: Truth,
    /// The application's rows that an undisturbed run leaves; none where the application has no table.
    pub posts: BTreeSet<i64>,
    has_posts: bool,
    /// The places that an undisturbed run passes.
    pub places: BTreeMap<String, Passed>,
}

impl Scenario {
    /// Prepares the state, runs the command once undisturbed, and counts.
    pub async fn of(on: On, told: Told) -> Self {
        let place = Place::empty(on, told.catalog.path()).await;
        for line in told.before {
            if line.starts_with("PRAGMA ") {
                Eye::on(&place.database).await.texts(line).await;
                continue;
            }
            application::writes_before(&place).await;
            place.does(&line.split(' ').collect::<Vec<_>>()).await;
        }
        let before = Truth::of(&place).await;
        let words = words(told.command, &place);
        let start = Prepared::keep(place);
        let once = start.again().await;
        let said = once.run(&words.iter().map(String::as_str).collect::<Vec<_>>(), With::default()).await;
        assert_eq!(said.exit, Some(0), "{} undisturbed on {on:?}: {}", told.name, said.stderr);
        let golden = Truth::of(&once).await;
        let (has_posts, posts) = posts(&once).await;
        once.gone().await;
        let is_by_journal = told.before.contains(&BY_JOURNAL);
        Self {
            name: told.name,
            on,
            start,
            is_by_journal,
            words,
            before,
            golden,
            posts,
            has_posts,
            places: passed(&said.passed),
        }
    }

    /// Whether the application works beside its trials.
    pub fn has_an_application(&self) -> bool {
        self.has_posts
    }

    /// Whether the command leads back to a snapshot.
    pub fn leads_back(&self) -> bool {
        self.words[0] == "down" && self.words.iter().any(|word| word == "--snapshot")
    }

    /// Whether nobody can look, the trial included, while its process stands still in the middle of a transaction.
    pub fn keeps_readers_out(&self) -> bool {
        self.is_by_journal
    }

    /// The state that it begins from.
    pub async fn begin(&self) -> Place {
        self.start.again().await
    }

    pub fn catalog(&self) -> &Path {
        self.start.catalog()
    }

    pub fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// Lets go of what was kept.
    pub async fn end(self) {
        self.start.gone().await;
    }
}

async fn posts(place: &Place) -> (bool, BTreeSet<i64>) {
    let mut eye = Eye::on(&place.database).await;
    if !eye.tables().await.iter().any(|table| table == "posts") {
        return (false, BTreeSet::new());
    }
    (true, application::rows(&mut eye).await.into_keys().collect())
}

fn words(command: &str, place: &Place) -> Vec<String> {
    let snapshot = || {
        let names = std::fs::read_dir(place.database.folder.path().join("snapshots")).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let mut ids: Vec<String> = names.filter_map(|name| name.split('.').next().map(str::to_owned)).collect();
        ids.sort();
        ids.pop().unwrap_or_default()
    };
    command.split(' ').map(|word| if word == "{snapshot}" { snapshot() } else { word.to_owned() }).collect()
}
