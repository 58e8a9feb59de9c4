//! The same by HTTP, and what bad input gets.

use serde_json::json;

use super::{taken, with_rows};
use crate::harness::{database::On, on_every_engine};

on_every_engine!(snapshots_are_looked_after_by_http);

async fn snapshots_are_looked_after_by_http(on: On) {
    let mut ship = with_rows(on).await;
    let id = taken(&ship).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let at = |what: &str| format!("/api/migration/snapshots/{id}/{what}");

    let verified = admin.post_and_wait(&at("verify"), json!({"deep": true})).await;
    let dry = admin.post_and_wait(&at("restore"), json!({"dry_run": true})).await;
    let restored = admin.post_and_wait(&at("restore"), json!({})).await;
    let pruned = admin.post_and_wait("/api/migration/snapshots/prune", json!({"keep": 0.0, "dry_run": true})).await;
    let status = admin.get("/api/migration/snapshots/status").await;

    assert_eq!((&verified["kind"], &verified["state"]), (&"verify".into(), &"succeeded".into()), "{verified:#}");
    assert_eq!(dry["result"]["dry_run"], true, "{dry:#}");
    assert_eq!((&restored["kind"], &restored["state"]), (&"restore".into(), &"succeeded".into()), "{restored:#}");
    assert_eq!(pruned["state"], "succeeded", "{pruned:#}");
    assert_eq!((status.status, &status.body["last_verified"]["id"]), (200, &id.as_str().into()), "{:#}", status.body);
}

#[tokio::test]
async fn bad_input_is_told_apart() {
    let mut ship = with_rows(On::Sqlite).await;
    let id = taken(&ship).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let none = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD";

    for (path, body, status, kind) in [
        (format!("/api/migration/snapshots/{none}/verify"), json!({}), 404, "no-such-snapshot"),
        ("/api/migration/snapshots/..%2f..%2fetc/restore".to_owned(), json!({}), 404, "no-such-snapshot"),
        (format!("/api/migration/snapshots/{id}/restore"), json!({"into": ""}), 422, "invalid-request"),
        (format!("/api/migration/snapshots/{id}/restore"), json!({"into": "../elsewhere.db"}), 422, "invalid-request"),
        (format!("/api/migration/snapshots/{id}/restore"), json!({"onto": "x"}), 400, "malformed-body"),
        ("/api/migration/snapshots/prune".to_owned(), json!({"tag": ""}), 422, "invalid-request"),
        ("/api/migration/snapshots/prune".to_owned(), json!({"keep": -1}), 400, "malformed-body"),
        ("/api/migration/snapshots/prune".to_owned(), json!({"keep": 1.5}), 400, "malformed-body"),
    ] {
        let answer = admin.post(&path, body).await;
        let told = (answer.status, answer.body["type"].as_str().unwrap_or_default());
        assert_eq!(told, (status, format!("urn:windlass:problem:{kind}").as_str()), "{path}: {:#}", answer.body);
    }
    assert_eq!(ship.anybody().get("/api/migration/snapshots/status").await.status, 401);
}
