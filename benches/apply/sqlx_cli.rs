//! sqlx-cli, built once below `target/`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Which one.
const VERSION: &str = "=0.9.0";
/// How long its building may take.
const BUILD: Duration = Duration::from_mins(15);
/// How often is looked whether it is done.
const POLL: Duration = Duration::from_millis(500);

/// The program, built now if it was not before.
///
/// # Errors
/// Why it takes no part: it could not be fetched, or not be built in time.
pub fn installed() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-tools");
    let program = root.join("bin/sqlx");
    if program.exists() {
        return Ok(program);
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["install", "sqlx-cli", "--version", VERSION, "--no-default-features", "--features"]);
    cargo.args(["postgres,mysql,sqlite", "--root"]).arg(&root).arg("--target-dir").arg(root.join("build"));
    let mut building = cargo.spawn().map_err(|error| format!("cargo does not start: {error}"))?;
    let began = Instant::now();
    loop {
        match building.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(program),
            Ok(Some(status)) => return Err(format!("cargo install ended with {status}")),
            Ok(None) if began.elapsed() < BUILD => thread::sleep(POLL),
            Ok(None) => {
                let _ = building.kill();
                let _ = building.wait();
                return Err(format!("it was not built within {} s", BUILD.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}
