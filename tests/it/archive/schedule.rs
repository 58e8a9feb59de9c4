//! What a service does with snapshots by itself.

use super::{names, taken, with_rows};
use crate::harness::{database::On, eventually};

#[tokio::test]
async fn a_service_takes_a_snapshot_when_the_newest_is_too_old() {
    let mut ship = with_rows(On::Sqlite).await;
    ship.set("snapshots.every", "1h");
    ship.serve().await;

    let id = eventually("a snapshot is taken", async || names(&ship).await.pop()).await;

    let shown = ship.cli(&["snapshot", "show", &id, "--json"]).await.exits(0).json();
    assert_eq!((&shown["created_by"], &shown["tags"][0]), (&"service:windlass".into(), &"scheduled".into()));
    let status = ship.cli(&["snapshot", "status", "--json"]).await.exits(0).json();
    assert!(status["next_snapshot_at"].is_string(), "{status:#}");
}

#[tokio::test]
async fn a_service_restores_a_snapshot_into_a_scratch_database() {
    let mut ship = with_rows(On::Postgres).await;
    let id = taken(&ship).await;
    ship.set("snapshots.verify_every", "1h");
    ship.serve().await;

    let verified = eventually("it is looked at", async || {
        let status = ship.cli(&["snapshot", "status", "--json"]).await.exits(0).json();
        status["last_verified"].is_object().then(|| status["last_verified"].clone())
    })
    .await;

    assert_eq!((&verified["id"], &verified["deep"]), (&id.as_str().into(), &true.into()));
}
