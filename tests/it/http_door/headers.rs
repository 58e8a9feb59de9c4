//! What every answer carries.

use axum::http::{HeaderName, Method, StatusCode};
use windlass::api::guard::PUBLIC;

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
    let public = PUBLIC.iter().map(|(path, _)| path.replace("{*file}", "index.css"));
    let unknown = ["/nowhere", "/api/nowhere", "/api/docs/nowhere"].map(str::to_owned);
    for path in public.clone().chain(unknown) {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
            let (answer, what) = (door.ask(request(method.clone(), &path)).await, format!("{method} {path}"));
            look(&answer, &what);
            let is_read = method == Method::GET && public.clone().any(|public| public == path);
            assert!(!is_read || answer.status == StatusCode::OK, "{what}: {}", answer.text());
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

/// Goal: no page of another origin reads what is for administrators.
/// Method: ask for each route as browsers do, before and for real, with what lets an administrator in.
#[tokio::test]
async fn no_other_origin_is_let_in_to_the_routes_for_administrators() {
    let folder = tempfile::tempdir().unwrap();
    let door = Door::at(folder.path(), |_| {});
    let mut succeeded = std::collections::BTreeSet::new();
    for (method, path) in ADMIN_ROUTES {
        let before = request(Method::OPTIONS, path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", method.as_str())
            .header("access-control-request-headers", "authorization");
        let real = door.admin(method.clone(), path).header("origin", "https://evil.example");
        let body = if method == Method::POST { "{}" } else { "" };
        let real = door.send(real.header("content-type", "application/json").body(body.into()).unwrap()).await;
        assert!(![400, 401, 403, 405].contains(&real.status.as_u16()), "{method} {path}: {}", real.text());
        if real.status.is_success() {
            succeeded.insert(path);
        }
        for answer in [door.ask(before).await, real] {
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
    for path in ["plan", "status", "analytics", "logs", "snapshots", "snapshots/status"] {
        assert!(succeeded.contains(format!("/api/migration/{path}").as_str()), "{path}: {succeeded:?}");
    }
}
