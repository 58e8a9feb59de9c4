//! How often an address may ask, and whose address it is.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use windlass::api::address::{client_address, neighbourhood};

use super::{Door, request};

const HEALTH: &str = "/api/system/health";

fn health() -> axum::http::request::Builder {
    request(Method::GET, HEALTH)
}

#[tokio::test]
async fn beyond_its_burst_an_address_is_told_when_to_come_again() {
    let door = Door::with(|server| server.rate_limit_burst = 3);

    for left in ["2", "1", "0"] {
        let answer = door.ask_from("192.0.2.1", health()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("ratelimit-policy"), "\"public\";q=3;w=3");
        assert!(answer.header("ratelimit").starts_with(&format!("\"public\";r={left};t=")));
    }
    let limited = door.ask_from("192.0.2.1", health()).await;
    let other = door.ask_from("192.0.2.2", health()).await;

    limited.must_be_problem("too-many-requests", 429);
    assert_eq!(limited.header("retry-after"), "1");
    assert_eq!(limited.header("ratelimit"), "\"public\";r=0;t=1");
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn version_shares_the_allowance_and_probes_have_none() {
    let door = Door::with(|server| server.rate_limit_burst = 1);
    door.ask_from("192.0.2.1", health()).await;

    let version = door.ask_from("192.0.2.1", request(Method::GET, "/api/system/version")).await;
    version.must_be_problem("too-many-requests", 429);
    for _ in 0..100 {
        for probe in ["/livez", "/readyz"] {
            assert_eq!(door.ask_from("192.0.2.1", request(Method::GET, probe)).await.status, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn an_exempt_network_is_not_limited() {
    let door = Door::with(|server| {
        server.rate_limit_burst = 1;
        server.rate_limit_exempt = vec!["10.0.0.0/8".parse().unwrap()];
    });
    for _ in 0..50 {
        let answer = door.ask_from("10.1.2.3", health()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.headers.contains_key("ratelimit"));
    }
}

/// Goal: nobody gets a second allowance by what he writes into a header.
#[tokio::test]
async fn forged_headers_buy_nothing() {
    let door = Door::with(|server| server.rate_limit_burst = 2);
    let mut passed = 0;
    for n in 0..200 {
        let forged = format!("198.51.100.{n}");
        let request = health().header("x-forwarded-for", &forged).header("x-real-ip", &forged);
        let request = request.header("forwarded", format!("for={forged}"));
        passed += u32::from(door.ask_from("192.0.2.1", request).await.status == StatusCode::OK);
    }
    assert!(passed <= 3, "{passed} of 200 passed");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own() {
    let door = Door::with(|server| {
        server.rate_limit_burst = 1;
        server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    });
    for client in ["192.0.2.1", "192.0.2.2"] {
        let request = || health().header("x-forwarded-for", format!("203.0.113.9, {client}"));
        assert_eq!(door.ask_from("10.0.0.1", request()).await.status, StatusCode::OK);
        door.ask_from("10.0.0.1", request()).await.must_be_problem("too-many-requests", 429);
    }
}

#[test]
fn the_right_most_hop_that_is_not_trusted_is_the_client() {
    let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    let cases: [(&str, &[&str], &str); 14] = [
        // Without a trusted peer the header is not read.
        ("192.0.2.1", &["198.51.100.1"], "192.0.2.1"),
        ("::ffff:192.0.2.1", &["198.51.100.1"], "192.0.2.1"),
        // With one, it is, from the right.
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
        ("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", &["198.51.100.1, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", &["198.51.100.1, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", &["198.51.100.1", "192.0.2.1", "10.0.0.2"], "192.0.2.1"),
        ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", &["192.0.2.1:55555"], "192.0.2.1"),
        ("10.0.0.1", &["[2001:db8::7]:55555"], "2001:db8::7"),
        // When all are trusted, the farthest.
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        // Garbage discredits it.
        ("10.0.0.1", &["192.0.2.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", &["192.0.2.1,, 10.0.0.2"], "10.0.0.1"),
    ];
    for (peer, values, client) in cases {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(value));
        }
        let found = client_address(peer.parse().unwrap(), &headers, &trusted);
        assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {values:?}");
    }
}

#[test]
fn a_neighbourhood_is_an_ipv4_address_or_64_bits_of_an_ipv6_one() {
    let cases = [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
    ];
    for (address, expected) in cases {
        assert_eq!(neighbourhood(address.parse().unwrap()), expected.parse::<IpAddr>().unwrap(), "{address}");
    }
}
