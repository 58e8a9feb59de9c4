//! Tells the binary what it was built from: commit, time, compiler.
//!
//! Works without git and outside a checkout (the commit is `unknown` then). `WINDLASS_COMMIT` and `SOURCE_DATE_EPOCH`
//! are believed before anything else, so that a build can be repeated to the byte.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=WINDLASS_COMMIT");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rustc-env=WINDLASS_BUILD_COMMIT={}", commit().unwrap_or_else(|| "unknown".to_owned()));
    println!("cargo:rustc-env=WINDLASS_BUILD_EPOCH_S={}", epoch_s());
    println!("cargo:rustc-env=WINDLASS_BUILD_RUST={}", rust_version().unwrap_or_else(|| "unknown".to_owned()));
}

/// What a command prints on one line; `None` when it is missing, fails or prints nothing.
fn line_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains('\n'))
}

fn commit() -> Option<String> {
    if let Ok(given) = env::var("WINDLASS_COMMIT")
        && !given.is_empty()
        && given.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Some(given);
    }
    // A copy of the source inside somebody else's checkout must not take that one's commit for its own.
    let here = Path::new(&env::var_os("CARGO_MANIFEST_DIR")?).canonicalize().ok()?;
    let top = line_of("git", &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != here {
        return None;
    }
    // Both change with each commit or checkout. A path that does not exist would rebuild every time.
    for name in ["HEAD", "logs/HEAD"] {
        if let Some(path) = line_of("git", &["rev-parse", "--git-path", name]).filter(|path| Path::new(path).exists()) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    line_of("git", &["rev-parse", "--short=12", "HEAD"])
}

#[expect(clippy::disallowed_methods, reason = "a build has no Clock to be handed")]
fn epoch_s() -> u64 {
    let given = env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs())
    })
}

/// `1.95.0` of `rustc 1.95.0 (…)`.
fn rust_version() -> Option<String> {
    let line = line_of(&env::var("RUSTC").ok()?, &["--version"])?;
    line.split_whitespace().nth(1).map(str::to_owned)
}
