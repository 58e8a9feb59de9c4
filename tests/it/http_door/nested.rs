//! The door inside the router of another application: wherever it is put, the same routes are public, and no other.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, Uri},
    middleware::map_request,
    routing::get,
};
use windlass::api::{self, guard::PUBLIC};

use super::{ADMIN_ROUTES, Door, request};

/// A way to put windlass's routes into a router.
type Put = fn(Router) -> Router;

/// Each way with what stands before windlass's own paths; among them prefixes that are spelled like routes of windlass.
const WAYS: [(&str, Put); 14] = [
    ("/ops", |routes| Router::new().nest("/ops", routes)),
    ("/ops", |routes| Router::new().nest("/ops/", routes)),
    ("/ops", |routes| Router::new().nest_service("/ops", routes)),
    ("/a/b", |routes| Router::new().nest("/a", Router::new().nest("/b", routes))),
    ("/a/b", |routes| Router::new().nest_service("/a", Router::new().nest_service("/b", routes))),
    ("/acme", |routes| Router::new().nest("/{tenant}", routes.reset_fallback())),
    ("/livez", |routes| Router::new().nest("/livez", routes)),
    ("/api/docs", |routes| Router::new().nest("/api/docs", routes)),
    ("/api/system/health", |routes| Router::new().nest_service("/api/system/health", routes)),
    ("/api/migration/start", |routes| Router::new().nest("/api/migration/start", routes)),
    ("", |routes| Router::new().fallback_service(routes)),
    ("", |routes| Router::new().fallback(async || "an application").merge(routes.reset_fallback())),
    ("", |routes| routes.route("/own", get(async || "an application"))),
    ("", |routes| routes),
];

/// Ways in which no more is promised than that no route for administrators is open.
const ODD_WAYS: [(&str, Put); 6] = [
    ("/ops", |routes| Router::new().nest("/ops", Router::new().fallback_service(routes))),
    ("/api", |routes| Router::new().nest("/api", Router::new().fallback_service(routes))),
    ("/api/migration/start", |routes| {
        Router::new().nest("/api/migration/start", Router::new().fallback_service(routes))
    }),
    ("", |routes| Router::new().route_service("/{*livez}", routes.into_service::<Body>())),
    ("/ops", |routes| Router::new().nest("/ops", routes).layer(map_request(to_another))),
    ("/ops", |routes| Router::new().nest_service("/ops", routes.layer(map_request(to_another)))),
];

/// A middleware of the application that changes paths.
async fn to_another(mut request: Request<Body>) -> Request<Body> {
    let nested = request.uri().path().starts_with("/ops");
    *request.uri_mut() = Uri::from_static(if nested { "/ops/livez" } else { "/livez" });
    request
}

fn put(way: Put) -> Door {
    let door = Door::with(|server| (server.rate_limit_burst, server.rate_limit_per_second) = (10_000, 10_000));
    let router = way(api::nestable(door.app.clone()));
    Door { router, ..door }
}

/// Goal: no prefix opens a route for administrators.
#[tokio::test]
async fn no_way_of_nesting_opens_a_route_for_administrators() {
    for (number, (prefix, way)) in WAYS.iter().chain(&ODD_WAYS).enumerate() {
        let door = put(*way);
        for (method, path) in ADMIN_ROUTES {
            let answer = door.ask(request(method.clone(), &format!("{prefix}{path}"))).await;
            answer.must_be_problem("unauthenticated", 401);
            assert_eq!(answer.header("cache-control"), "no-store", "way {number}: {method} {path}");
        }
    }
}

/// Goal: what is public is public under every prefix, and what needs a token is let in with one.
#[tokio::test]
async fn the_same_routes_are_public_under_every_prefix() {
    for (number, (prefix, way)) in WAYS.iter().enumerate() {
        let door = put(*way);
        for (path, _) in PUBLIC {
            let path = match (*path, *prefix) {
                ("/", prefix) if !prefix.is_empty() => prefix.to_owned(),
                (path, prefix) => format!("{prefix}{}", path.replace("{*file}", "index.css")),
            };
            // A prefix with a slash at its end has its root there.
            let slash = if number == 1 && path == *prefix { "/" } else { "" };
            let answer = door.get(&format!("{path}{slash}")).await;
            assert_eq!(answer.status, 200, "way {number}: {path}{slash} {}", answer.text());
        }
        let plan = door.ask(door.admin(Method::GET, &format!("{prefix}/api/migration/snapshots"))).await;
        assert_eq!(plan.status, 200, "way {number}: {}", plan.text());
    }
}

/// Goal: what is told of windlass's own places is true for whoever asks from outside.
#[tokio::test]
async fn what_is_told_of_places_has_the_prefix() {
    let door = put(WAYS[3].1);

    let page = door.get("/a/b").await;
    assert!(page.text().contains("src=\"/a/b/status.js\"") && page.text().contains("href=\"/a/b/api/docs\""));
    let named = page.text();
    // What is named by nothing is this page itself.
    let beside: Vec<_> = ["href=\"", "src=\""].iter().flat_map(|mark| named.split(mark).skip(1)).collect();
    let outside: Vec<_> = beside.iter().filter(|rest| !rest.starts_with("/a/b/") && !rest.starts_with('"')).collect();
    assert!(beside.len() > 6 && outside.is_empty(), "{outside:?}");
    let etag = page.header("etag").to_owned();
    let known = door.ask(request(Method::GET, "/a/b").header("if-none-match", etag)).await;
    assert_eq!(known.status, 304);
    let docs = door.get("/a/b/api/docs").await.text();
    assert!(docs.contains("\"/a/b/api/docs/index.css\"") && !docs.contains("=\"/api/"), "{docs}");
    let initializer = door.get("/a/b/api/docs/swagger-initializer.js").await.text();
    assert!(initializer.contains("\"/a/b/api/openapi.json\""), "{initializer}");
    let document = door.get("/a/b/api/openapi.json").await.json();
    assert_eq!(document["servers"], serde_json::json!([{"url": "/a/b"}]));
    assert!(document["paths"]["/api/migration/start"].is_object());

    let at_the_root = put(WAYS[10].1);
    assert!(at_the_root.get("/").await.text().contains("src=\"status.js\""));
    assert!(at_the_root.get("/api/openapi.json").await.json()["servers"].is_null());
}

/// Goal: the application keeps its own routes and its own words for what is not there.
#[tokio::test]
async fn the_application_keeps_what_is_its_own() {
    let routes = put(|routes| routes).router;
    let own = Router::new().route("/", get(async || "home")).fallback(async || "nothing here");
    let door = Door { router: own.nest("/ops", routes), ..put(|routes| routes) };

    assert_eq!(door.get("/").await.text(), "home");
    assert_eq!(door.get("/nowhere").await.text(), "nothing here");
    door.get("/ops/nowhere").await.must_be_problem("no-such-route", 404);
}
