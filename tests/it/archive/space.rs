//! What would not fit is refused before its first byte, with the figures.

use std::{fs, process::Stdio};

use super::{names, with_rows};
use crate::harness::{database::On, eye::must_be_same, on_every_engine, ship::Called};

on_every_engine!(what_would_not_fit_is_refused_with_the_figures);

/// Method: the folder of the snapshots is a small file system of its own.
async fn what_would_not_fit_is_refused_with_the_figures(on: On) {
    let ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    let before = ship.eye().await.everything().await;
    let folder = ship.folder().join("data/snapshots");
    fs::create_dir_all(&folder).expect("the folder");
    let windlass = env!("CARGO_BIN_EXE_windlass");
    let script = format!(
        "exec unshare --user --map-root-user --mount bash -c \
         'mount -t tmpfs -o size=4m none {} && exec {windlass} up --json'",
        folder.display()
    );

    let mut shell = ship.shell(&script);
    let output = shell.env("PATH", std::env::var("PATH").expect("a path"));
    let output = output.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.expect("a shell");
    let refused = Called::of(&output).exits(1).json();

    assert_eq!(refused["problem"]["type"], "no-space", "{refused:#}");
    let detail = refused["problem"]["detail"].as_str().expect("words");
    assert!(detail.contains("the snapshot") && detail.contains("are free"), "{detail}");
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(names(&ship).await, [""; 0]);
}
