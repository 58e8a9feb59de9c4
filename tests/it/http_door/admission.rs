//! Who comes in.

use axum::http::{Method, StatusCode};

use super::{ADMIN_ROUTES, Door, request};

#[tokio::test]
async fn without_a_valid_token_every_admin_route_answers_the_same_401() {
    let door = Door::with(|server| server.rate_limit_exempt = vec!["127.0.0.1/32".parse().unwrap()]);
    let admin = door.token(1, &["system"]);
    let headers = [
        None,
        Some(admin.clone()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(format!("Basic {admin}")),
        Some(format!("Bearer {admin}x")),
        Some("Bearer a.b.c".to_owned()),
    ];
    let mut bodies = Vec::new();
    for (method, path) in ADMIN_ROUTES {
        for header in &headers {
            let request = header.iter().fold(request(method.clone(), path), |r, h| r.header("authorization", h));
            let answer = door.ask_from("127.0.0.1", request).await;
            answer.must_be_problem("unauthenticated", 401);
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"windlass\"");
            assert_eq!(answer.header("cache-control"), "no-store");
            bodies.push(answer.body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one body for every reason");
}

#[tokio::test]
async fn two_authorization_headers_are_as_good_as_none() {
    let door = Door::open();
    let request = door.admin(Method::GET, "/api/migration/status").header("authorization", "Bearer x");
    door.ask(request).await.must_be_problem("unauthenticated", 401);
}

#[tokio::test]
async fn a_valid_token_without_the_right_is_a_403() {
    let door = Door::open();
    let principals: [(i64, &[&str]); 6] =
        [(0, &["system"]), (2, &["system"]), (-1, &["system"]), (1, &[]), (1, &["System"]), (1, &["systems", "sys"])];
    for (method, path) in ADMIN_ROUTES {
        for (level, permissions) in principals {
            let header = format!("Bearer {}", door.token(level, permissions));
            let answer = door.ask(request(method.clone(), path).header("authorization", header)).await;
            answer.must_be_problem("forbidden", 403);
            assert!(!answer.headers.contains_key("www-authenticate"));
        }
    }
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let door = Door::open();
    let header = format!("bEARER {}", door.token(0, &[]));
    let answer = door.ask(request(Method::GET, "/api/migration/status").header("authorization", header)).await;
    answer.must_be_problem("forbidden", 403);
}

/// Goal: no method opens a door that another keeps shut.
#[tokio::test]
async fn other_methods_do_not_slip_past_the_guard() {
    let door = Door::open();
    for method in [Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
        for (_, path) in ADMIN_ROUTES {
            let request = request(method.clone(), path).header("x-http-method-override", "GET");
            assert_eq!(door.ask(request).await.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
}

/// Goal: many addresses guess no faster, and hurt nobody who has a token. Method: a try from each of a thousand, the first of which
/// tries on alone: what is refused to it counts for no other.
#[tokio::test]
async fn failed_tokens_are_limited_for_all_addresses_together() {
    let door = Door::open();
    let guess = || request(Method::GET, "/api/migration/status").header("authorization", "Bearer x.y.z");
    for _ in 0..1_000 {
        door.ask_from("192.0.2.1", guess()).await;
    }
    let mut taken = 0;
    for n in 0..1_000 {
        let from = format!("198.51.{}.{}", 100 + n / 250, n % 250);
        taken += u32::from(door.ask_from(&from, guess()).await.status == StatusCode::UNAUTHORIZED);
    }
    assert!((580..=620).contains(&taken), "{taken} of 1000 were tried");
    let limited = door.ask_from("203.0.113.1", guess()).await;
    limited.must_be_problem("too-many-requests", 429);

    let unknown = door.admin(Method::GET, "/api/migration/status?x=1");
    door.ask_from("203.0.113.1", unknown).await.must_be_problem("bad-parameter", 400);
}

/// Goal: guessing is slow, and hurts nobody else. Method: fail from one address until it is told to wait.
#[tokio::test]
async fn failed_tokens_are_limited_for_each_address_and_valid_ones_are_not() {
    let door = Door::open();
    let guess = || request(Method::GET, "/api/migration/status").header("authorization", "Bearer x.y.z");

    for _ in 0..10 {
        door.ask_from("192.0.2.1", guess()).await.must_be_problem("unauthenticated", 401);
    }
    let limited = door.ask_from("192.0.2.1", guess()).await;
    limited.must_be_problem("too-many-requests", 429);
    assert!((1..=60).contains(&limited.header("retry-after").parse::<u32>().unwrap()));

    door.ask_from("192.0.2.2", guess()).await.must_be_problem("unauthenticated", 401);
    let unknown = door.admin(Method::GET, "/api/migration/status?x=1");
    door.ask_from("192.0.2.1", unknown).await.must_be_problem("bad-parameter", 400);
}
