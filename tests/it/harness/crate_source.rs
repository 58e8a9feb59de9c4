//! The source of a published crate, fetched with cargo alone and never compiled.
//!
//! `cargo info` downloads the one package it tells about, and nothing that package depends on (cargo's documentation,
//! `cargo info`); `cargo fetch` and `cargo vendor` would bring hundreds of crates. What was downloaded before, by whatever
//! build, is not downloaded again.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

/// A crate, at exactly one version.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    pub name: &'static str,
    pub version: &'static str,
}

/// One at a time in this process; cargo's own lock keeps other processes apart.
static FETCHING: Mutex<()> = Mutex::new(());

/// Where the source of a crate lies, just as it was published.
pub fn source_of(published: Published) -> PathBuf {
    let home = cargo_home();
    let _one_at_a_time = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = unpacked(&home, published) {
        return found;
    }
    fetch(&home, published);
    unpacked(&home, published).unwrap_or_else(|| panic!("cargo info left no source of {published:?} in its cache"))
}

/// Where cargo keeps what it downloads (cargo's documentation, Cargo Home).
fn cargo_home() -> PathBuf {
    match env::var_os("CARGO_HOME") {
        Some(home) => std::path::absolute(home).expect("a current folder"),
        None => env::home_dir().expect("a home folder").join(".cargo"),
    }
}

/// The unpacked source; `.cargo-ok` is the mark that all of it is there.
fn unpacked(home: &Path, Published { name, version }: Published) -> Option<PathBuf> {
    let registries = fs::read_dir(home.join("registry/src")).ok()?;
    let mut places = registries.filter_map(|registry| Some(registry.ok()?.path().join(format!("{name}-{version}"))));
    places.find(|place| place.join(".cargo-ok").exists())
}

/// From a folder of its own, where cargo finds no workspace whose dependencies it would look up as well.
fn fetch(home: &Path, Published { name, version }: Published) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let fetched = Command::new(cargo)
        .args(["info", "--quiet", &format!("{name}@{version}")])
        .current_dir(folder.path())
        .env("CARGO_HOME", home)
        .output()
        .expect("cargo");
    assert!(
        fetched.status.success(),
        "cargo could not fetch {name} {version}: {}",
        String::from_utf8_lossy(&fetched.stderr)
    );
}
