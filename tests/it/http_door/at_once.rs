//! What lies ready is answered before the routes are asked, and nobody can tell.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, request::Builder},
    response::Response,
};
use tower::ServiceExt;
use windlass::{
    api,
    lifecycle::{self, Caller},
};

use super::{Door, behind, request};

const READY: [&str; 5] =
    ["/api/system/health", "/api/system/version", "/api/health", "/api/health/database", "/api/health/migrations"];

/// A service of its own, so that both ways of asking have the same allowances.
struct Service(lifecycle::Door);

/// What can be told of an answer.
#[derive(Debug, PartialEq)]
struct Told {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Told {
    async fn of(response: Response, method: &Method) -> Self {
        let (parts, body) = response.into_parts();
        let mut headers = parts.headers;
        // Each request has a name of its own; lengths are written by the connection; the routes may compress.
        for own in ["x-request-id", "content-length", "vary"] {
            headers.remove(own);
        }
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Self { status: parts.status, headers, body: if *method == Method::HEAD { Vec::new() } else { body } }
    }
}

impl Service {
    fn open() -> Self {
        let door = Door::with(|server| server.rate_limit_burst = 3);
        door.app.health.show(behind());
        Self(api::doors(door.app.clone()).main)
    }

    fn caller() -> Caller {
        Caller { peer: ([192, 0, 2, 1], 4000).into(), is_private: false }
    }

    async fn at_once(&self, asked: Builder) -> Option<Told> {
        let (parts, ()) = asked.body(()).unwrap().into_parts();
        let response = (self.0.at_once.as_ref().expect("something lies ready"))(Self::caller(), &parts)?;
        Some(Told::of(response, &parts.method).await)
    }

    async fn by_the_routes(&self, asked: Builder) -> Told {
        let caller = Self::caller();
        let request: Request<Body> =
            asked.extension(caller).extension(ConnectInfo(caller.peer)).body(Body::empty()).unwrap();
        let method = request.method().clone();
        Told::of(Router::clone(&self.0.routes).oneshot(request).await.unwrap(), &method).await
    }
}

/// Goal: two ways to one answer never drift apart. Method: both are asked the same, in the same order, until the allowance is used up.
#[tokio::test]
async fn both_ways_give_the_same_answer() {
    for path in READY {
        let (ready, routes) = (Service::open(), Service::open());
        let known = routes.by_the_routes(request(Method::GET, path)).await.headers["etag"].clone();
        assert_eq!(ready.at_once(request(Method::GET, path)).await.unwrap().headers["etag"], known);
        let asked: [&dyn Fn() -> Builder; 5] = [
            &|| request(Method::HEAD, path),
            &|| request(Method::GET, path).header("if-none-match", &known),
            &|| request(Method::GET, path),
            &|| request(Method::GET, path).header("x-forwarded-for", "198.51.100.1"),
            &|| request(Method::HEAD, path),
        ];
        let mut statuses = Vec::new();
        for (n, ask) in asked.iter().enumerate() {
            let (left, right) = (ready.at_once(ask()).await.unwrap(), routes.by_the_routes(ask()).await);
            statuses.push(left.status.as_u16());
            assert_eq!(left, right, "{path}: {n}");
        }
        assert_eq!(statuses[3..], [429, 429], "{path}");
    }
}

/// Goal: whoever could take them compressed gets the same bytes plain; they fit into one packet.
#[tokio::test]
async fn the_plain_bytes_do_for_everybody() {
    for path in READY {
        let service = Service::open();
        let plain = service.at_once(request(Method::GET, path)).await.unwrap();
        let encodings =
            service.at_once(request(Method::GET, path).header("accept-encoding", "gzip, br")).await.unwrap();
        assert_eq!((plain.body.len() < 1_400, plain.body), (true, encodings.body), "{path}");
        assert!(!encodings.headers.contains_key("content-encoding"), "{path}");
    }
}

#[tokio::test]
async fn a_request_keeps_the_name_that_it_came_with() {
    let (parts, ()) = request(Method::GET, READY[0]).header("x-request-id", "my-name").body(()).unwrap().into_parts();
    let door = Service::open().0;
    let response = (door.at_once.unwrap())(Service::caller(), &parts).unwrap();
    assert_eq!(response.headers()["x-request-id"], "my-name");
}

#[tokio::test]
async fn everything_else_is_left_to_the_routes() {
    let service = Service::open();
    for path in READY {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            assert_eq!(service.at_once(request(method, path)).await, None, "{path}");
        }
        assert_eq!(service.at_once(request(Method::GET, &format!("{path}?a=1"))).await, None);
        assert_eq!(service.at_once(request(Method::GET, &format!("{path}/"))).await, None);
        let picky = request(Method::GET, path).header("accept-encoding", "gzip, identity;q=0");
        assert_eq!(service.at_once(picky).await, None);
    }
    for path in ["/", "/livez", "/metrics", "/api/migration/status", "/api/docs", "//api/health"] {
        assert_eq!(service.at_once(request(Method::GET, path)).await, None, "{path}");
    }
}
