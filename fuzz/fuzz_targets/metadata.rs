//! `metadata.json` of any content: no panic, and every fault names the file.
//!
//! `./test fuzz metadata`

#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use windlass::{
    catalog::{self, CatalogError},
    config::CatalogFormat,
    sql::Dialect,
};

/// A catalog of one migration, in memory where the machine has such a folder.
static CATALOG: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let catalog = parent.join(format!("windlass-fuzz-{}", std::process::id()));
    fs::create_dir_all(catalog.join("v1.0.0_01_only")).expect("a folder");
    fs::write(catalog.join("v1.0.0_01_only/up.sql"), "SELECT 1").expect("a script");
    catalog
});

fuzz_target!(|text: &[u8]| {
    fs::write(CATALOG.join("v1.0.0_01_only/metadata.json"), text).expect("a file");
    match catalog::load(&CATALOG, CatalogFormat::Windlass, Dialect::Sqlite) {
        Ok(catalog) => assert_eq!(catalog.migrations.len(), 1),
        Err(CatalogError::Faults(faults)) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| fault.place.starts_with("v1.0.0_01_only")), "{faults:?}");
        }
        Err(error) => panic!("{error}"),
    }
});
