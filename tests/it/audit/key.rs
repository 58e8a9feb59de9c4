//! The key of the trail is gone.

use std::fs;

use super::{file, verified, with_six_lines};
use crate::harness::database::On;

/// Goal: a key is not made anew over lines that another one sealed. Method: it is taken away, and put back.
#[tokio::test]
async fn a_key_that_is_gone_is_not_made_anew() {
    let ship = with_six_lines(On::Sqlite).await;
    let (key, aside) = (file(&ship).with_file_name("audit.key"), ship.folder().join("kept"));
    fs::rename(&key, &aside).unwrap();

    for words in [&["validate", "--json"][..], &["down", "--yes", "--json"], &["audit", "verify", "--json"]] {
        let failure = ship.cli(words).await.exits(78).failure();
        assert_eq!(failure["type"], "urn:windlass:problem:store-unusable", "{failure:#}");
        let detail = failure["detail"].as_str().unwrap();
        for told in ["data/audit.key is missing", "put it back", "begin anew", "audit.head"] {
            assert!(detail.contains(told), "{told}: {detail}");
        }
    }
    for words in [&["status"][..], &["audit", "list"]] {
        ship.cli(words).await.exits(0);
    }
    assert!(!key.exists());
    ship.database_is_at("1.0.0").await;

    fs::rename(&aside, &key).unwrap();
    ship.cli(&["validate"]).await.exits(0);
    assert_eq!(verified(&ship, &[]).await.exits(0).json()["entries"], 8);
}

/// Goal: what the error says to do when the key is lost for good is enough.
#[tokio::test]
async fn without_its_key_a_trail_begins_anew_beside_the_old_one() {
    let ship = with_six_lines(On::Sqlite).await;
    fs::remove_file(file(&ship).with_file_name("audit.key")).unwrap();
    let old = ship.folder().join("old");
    fs::create_dir(&old).unwrap();
    for name in ["windlass.db", "windlass.db-wal", "windlass.db-shm", "audit.head"] {
        let path = file(&ship).with_file_name(name);
        if path.exists() {
            fs::rename(&path, old.join(name)).unwrap();
        }
    }

    ship.cli(&["validate"]).await.exits(0);

    assert_eq!(verified(&ship, &[]).await.exits(0).json()["entries"], 2);
    ship.database_is_at("1.0.0").await;
}
