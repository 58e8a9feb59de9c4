//! What is told to everybody, from memory.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use windlass::model::health::{Condition, HealthStatus};

use super::{Door, behind, healthy, now, request};

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn health_has_these_keys_and_no_others() {
    let door = Door::open();
    door.app.health.show(behind());

    let health = door.get("/api/system/health").await.json();

    let expected = [
        "status",
        "backend_version",
        "required_db_version",
        "actual_db_version",
        "migrations_pending",
        "pending_count",
        "pending_migrations",
        "compatible",
        "migration_needed",
        "compatibility_reason",
        "last_migration",
        "migration_running",
        "checked_at",
        "timestamp",
    ];
    assert_eq!(keys(&health), BTreeSet::from(expected));
    assert_eq!(keys(&health["last_migration"]), BTreeSet::from(["number", "description", "applied_at"]));
    assert_eq!(keys(&health["pending_migrations"][0]), BTreeSet::from(["number", "version", "description"]));
    assert_eq!(health["timestamp"], health["checked_at"], "made when the target was looked at");
}

#[tokio::test]
async fn version_has_these_keys_and_no_others() {
    let version = Door::open().get("/api/system/version").await.json();

    assert_eq!(keys(&version), BTreeSet::from(["backend", "database", "compatibility"]));
    let backend = BTreeSet::from(["version", "commit_hash", "build_date", "rust_version"]);
    assert_eq!(keys(&version["backend"]), backend);
    let database = BTreeSet::from(["version", "migration_number", "last_migration", "total_migrations_available"]);
    assert_eq!(keys(&version["database"]), database);
    let last = BTreeSet::from(["number", "description", "applied_at", "applied_by"]);
    assert_eq!(keys(&version["database"]["last_migration"]), last);
    assert_eq!(version["compatibility"], json!({"compatible": true, "reason": "Versions match"}));
    assert_eq!(version["backend"]["version"], "0.5.0");
    assert!(version["backend"]["rust_version"].as_str().unwrap().starts_with("1."));
    assert!(
        version["backend"]["build_date"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() > DateTime::UNIX_EPOCH
    );
}

/// Goal: each part has these keys and no others, and names nothing that is in the database.
#[tokio::test]
async fn the_parts_of_health_have_these_keys_and_no_others() {
    let door = Door::open();
    let mut sample = behind();
    sample.figures.valid = false;
    door.app.health.show(sample);
    let at = "2027-01-15T08:00:00Z";

    let all = door.get("/api/health").await.json();
    let database = door.get("/api/health/database").await.json();
    let migrations = door.get("/api/health/migrations").await.json();

    let expected =
        json!({"status": "warning", "timestamp": at, "environment": null, "version": "0.5.0", "database": "connected"});
    assert_eq!(all, expected);
    let figures = json!({"connected": true, "connection_time_ms": 7, "query_time_ms": 2, "collections": {"total": 9}});
    assert_eq!(database, json!({"status": "ok", "timestamp": at, "database": figures}));
    let counts = json!({"total": 5, "executed": 5, "pending": 1, "valid": false});
    assert_eq!(migrations, json!({"status": "warning", "timestamp": at, "migrations": counts}));
}

#[tokio::test]
async fn the_parts_of_health_tell_by_their_status_what_is_wrong() {
    let door = Door::with(|server| server.rate_limit_burst = 100);
    let cases = [
        (Condition::Ready, [200, 200, 200]),
        (Condition::Migrating, [200, 200, 200]),
        (Condition::Behind, [200, 200, 200]),
        (Condition::Ahead, [500, 200, 500]),
        (Condition::Interrupted, [500, 200, 500]),
        (Condition::Unreachable, [503, 503, 503]),
    ];
    for (condition, expected) in cases {
        let mut sample = healthy();
        (sample.health.status, sample.condition) = (condition.status(), condition);
        door.app.health.show(sample);
        for (path, expected) in
            ["/api/health", "/api/health/database", "/api/health/migrations"].into_iter().zip(expected)
        {
            let answer = door.get(path).await;
            assert_eq!(answer.status.as_u16(), expected, "{path}: {}", answer.text());
        }
        let told = door.get("/api/health").await.json();
        assert_eq!(told["database"], if condition == Condition::Unreachable { "disconnected" } else { "connected" });
    }
}

#[tokio::test]
async fn the_status_tells_what_the_sample_tells() {
    let door = Door::with(|server| server.rate_limit_burst = 100);
    let cases = [
        (Condition::Ready, "ok", StatusCode::OK),
        (Condition::Migrating, "warning", StatusCode::OK),
        (Condition::Behind, "warning", StatusCode::OK),
        (Condition::Ahead, "error", StatusCode::INTERNAL_SERVER_ERROR),
        (Condition::Interrupted, "error", StatusCode::INTERNAL_SERVER_ERROR),
        (Condition::Unreachable, "error", StatusCode::SERVICE_UNAVAILABLE),
    ];
    for (condition, word, expected) in cases {
        let mut sample = healthy();
        (sample.health.status, sample.condition) = (condition.status(), condition);
        door.app.health.show(sample);
        let answer = door.get("/api/system/health").await;
        assert_eq!((answer.status, answer.header("content-type")), (expected, "application/json"));
        assert_eq!(answer.json()["status"], word);
        assert_eq!(door.get("/api/system/version").await.status, StatusCode::OK);
    }
}

/// Goal: a poller that has the answer gets 304 until something other than the time changes.
#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again() {
    let door = Door::with(|server| server.rate_limit_burst = 100);
    for path in [
        "/api/system/health",
        "/api/system/version",
        "/api/health",
        "/api/health/database",
        "/api/health/migrations",
        "/api/openapi.json",
    ] {
        let first = door.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        assert_eq!(first.header("cache-control"), "no-cache");
        let strong = tag.trim_start_matches("W/").to_owned();
        for known in [tag.clone(), strong, format!("\"x\", {tag}"), "*".to_owned()] {
            let again = door.ask(request(Method::GET, path).header("if-none-match", &known)).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path} {known}");
            assert_eq!(again.header("etag"), tag);
        }
        let other = door.ask(request(Method::GET, path).header("if-none-match", "\"x\"")).await;
        assert_eq!(other.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_new_look_without_news_keeps_the_tag_and_news_change_it() {
    let door = Door::open();
    let tag = door.get("/api/system/health").await.header("etag").to_owned();

    let mut later = healthy();
    later.health.checked_at = now() + std::time::Duration::from_secs(5);
    (later.figures.connection_ms, later.figures.query_ms) = (70, 20);
    let parts = ["/api/health", "/api/health/database", "/api/health/migrations"];
    let mut tags = Vec::new();
    for path in parts {
        tags.push(door.get(path).await.header("etag").to_owned());
    }
    door.app.health.show(later);
    for (path, tag) in parts.into_iter().zip(&tags) {
        assert_eq!(door.get(path).await.header("etag"), tag, "{path}");
    }
    let same = door.get("/api/system/health").await;
    door.app.health.show(behind());
    let news = door.get("/api/system/health").await;

    assert_eq!(same.header("etag"), tag);
    assert!(same.text().contains("2027-01-15T08:00:05Z"), "{}", same.text());
    assert_ne!(news.header("etag"), tag);
}

#[tokio::test]
async fn a_failure_is_told_even_to_those_who_know_it() {
    let door = Door::open();
    let mut sample = healthy();
    sample.health.status = HealthStatus::Error;
    door.app.health.show(sample);
    let tag = door.get("/api/system/health").await.header("etag").to_owned();

    let again = door.ask(request(Method::GET, "/api/system/health").header("if-none-match", tag)).await;

    assert_eq!(again.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!again.body.is_empty());
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let door = Door::open();
    for path in ["/livez", "/readyz", "/api/system/health", "/api/system/version", "/api/openapi.json", "/api/docs"] {
        let answer = door.ask(request(Method::HEAD, path)).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0), "{path}");
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_can_read_them() {
    let door = Door::open();
    let plain = door.get("/api/openapi.json").await;
    let packed = door.ask(request(Method::GET, "/api/openapi.json").header("accept-encoding", "gzip")).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.len() * 3 < plain.body.len());
}

#[tokio::test]
async fn probes_tell_whether_it_lives_and_whether_it_can_be_asked() {
    let door = Door::open();
    assert_eq!(door.get("/readyz").await.text(), "ok");

    let mut sample = healthy();
    sample.condition = Condition::Unreachable;
    door.app.health.show(sample);
    door.get("/readyz").await.must_be_problem("target-unreachable", 503);

    door.app.health.show(healthy());
    door.app.stopping.cancel();
    door.get("/readyz").await.must_be_problem("stopping", 503);
    assert_eq!(door.get("/livez").await.status, StatusCode::OK);
}
