//! The form of the text, its bounds, and what is not in it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use super::{figures, promtool, text};
use crate::harness::{database::On, eventually, on_every_engine, proxy::Proxy, ship::Ship};

on_every_engine!(the_text_is_well_formed_and_holds_no_secret,);

/// A word that nobody may be told.
const SECRET: &str = "hidden0123456789abcdef0123456789abcdef";

async fn the_text_is_well_formed_and_holds_no_secret(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.set("target.name", "a \"b\"\\c");
    ship.set("auth.keys.0.id", "k");
    ship.set("auth.keys.0.algorithm", "HS256");
    ship.set("auth.keys.0.secret", SECRET);
    ship.set("snapshots.passphrase", SECRET);
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship.serve().await;
    let admin = ship.admin().await;
    let job = admin.post_and_wait("/api/migration/start", json!({"to": "1.0.0"})).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let forged = ship.caller(Some("x.y.z"));
    assert_eq!(forged.get("/api/migration/status").await.status, 401);

    let told = text(&ship.anybody()).await;

    let seen = figures(&ship.anybody()).await;
    seen.must_be("windlass_http_tokens_refused_total", &[], 1.0);
    seen.must_be("windlass_http_requests_total", &[("route", "/api/migration/status"), ("status", "4xx")], 1.0);
    assert_eq!(seen.label("target"), BTreeSet::from(["a \\\"b\\\"\\\\c".to_owned()]));
    promtool(&["check", "metrics"], &told).await;
    let database = ship.database.url.rsplit_once('/').unwrap().1;
    let place = ship.folder().display().to_string();
    for hidden in [SECRET, "grace", "127.0.0.1", "postgres", "cabins", database, &place, job["id"].as_str().unwrap()] {
        assert!(!told.contains(hidden), "{hidden} is told: {told}");
    }
}

/// Goal: nobody fills the memory by asking for what is not there. Method: two scans of a thousand paths, with methods and
/// ids of their own; the second must not add a series.
#[tokio::test]
async fn a_scan_makes_no_new_series() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.serve().await;
    let anybody = ship.anybody();
    figures(&anybody).await;
    let mut counts = Vec::new();
    for scan in 0..2 {
        for n in 0..500 {
            let way = Method::from_bytes(format!("M{scan}{n}").as_bytes()).unwrap();
            let paths = [
                format!("/{scan}/{n}.php?x={n}"),
                format!("/api/migration/snapshots/{scan}{n}"),
                format!("/api/docs/{scan}{n}.js"),
                format!("/api/system/health?{scan}{n}"),
            ];
            anybody.request(Method::GET, &paths[n % 4]).send().await.unwrap();
            anybody.request(way, &paths[(n + 1) % 4]).send().await.unwrap();
        }
        counts.push(figures(&anybody).await.len());
    }
    assert_eq!(counts[0], counts[1]);
    let seen = figures(&anybody).await;
    let routes = seen.label("route");
    assert!(routes.contains("(no route)") && routes.len() < 8, "{routes:?}");
    assert_eq!(seen.label("method"), ["GET", "other"].map(str::to_owned).into());
}

/// Goal: monitoring costs the database nothing. Method: count the bytes that go to and fro while it is asked 300 times.
#[tokio::test]
async fn the_target_is_never_asked_for_them() {
    let mut ship = Ship::with_catalog(On::Postgres).await;
    let (user, rest) = ship.database.url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let proxy = Proxy::to(server.to_owned()).await;
    let url = format!("{user}@{}/{name}", proxy.address);
    ship.set("target.url", &url);
    ship.set("health.interval", "1h");
    ship.serve().await;
    let admin = ship.admin().await;
    // Once for the first answer, and once more as soon as its connection hears of changes.
    eventually("it has looked", async || {
        let seen = figures(&admin).await;
        (seen.value("windlass_health_looks_total", &[]) >= 2.0).then_some(())
    })
    .await;
    let passed = proxy.passed();

    for _ in 0..300 {
        figures(&admin).await.must_be("windlass_target_up", &[], 1.0);
    }

    assert!(passed > 0);
    assert_eq!(proxy.passed(), passed, "bytes that went to the target or came from it");
    figures(&admin).await.must_be("windlass_health_looks_total", &[], 2.0);
}
