//! Files of keys and denials that are no files, or of which some cannot be used.

use std::{fs, path::Path, process::Command, time::Duration};

use windlass::clock::Clock;

use super::{SECRET, write};
use crate::harness::{
    database::On,
    eventually,
    ship::Ship,
    signer::{Signer, admin_claims, set},
};

/// Longer than a start that is refused takes, on a machine that is busy.
const START_S_MAX: u64 = 30;

/// A pipe that nobody writes to: whoever opens it to read waits.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(path).status().expect("mkfifo").success());
}

/// The status of an administrator's question; `jti` is the token's own name.
async fn status(ship: &Ship, signer: &Signer, jti: &str) -> u16 {
    let mut claims = admin_claims(Clock::system().now().timestamp());
    claims["jti"] = jti.into();
    ship.caller(Some(&signer.token(&claims))).get("/api/migration/status").await.status
}

/// With a set of one key and an empty deny list, served.
async fn served(signer: &Signer) -> Ship {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    write(&ship.folder().join("set.json"), &set(&[signer]), 0o644);
    write(&ship.folder().join("denied"), "", 0o600);
    ship.set("auth.jwks", "set.json");
    ship.set("auth.deny_list", "denied");
    ship.serve().await;
    ship
}

/// Goal: nothing waits for a pipe, and whoever put it there is told which setting names it.
#[tokio::test]
async fn a_pipe_or_a_folder_in_the_place_of_a_file_is_refused_at_once() {
    for (setting, words) in [
        ("auth.jwks", "auth.jwks"),
        ("auth.deny_list", "auth.deny_list"),
        ("auth.keys.0.file", "key k"),
        ("auth.keys.0.secret_file", "auth.keys[0].secret_file"),
        ("snapshots.passphrase_file", "snapshots.passphrase_file"),
    ] {
        for make in [pipe, |path: &Path| fs::create_dir(path).expect("a folder")] {
            let mut ship = Ship::with_catalog(On::Sqlite).await;
            ship.set("auth.keys.0.id", "k");
            ship.set("auth.keys.0.algorithm", "HS256");
            if !setting.starts_with("auth.keys") {
                ship.set("auth.keys.0.secret", SECRET);
            }
            make(&ship.folder().join("named"));
            ship.set(setting, "named");

            let started = tokio::time::timeout(Duration::from_secs(START_S_MAX), ship.cli(&["serve"])).await;

            let refused = started.unwrap_or_else(|_| panic!("{setting}: it waits for a pipe")).exits(78);
            assert!(refused.stderr.contains("regular file"), "{setting}: {}", refused.stderr);
            assert!(refused.stderr.contains(words), "{setting}: {}", refused.stderr);
        }
    }
}

/// Goal: a pipe that comes later holds up neither the service nor what is written after it.
#[tokio::test]
async fn a_pipe_that_comes_later_is_told_and_what_comes_after_it_is_read() {
    let signer = Signer::ed25519("one");
    let ship = served(&signer).await;
    assert_eq!(status(&ship, &signer, "T1").await, 200);
    let denied = ship.folder().join("denied");

    pipe(&denied);
    eventually("it is told", async || ship.log().contains("regular file").then_some(())).await;
    assert!(ship.log().contains("auth.deny_list"), "{}", ship.log());
    assert_eq!(status(&ship, &signer, "T1").await, 200);
    fs::remove_file(&denied).expect("the pipe");
    write(&denied, "jti T1\n", 0o600);

    eventually("it is denied", async || (status(&ship, &signer, "T1").await == 401).then_some(())).await;
    assert_eq!(status(&ship, &signer, "T2").await, 200);
}

/// Goal: what is damaged in one file never keeps the safer half of another from coming into force.
#[tokio::test]
async fn a_damaged_file_does_not_hold_up_what_another_takes_away() {
    let (one, two) = (Signer::ed25519("one"), Signer::p256("two"));
    let ship = served(&one).await;
    let (keys, denied) = (ship.folder().join("set.json"), ship.folder().join("denied"));
    let must_be = async |expected: [u16; 2], what: &str| {
        eventually(what, async || {
            ([status(&ship, &one, "T1").await, status(&ship, &two, "T2").await] == expected).then_some(())
        })
        .await;
    };
    must_be([200, 401], "at first").await;

    write(&keys, "{", 0o644);
    write(&denied, "jti T1\n", 0o600);
    must_be([401, 401], "a denial behind a damaged set").await;
    assert!(ship.log().contains("auth.jwks"), "{}", ship.log());

    write(&denied, "", 0o600);
    write(&keys, &set(&[&one, &two]), 0o644);
    must_be([200, 200], "both are mended").await;

    write(&denied, "subject\n", 0o600);
    write(&keys, &set(&[&two]), 0o644);
    must_be([401, 200], "a key that goes beside a damaged list").await;

    write(&keys, &set(&[&one, &two]), 0o644);
    eventually("it was read", async || (ship.log().matches("auth.deny_list").count() > 1).then_some(())).await;
    must_be([401, 200], "a key that comes waits for the list").await;
    let by_its_name = Signer::p256("two");
    write(&keys, &set(&[&by_its_name]), 0o644);
    must_be([401, 401], "another key by a known name has taken the old one away").await;
    assert_eq!(status(&ship, &by_its_name, "T3").await, 401, "and waits as well");
    write(&keys, &set(&[&one, &two]), 0o644);
    write(&denied, "jti T2\n", 0o600);
    must_be([200, 401], "mended").await;
}
