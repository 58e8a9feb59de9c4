//! Sending an order twice.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{
    database::On,
    on_every_engine,
    ship::{Answer, Caller, Ship},
};

on_every_engine!(
    fifty_at_once_with_one_key_are_one_job,
    of_fifty_at_once_without_a_key_one_is_taken,
    an_order_outlives_its_caller,
);

const START: &str = "/api/migration/start";

async fn served(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship.serve().await;
    ship
}

async fn with_key(admin: &Caller, key: &str, to: &str) -> Answer {
    let request = admin.request(Method::POST, START).header("idempotency-key", key);
    Answer::to(request.json(&json!({"to": to, "snapshot": "never"}))).await
}

/// Goal: a retry is safe at any moment, also while the first try is being taken.
async fn fifty_at_once_with_one_key_are_one_job(on: On) {
    let ship = served(on).await;
    let admin = ship.admin().await;

    let answers = join_all((0..50).map(|_| with_key(&admin, "once", "1.0.0"))).await;

    let jobs: Vec<String> = answers.iter().map(Answer::accepted).collect();
    assert!(jobs.iter().all(|job| *job == jobs[0]), "{jobs:#?}");
    ship.job_ends_as(&jobs[0], "succeeded").await;
    let late = with_key(&admin, "once", "1.0.0").await;
    assert_eq!((late.accepted(), &late.body["state"]), (jobs[0].clone(), &json!("succeeded")));
    with_key(&admin, "once", "0.9.0").await.must_be_problem("idempotency-key-reused", 422);
    let recent = admin.get("/api/migration/status").await.body["recent"].clone();
    assert_eq!(recent.as_array().expect("jobs").len(), 1, "{recent:#}");
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM schema_version").await, 1);
}

async fn of_fifty_at_once_without_a_key_one_is_taken(on: On) {
    let ship = served(on).await;
    let admin = ship.admin().await;

    let answers = join_all((0..50).map(|_| admin.start("1.0.0"))).await;

    // Who comes when the first has ended finds nothing to do; nobody works beside another.
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 202);
    assert!(!taken.is_empty());
    for answer in refused {
        answer.must_be_problem("busy", 409);
    }
    for answer in taken {
        ship.job_ends_as(&answer.accepted(), "succeeded").await;
    }
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM schema_version").await, 1);
}

/// Goal: a caller that hangs up leaves no half-taken order behind. Method: hang up after each of many short times, then ask
/// with the same key.
async fn an_order_outlives_its_caller(on: On) {
    let ship = served(on).await;
    let admin = ship.admin().await;
    for ms in [0, 1, 2, 4, 8, 16, 32] {
        let key = format!("hang-up-{ms}");
        let patience = std::time::Duration::from_millis(ms);
        let _ = tokio::time::timeout(patience, with_key(&admin, &key, "1.0.0")).await;

        let again = crate::harness::eventually("the place is free again", async || {
            let again = with_key(&admin, &key, "1.0.0").await;
            (again.status != 409).then_some(again)
        })
        .await;

        ship.job_ends_as(&again.accepted(), "succeeded").await;
    }
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM schema_version").await, 1);
}
