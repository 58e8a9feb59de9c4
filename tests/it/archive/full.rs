//! The disk becomes full in the middle, or can only be read: nothing is half there, and with room everything goes on.

use std::{fmt::Write, fs, process::Stdio};

use super::taken;
use crate::harness::{
    database::On,
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(a_snapshot_that_does_not_fit_leaves_nothing);

/// The rows of the big table, and the bytes of each, which hardly can be compressed.
const ROWS: usize = 300;
const ROW_BYTES: usize = 1000;

/// File systems on which something in the middle does not fit, and one that can only be read.
const TOO_SMALL: [&str; 8] = ["size=4k", "size=8k", "size=16k", "size=32k", "size=64k", "size=128k", "size=160k", "ro"];

/// At 1.0.0 with a table of about 300 KB; nothing is forecast.
async fn with_bulk(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.set("policy.space", "warn");
    let mut up = String::from("CREATE TABLE cargo (id INTEGER PRIMARY KEY, label VARCHAR(1000));\n");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for id in 0..ROWS {
        let mut label = String::new();
        while label.len() < ROW_BYTES {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            write!(label, "{:08x}", state >> 32).expect("a string");
        }
        writeln!(up, "INSERT INTO cargo VALUES ({id}, '{label}');").expect("a string");
    }
    ship.catalog().add("v1.0.0_01_cargo", &up, "DROP TABLE cargo;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship
}

/// Runs a script as root of a namespace of its own, where it may mount; `$windlass` is the program. Gives its exit code. A
/// mount that is changed is named with its device, since `mount` adds what /proc/mounts says otherwise, which for an
/// ordinary user is an owner that the namespace does not know.
async fn apart(ship: &Ship, script: &str) -> Called {
    let mut shell = ship.shell("exec unshare --user --map-root-user --mount bash -euc \"$script\"");
    shell.env("script", script).env("windlass", env!("CARGO_BIN_EXE_windlass"));
    shell.env("PATH", std::env::var("PATH").expect("a path"));
    let output = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.expect("a shell");
    Called::of(&output)
}

fn told(ship: &Ship, file: &str) -> String {
    fs::read_to_string(ship.folder().join(file)).expect("what was told")
}

/// Method: the folder of the snapshots is a file system of its own, which has room only later.
async fn a_snapshot_that_does_not_fit_leaves_nothing(on: On) {
    let ship = with_bulk(on).await;
    fs::create_dir_all(ship.folder().join("data/snapshots")).expect("the folder");
    for size in TOO_SMALL {
        let script = format!(
            "mount -t tmpfs -o {size} none data/snapshots
             code=0; $windlass snapshot create --json >refused.json || code=$?
             $windlass snapshot list --json >listed.json
             mount -o remount,rw,size=64m none data/snapshots
             $windlass snapshot create --quiet >id
             ls -A data/snapshots >left
             exit $code"
        );

        let refused: serde_json::Value = {
            apart(&ship, &script).await.exits(1);
            serde_json::from_str(&told(&ship, "refused.json")).expect("JSON")
        };

        let detail = refused["problem"]["detail"].as_str().expect("words");
        let words = if size == "ro" { "Read-only file system" } else { "No space left on device" };
        assert!(detail.contains(words), "{size}: {refused:#}");
        assert_eq!(told(&ship, "listed.json").trim(), "[]", "{size}");
        let (id, left) = (told(&ship, "id"), told(&ship, "left"));
        assert!(left.lines().all(|name| name.starts_with(id.trim()) && !name.contains("part")), "{size}: {left}");
        assert_eq!(left.lines().count(), 2, "{size}: {left}");
    }
}

/// Goal: a live file that cannot grow keeps what it holds, or has all of the snapshot; and what is said of it is so.
/// Method: the file lies on a file system that has room for what it holds and not for what the snapshot would bring.
#[tokio::test]
async fn a_restore_that_does_not_fit_changes_nothing() {
    let ship = with_bulk(On::Sqlite).await;
    let id = taken(&ship).await;
    let mut app = ship.eye().await;
    app.run("DELETE FROM cargo WHERE id > 2").await;
    app.run("VACUUM").await;
    app.run("PRAGMA wal_checkpoint(TRUNCATE)").await;
    drop(app);
    let file = ship.database.url.trim_start_matches("sqlite:").trim_start_matches("//").to_owned();
    fs::create_dir(ship.folder().join("live")).expect("a folder");
    for size in ["0", "64", "128", "256", "320", "400", "ro"] {
        let small = if size == "ro" {
            "ro".to_owned()
        } else {
            format!("size=$(( {size} + $(stat -c %s {file}) / 1024 + 100 ))k")
        };
        let script = format!(
            "mount -t tmpfs none live
             cp {file} live/ship.db
             mount -o remount,{small} none live
             export WINDLASS__TARGET__URL=sqlite:live/ship.db
             code=0; $windlass snapshot restore {id} --json >refused.json || code=$?
             mount -o remount,rw,size=64m none live
             sqlite3 live/ship.db 'PRAGMA integrity_check; SELECT count(*) FROM cargo' >seen
             $windlass snapshot restore {id} --quiet
             sqlite3 live/ship.db 'PRAGMA integrity_check; SELECT count(*) FROM cargo' >then
             exit $code"
        );

        let ended = apart(&ship, &script).await;

        let refused = told(&ship, "refused.json");
        assert_ne!(ended.code, 0, "{size}: {refused}");
        // The last that is written is the lock row, in a copy that is already live.
        let rows = if refused.contains("the snapshot is restored") { ROWS } else { 3 };
        assert_eq!(told(&ship, "seen"), format!("ok\n{rows}\n"), "{size}: {} {refused}", ended.stderr);
        assert_eq!(told(&ship, "then"), format!("ok\n{ROWS}\n"), "{size}");
    }
}
