//! `windlass.toml` of any content: no panic, and no error repeats a secret.
//!
//! `./test fuzz settings`

#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use windlass::config::{self, Options};

const SECRET: &str = "canary-4f1d7c";

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    parent.join(format!("windlass-fuzz-{}.toml", std::process::id()))
});

fuzz_target!(|text: &str| {
    // A secret in its place, whatever stands around it.
    let text = format!("{text}\n[target]\nurl = \"postgres://app:{SECRET}@db/app\"\n");
    fs::write(&*FILE, text).expect("a file");
    let options = Options { file: Some(FILE.clone()), ..Options::default() };
    if let Err(error) = config::load(&options) {
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    }
});
