//! What every answer carries.

use axum::http::{HeaderName, Method, StatusCode};

use super::{ADMIN_ROUTES, Answer, Door, request};

fn must_be_safe(answer: &Answer, what: &str) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
    assert!(!answer.header("cache-control").is_empty(), "{what}");
    for name in ["server", "x-powered-by", "via"] {
        assert!(!answer.headers.contains_key(name), "{what} tells {name}");
    }
}

/// Goal: no answer without its headers, whatever its status. Method: routes of every kind, known and unknown, with every kind of end.
#[tokio::test]
async fn every_answer_carries_them() {
    let door = Door::with(|server| {
        server.rate_limit_burst = 30;
        server.body_bytes_max = 1024;
    });
    let mut seen = std::collections::BTreeSet::new();
    let mut look = |answer: &Answer, what: &str| {
        must_be_safe(answer, what);
        seen.insert(answer.status.as_u16());
    };
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/api/system/health",
        "/api/system/version",
        "/api/openapi.json",
        "/api/docs",
        "/nowhere",
        "/api/nowhere",
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
            look(&door.ask(request(method.clone(), path)).await, &format!("{method} {path}"));
        }
    }
    for (method, path) in ADMIN_ROUTES {
        look(&door.ask(request(method.clone(), path)).await, path);
        let forbidden = format!("Bearer {}", door.token(2, &["system"]));
        look(&door.ask(request(method, path).header("authorization", forbidden)).await, path);
    }
    look(&door.ask(door.admin(Method::GET, "/api/migration/logs?x=1")).await, "a bad parameter");
    look(&door.ask(door.admin(Method::PUT, "/api/migration/logs")).await, "a wrong method");
    let large = door.admin(Method::POST, "/api/migration/start").header("content-type", "application/json");
    look(&door.send(large.body(vec![b' '; 2_000].into()).unwrap()).await, "a large body");
    let tag = door.get("/api/openapi.json").await.header("etag").to_owned();
    look(&door.ask(request(Method::GET, "/api/openapi.json").header("if-none-match", tag)).await, "not modified");
    for _ in 0..40 {
        look(&door.get("/api/system/health").await, "too often");
    }
    door.app.stopping.cancel();
    look(&door.get("/readyz").await, "stopping");
    let expected = [200, 304, 400, 401, 403, 404, 405, 413, 429, 503];
    assert!(expected.iter().all(|status| seen.contains(status)), "{seen:?}");
}

/// Goal: no page of another origin reads what is for administrators. Method: ask as browsers do, before and for real.
#[tokio::test]
async fn no_other_origin_is_let_in_to_the_routes_for_administrators() {
    let door = Door::open();
    for (method, path) in ADMIN_ROUTES {
        let before = request(Method::OPTIONS, path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", method.as_str())
            .header("access-control-request-headers", "authorization");
        let real = door.admin(Method::GET, "/api/migration/logs?x=1").header("origin", "https://evil.example");
        for answer in [door.ask(before).await, door.ask(real).await] {
            let told: Vec<&str> = answer
                .headers
                .keys()
                .map(HeaderName::as_str)
                .filter(|name| name.starts_with("access-control"))
                .collect();
            assert!(told.is_empty(), "{method} {path}: {told:?}");
            assert_ne!(answer.status, StatusCode::NO_CONTENT);
        }
    }
}
