//! The guides for bad days, command by command as they are printed.

use std::{fs, path::Path, process::Stdio};

use tokio::process::Command;

use crate::harness::{
    database::On,
    eye::{Eye, must_be_same},
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(the_rollback_guide_leads_back, the_troubleshooting_page_can_be_followed);

/// The shell blocks of a page for this engine, in order. Those for one engine bear its name.
fn blocks(page: &str, on: On) -> Vec<String> {
    let engine = match on {
        On::Sqlite => "sqlite",
        On::Postgres => "postgres",
        On::MariaDb => "mariadb",
    };
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page)).expect("the page");
    page.split("```sh")
        .skip(1)
        .filter_map(|block| {
            let (tag, text) = block.split_once('\n').expect("a block");
            let is_ours = tag.trim().is_empty() || tag.trim() == engine;
            is_ours.then(|| text.split("```").next().expect("the end of the block").to_owned())
        })
        .collect()
}

/// At the newest version, with a snapshot of that; served.
async fn underway(on: On) -> (Ship, String) {
    let mut ship = Ship::with_sample(on).await;
    ship.set("policy.loss", "digest");
    ship.cli(&["up"]).await.exits(0);
    let id = ship.cli(&["snapshot", "create", "--quiet"]).await.exits(0).stdout.trim().to_owned();
    ship.serve().await;
    (ship, id)
}

/// Runs a page's blocks in one shell that ends at the first command that fails.
async fn follow(ship: &Ship, page: &str, id: &str) {
    let script = format!("set -euo pipefail\n{}", blocks(page, ship.on).join("\n"));
    let home = ship.folder().join("home");
    fs::create_dir_all(&home).expect("a home");
    let url = reqwest::Url::parse(&ship.database.url).expect("a URL");
    let (user, port) = (url.username().to_owned(), url.port().unwrap_or(0).to_string());
    fs::write(home.join(".my.cnf"), format!("[client]\nhost=127.0.0.1\nport={port}\nuser={user}\n")).expect("a file");
    let program = Path::new(env!("CARGO_BIN_EXE_windlass")).parent().expect("its folder").display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").expect("a path"));
    let data = ship.folder().join("data");
    let mut shell = ship.shell(&script);
    shell.env("PATH", path).env("HOME", &home).env("PGHOST", "127.0.0.1").env("PGPORT", &port).env("PGUSER", &user);
    shell.env("ID", id).env("API", format!("{}/api", ship.url()));
    shell.env("SNAPSHOTS", data.join("snapshots")).env("KEY", data.join("snapshot.key"));
    shell.env("OTHER", ship.other("other").0).env("RESTORED", ship.other("restored").0);
    let ended = Called::of(&ended(shell).await);
    assert_eq!(ended.code, 0, "{page}\n{}\n{}", ended.stdout, ended.stderr);
}

async fn ended(mut shell: Command) -> std::process::Output {
    shell.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.expect("a shell")
}

/// Goal: who follows the guide ends where it says, with windlass and without.
async fn the_rollback_guide_leads_back(on: On) {
    let (ship, id) = underway(on).await;
    let then = ship.eye().await.everything().await;

    follow(&ship, "ROLLBACK_GUIDE.md", &id).await;

    must_be_same(&Eye::at(on, &ship.other("other").1).await.everything().await, &then);
    must_be_same(&Eye::at(on, &ship.other("restored").1).await.everything().await, &then);
    ship.cli(&["check"]).await.exits(0);
}

async fn the_troubleshooting_page_can_be_followed(on: On) {
    let (ship, id) = underway(on).await;

    follow(&ship, "TROUBLESHOOTING.md", &id).await;

    ship.cli(&["check"]).await.exits(0);
}
