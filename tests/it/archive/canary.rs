//! Secrets stay where they were put: none in an answer, a log, a list of processes, a file left behind, or a snapshot.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use reqwest::Method;
use serde_json::json;

use super::{taken, with_rows};
use crate::harness::{
    database::On,
    on_every_engine,
    ship::{Answer, Caller, Ship},
};

on_every_engine!(a_canary_sings_nowhere);

/// What is secret here: the database's password, the key of tokens, the passphrase of snapshots, and a row.
const PASSWORD: &str = "canary-password-5d1e";
const TOKEN_SECRET: &str = "canary-token-secret-of-32-bytes-or-more-8c2f";
const PASSPHRASE: &str = "canary-passphrase-7f3a";
const ROW: &str = "canary-row-91b4";
const SECRETS: [&str; 3] = [PASSWORD, TOKEN_SECRET, PASSPHRASE];

/// How often the processes of the machine are looked at.
const LOOK_MS: u64 = 2;

/// The same database, for an account with a password.
async fn with_password(ship: &mut Ship) {
    let name = ship.database.url.rsplit_once('/').expect("a database").1.to_owned();
    let mut eye = ship.eye().await;
    match ship.on {
        On::Sqlite => return,
        On::Postgres => eye.run(&format!("CREATE ROLE c_{name} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")).await,
        On::MariaDb => {
            eye.run(&format!("CREATE USER c_{name} IDENTIFIED BY '{PASSWORD}'")).await;
            eye.run(&format!("GRANT ALL ON *.* TO c_{name}")).await;
        }
    }
    let (scheme, rest) = ship.database.url.split_once("://").expect("a URL");
    let server = rest.split_once('@').map_or(rest, |(_, server)| server).to_owned();
    let url = format!("{scheme}://c_{name}:{PASSWORD}@{server}");
    ship.set("target.url", &url);
}

/// What a look at every process's arguments finds.
fn in_arguments(is_over: &AtomicBool) -> (usize, Vec<String>) {
    let (mut looks, mut found) = (0, Vec::new());
    while !is_over.load(Ordering::Relaxed) {
        let processes = fs::read_dir("/proc").expect("the processes").filter_map(Result::ok);
        for line in processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok()) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if SECRETS.iter().any(|secret| line.contains(secret)) {
                found.push(line);
            }
        }
        looks += 1;
        thread::sleep(Duration::from_millis(LOOK_MS));
    }
    (looks, found)
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// Everything that can be asked and ordered, right and wrong; gives all that was answered.
async fn everything(admin: &Caller, nobody: &Caller, id: &str) -> Vec<String> {
    let mut told = Vec::new();
    let mut tell = |answer: Answer| told.push(format!("{:?} {}", answer.headers, answer.body));
    for path in [
        "/api/system/health",
        "/api/system/version",
        "/api/migration/plan",
        "/api/migration/status",
        "/api/migration/logs",
        "/api/migration/snapshots",
        "/api/migration/snapshots/status",
        "/api/migration/progress?job=nothing",
        "/api/openapi.json",
        "/api/nowhere",
    ] {
        tell(admin.get(path).await);
        tell(nobody.get(path).await);
    }
    let restore = format!("/api/migration/snapshots/{id}/restore");
    let verify = format!("/api/migration/snapshots/{id}/verify");
    for (path, body) in [
        ("/api/migration/snapshot", json!({"message": "canary", "export": true})),
        ("/api/migration/start", json!({"dry_run": true})),
        ("/api/migration/start", json!({})),
        ("/api/migration/validate", json!({"deep": true})),
        (&verify, json!({"deep": true})),
        ("/api/migration/rollback", json!({"steps": 1})),
        (&restore, json!({"dry_run": true})),
        (&restore, json!({})),
        ("/api/migration/snapshots/prune", json!({"dry_run": true, "keep": 1})),
        ("/api/migration/start", json!({"to": "9.9.9"})),
        ("/api/migration/rollback", json!({"snapshot": "01J9Z3M8T6W1X0Y5V4Q2N7KCBD"})),
        ("/api/migration/stop", json!({})),
        ("/api/migration/start", json!({"unknown": true})),
    ] {
        tell(Answer::to(admin.request(Method::POST, path).header("prefer", "wait=60").json(&body)).await);
        tell(nobody.post(path, body).await);
    }
    tell(admin.get("/api/migration/logs?limit=1000").await);
    told
}

async fn a_canary_sings_nowhere(on: On) {
    let mut ship = with_rows(on).await;
    ship.eye().await.run(&format!("UPDATE guests SET name = '{ROW}' WHERE id = 1")).await;
    with_password(&mut ship).await;
    for (key, value) in [("id", "one"), ("algorithm", "HS256"), ("secret", TOKEN_SECRET)] {
        ship.set(&format!("auth.keys.0.{key}"), value);
    }
    ship.set("snapshots.passphrase", PASSPHRASE);
    ship.set("log.filter", "debug");
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    let is_over = Arc::new(AtomicBool::new(false));
    let looker = thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || in_arguments(&is_over)
    });

    let id = taken(&ship).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let mut told = everything(&admin, &ship.anybody(), &id).await;
    ship.catalog().add(
        "v1.2.0_01_wrong",
        "CREATE TABLE broken (id INTEGER PRIMARY KEY);\nSELEKT 1;",
        "DROP TABLE broken;",
    );
    for words in [&["up"][..], &["status"], &["snapshot", "verify", "--deep"], &["plan"], &["down", "--steps", "9"]] {
        let called = ship.cli(words).await;
        told.extend([called.stdout, called.stderr]);
    }
    ship.set("target.url", &format!("postgres://nobody:{PASSWORD}@127.0.0.1:1/nowhere"));
    let called = ship.cli(&["status"]).await.exits(69);
    told.extend([called.stdout, called.stderr, ship.log()]);
    is_over.store(true, Ordering::Relaxed);
    let (looks, found) = looker.join().expect("the looker");

    assert!(looks > 50 && found.is_empty(), "{looks} looks: {found:?}");
    for text in &told {
        assert!(!SECRETS.iter().chain(&[ROW]).any(|secret| text.contains(secret)), "{text}");
    }
    let database = ship.database.url.trim_start_matches("sqlite:").to_owned();
    let (mut read, mut snapshots) = (0, 0);
    for file in files(ship.folder()) {
        let bytes = fs::read(&file).unwrap_or_default();
        let place = file.display().to_string();
        // The live file is the database; it holds the row and no secret of ours.
        let secrets = SECRETS.iter().copied().chain((!place.starts_with(&database)).then_some(ROW));
        for secret in secrets {
            assert!(!holds(&bytes, secret), "{secret} in {place}");
        }
        read += 1;
        snapshots += usize::from(file.extension().is_some_and(|ending| ending == "age"));
    }
    assert!(read > 10 && snapshots >= 4, "{read} files, {snapshots} of them sealed");
}
