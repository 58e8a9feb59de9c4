//! Where the figures are.

use reqwest::Method;

use super::{Figures, text};
use crate::harness::{database::On, eventually, ship::Ship};

#[tokio::test]
async fn they_can_be_turned_off() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("metrics.enabled", "false");
    ship.set("metrics.listen", "127.0.0.1:0");
    ship.serve().await;

    ship.anybody().get("/metrics").await.must_be_problem("no-such-route", 404);
    assert!(!ship.log().contains("metrics are at"), "{}", ship.log());
}

#[tokio::test]
async fn with_a_place_of_their_own_they_are_there_and_nowhere_else_and_nothing_else_is_there() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("metrics.listen", "127.0.0.1:0");
    ship.serve().await;
    let own = eventually("the place is told", async || {
        let log = ship.log();
        let (_, after) = log.split_once("metrics are at ")?;
        after.split_whitespace().next().map(str::to_owned)
    })
    .await;

    ship.anybody().get("/metrics").await.must_be_problem("no-such-route", 404);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(&own).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-content-type-options"]),
        (200, &"nosniff".parse().unwrap())
    );
    let told = Figures::of(&answer.text().await.unwrap());
    // What was asked at the other door is counted here.
    told.must_be("windlass_http_requests_total", &[("route", "/metrics"), ("status", "4xx")], 1.0);
    for path in ["/", "/livez", "/api/system/health", "/api/migration/status"] {
        let other = client.get(own.replace("/metrics", path)).send().await.unwrap();
        assert_eq!(other.status(), 404, "{path}");
    }
    assert_eq!(client.post(&own).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_place_that_is_taken_is_told_with_its_setting() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("metrics.listen", &taken.local_addr().unwrap().to_string());

    let called = ship.cli(&["serve"]).await.exits(78);

    assert!(called.stderr.contains("set metrics.listen to another address"), "{}", called.stderr);
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_so_and_counted() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("server.rate_limit_exempt", "");
    ship.set("server.rate_limit_burst", "1");
    ship.serve().await;
    let anybody = ship.anybody();
    let asked: Vec<u16> = futures(&anybody, 20).await;

    let refused = asked.iter().filter(|status| **status == 429).count();
    assert!(refused >= 10, "{asked:?}");
    let told = Figures::of(&text(&anybody).await);
    told.must_be(
        "windlass_http_rate_limited_total",
        &[("allowance", "public")],
        f64::from(u32::try_from(refused).unwrap()),
    );
}

async fn futures(caller: &crate::harness::ship::Caller, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(caller.request(Method::GET, "/api/system/health").send().await.unwrap().status().as_u16());
    }
    statuses
}
