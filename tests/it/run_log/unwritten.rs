//! A file that cannot be written is told, and is never the reason that a run fails.

use std::{
    fmt::Write,
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    process::Stdio,
};

use super::with_cabins;
use crate::harness::{
    database::On,
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(a_full_disk_ends_the_file_and_not_the_run);

async fn told(ship: &mut Ship) -> String {
    ship.serve().await;
    ship.admin().await.get("/api/migration/logs?kind=job").await.body.to_string()
}

#[tokio::test]
async fn a_folder_that_is_none_is_told_and_the_run_goes_on() {
    let mut ship = with_cabins(On::Sqlite).await;
    fs::create_dir(ship.folder().join("data")).unwrap();
    fs::write(ship.folder().join("data/logs"), "in the way").unwrap();

    let called = ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    ship.database_is_at("1.0.0").await;
    assert!(called.stderr.contains("could not be made"), "{}", called.stderr);
    assert_eq!(fs::read_to_string(ship.folder().join("data/logs")).unwrap(), "in the way");
    let told = told(&mut ship).await;
    assert!(told.contains("its log file could not be made"), "{told}");
}

/// Goal: no text of a run lies where somebody else leads it, or may put something else in its place.
#[tokio::test]
async fn a_folder_that_others_may_write_to_is_not_used() {
    for (words, is_link) in [("it is no folder", true), ("others may write to it", false)] {
        let mut ship = with_cabins(On::Sqlite).await;
        let (logs, elsewhere) = (ship.folder().join("data/logs"), ship.folder().join("elsewhere"));
        fs::create_dir(ship.folder().join("data")).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        if is_link {
            symlink(&elsewhere, &logs).unwrap();
        } else {
            fs::create_dir(&logs).unwrap();
            fs::set_permissions(&logs, Permissions::from_mode(0o777)).unwrap();
        }

        let called = ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

        ship.database_is_at("1.0.0").await;
        assert!(called.stderr.contains(words), "{}", called.stderr);
        assert_eq!(fs::read_dir(&logs).unwrap().count(), 0);
        let told = told(&mut ship).await;
        assert!(told.contains(words), "{told}");
    }
}

/// Method: the folder is a file system of its own with room for a few lines, in a namespace in which the program runs.
async fn a_full_disk_ends_the_file_and_not_the_run(on: On) {
    let mut ship = with_cabins(on).await;
    let mut up = String::new();
    for id in 2..200 {
        writeln!(up, "INSERT INTO cabins (id, n) VALUES ({id}, 0);").unwrap();
    }
    ship.catalog().add("v1.1.0_01_more", &up, "DELETE FROM cabins WHERE id > 1;");
    fs::create_dir_all(ship.folder().join("data/logs")).unwrap();
    let script =
        "mount -t tmpfs -o size=8k,mode=700 none data/logs; $windlass up --snapshot never; cp data/logs/*.log left";
    let mut shell = ship.shell("exec unshare --user --map-root-user --mount bash -euc \"$script\"");
    shell.env("script", script).env("windlass", env!("CARGO_BIN_EXE_windlass"));
    shell.env("PATH", std::env::var("PATH").unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());

    let called = Called::of(&shell.output().await.unwrap()).exits(0);

    ship.database_is_at("1.1.0").await;
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM cabins").await, 199);
    assert_eq!(called.stderr.matches("No space left on device").count(), 1, "{}", called.stderr);
    let left = fs::read_to_string(ship.folder().join("left")).unwrap();
    assert!(left.contains("begins job") && !left.contains("succeeded"), "{left}");
    let told = told(&mut ship).await;
    assert!(told.contains("ends here, it could not be written: No space left"), "{told}");
}
