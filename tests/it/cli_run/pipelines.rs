//! The steps of docs/ci, run as a pipeline runs them.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::harness::{database::On, ship::Ship};

const DECKS: &str = "CREATE TABLE decks (id INTEGER PRIMARY KEY);\n";

/// The one script of a file: what is indented deeper than the line that ends in `|`.
fn script(file: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci").join(file)).expect("the file");
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.lines().skip_while(|line| !line.ends_with('|'));
    let head = lines.next().expect("a script");
    let of_script = |line: &&str| line.is_empty() || depth(line) > depth(head);
    let script: Vec<&str> = lines.take_while(of_script).map(str::trim_start).collect();
    assert!(script.len() > 5, "{script:?}");
    script.join("\n")
}

/// How the script ends, with the binary under test as `windlass` and these variables.
async fn ends(ship: &Ship, file: &str, variables: &[(&str, &str)]) -> (i32, String) {
    let programs = ship.folder().join("programs");
    fs::create_dir_all(&programs).expect("a folder");
    let link = programs.join("windlass");
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_windlass"), link).expect("a link");
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("PATH"));
    let mut shell = ship.shell(&script(file));
    let output = shell.env("PATH", path).envs(variables.iter().copied()).output().await.expect("bash");
    (output.status.code().expect("an end"), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn git(ship: &Ship, words: &[&str]) {
    let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
    let ran = Command::new("git").args(who).args(words).current_dir(ship.folder()).output().expect("git");
    assert!(ran.status.success(), "git {words:?}: {ran:?}");
}

/// A repository whose branch adds a migration to `origin/main`.
async fn on_a_branch() -> Ship {
    let ship = Ship::with_catalog(On::Sqlite).await;
    ship.catalog().add("v1.0.0_02_decks", DECKS, "DROP TABLE decks;");
    git(&ship, &["init", "--quiet", "--initial-branch=main"]);
    git(&ship, &["add", "migrations"]);
    git(&ship, &["commit", "--quiet", "--message", "Begin"]);
    git(&ship, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    ship.catalog().add("v1.0.0_03_holds", &DECKS.replace("decks", "holds"), "DROP TABLE holds;");
    ship
}

fn read(ship: &Ship, name: &str) -> String {
    fs::read_to_string(ship.folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Goal: the action annotates, writes the summary, the findings and the outputs, and fails exactly when the run may not begin.
#[tokio::test]
async fn the_action_for_github_is_a_gate() {
    let ship = on_a_branch().await;
    let at = |name: &str| ship.folder().join(name).display().to_string();
    let (summary, outputs) = (at("summary.md"), at("outputs"));
    let variables = [
        ("TO", ""),
        ("BASE", "origin/main"),
        ("SARIF", "windlass.sarif"),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
        ("GITHUB_OUTPUT", outputs.as_str()),
    ];

    let (code, told) = ends(&ship, "action.yml", &variables).await;

    assert_eq!(code, 0, "{told}");
    assert!(told.lines().all(|line| line.starts_with("::notice file=migrations/v1.0.0_0")), "{told}");
    assert!(read(&ship, "summary.md").contains("2 migrations"));
    let digest = ship.cli(&["plan", "--json"]).await.exits(0).json()["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(read(&ship, "outputs"), format!("digest={digest}\npending=2\n"));
    let log: Value = serde_json::from_str(&read(&ship, "windlass.sarif")).expect("JSON");
    assert_eq!(log["version"], "2.1.0");

    ship.catalog().add("v1.0.0_01_late", &DECKS.replace("decks", "late"), "DROP TABLE late;");
    let (code, told) = ends(&ship, "action.yml", &variables).await;
    assert_eq!(code, 2, "{told}");
    let error = "::error file=migrations/v1.0.0_01_late/up.sql,line=1,title=out-of-order::";
    assert!(told.lines().any(|line| line.starts_with(error)), "{told}");
    let log: Value = serde_json::from_str(&read(&ship, "windlass.sarif")).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().any(|result| result["ruleId"] == "out-of-order" && result["level"] == "error"), "{log:#}");
}

#[tokio::test]
async fn the_job_for_gitlab_is_a_gate() {
    let ship = on_a_branch().await;
    let variables = [("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")];

    let (code, told) = ends(&ship, "gitlab-ci.yml", &variables).await;

    assert_eq!(code, 0, "{told}");
    let digest = ship.cli(&["plan", "--json"]).await.exits(0).json()["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(read(&ship, "windlass.env"), format!("WINDLASS_PLAN={digest}\n"));
    assert!(read(&ship, "windlass.md").contains("2 migrations"));

    ship.catalog().add("v1.0.0_01_late", &DECKS.replace("decks", "late"), "DROP TABLE late;");
    let (code, told) = ends(&ship, "gitlab-ci.yml", &variables).await;
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("out-of-order"), "{told}");
}
