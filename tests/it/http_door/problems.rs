//! Every failure is a problem, and tells what to do.

use std::{fs, time::Duration};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use windlass::api::problem::kinds;

use super::{Answer, Door, request};

async fn post(door: &Door, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = door.admin(Method::POST, path).header("content-type", content_type);
    door.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn an_unknown_route_is_a_404_without_a_token() {
    let door = Door::open();
    for path in ["/nowhere", "/api/migration/nowhere", "/api/migration/start/", "//livez", "/api/migration%2fstart"] {
        door.get(path).await.must_be_problem("no-such-route", 404);
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_405_that_names_the_right_ones() {
    let door = Door::open();

    let public = door.ask(request(Method::POST, "/api/system/health")).await;
    let admin = door.ask(door.admin(Method::GET, "/api/migration/start")).await;

    public.must_be_problem("method-not-allowed", 405);
    assert_eq!(public.header("allow"), "GET,HEAD");
    admin.must_be_problem("method-not-allowed", 405);
    assert_eq!(admin.header("allow"), "POST");
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_a_415() {
    let door = Door::open();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let answer = post(&door, "/api/migration/start", content_type, "{}").await;
        answer.must_be_problem("unsupported-media-type", 415);
    }
}

/// Goal: whoever reads the answer finds the fault at once.
#[tokio::test]
async fn a_bad_body_is_a_400_that_names_the_place() {
    let door = Door::open();
    let cases = [
        ("/api/migration/start", "{\"to\": \"0.5.0\",\n \"dry\": true}", ["unknown field `dry`", "line 2 column 6"]),
        ("/api/migration/start", "{\"to\": \"five\"}", ["field `to`", "line 1 column"]),
        ("/api/migration/start", "{\"dry_run\": \"yes\"}", ["field `dry_run`", "expected a boolean"]),
        ("/api/migration/start", "{\"to\": ", ["line 1 column 7", "EOF"]),
        ("/api/migration/start", "{} {}", ["trailing characters", "line 1 column 4"]),
        ("/api/migration/start", "{\"to\": \"1.0.0\", \"to\": \"2.0.0\"}", ["duplicate field `to`", "line 1"]),
        ("/api/migration/stop", "{\"mode\": \"soon\"}", ["field `mode`", "unknown variant `soon`"]),
        ("/api/migration/rollback", "{\"steps\": -1}", ["field `steps`", "-1"]),
        ("/api/migration/snapshot", "{\"tags\": [\"a\", 7]}", ["field `tags[1]`", "7"]),
        ("/api/migration/validate", "[]x", ["line 1", "column"]),
        ("/api/migration/rollback", "[null, null]", ["must be a JSON object", "body"]),
    ];
    for (path, body, words) in cases {
        let problem = post(&door, path, "application/json", body).await.must_be_problem("malformed-body", 400);
        for word in words {
            assert!(problem["detail"].as_str().unwrap().contains(word), "{body}: {problem} has no {word:?}");
        }
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_a_413_declared_or_not() {
    let door = Door::with(|server| server.body_bytes_max = 1024);
    let large = "x".repeat(1025);
    let chunks = futures_util::stream::iter((0..50).map(|_| Ok::<_, std::io::Error>("y".repeat(100))));

    let declared = post(&door, "/api/migration/start", "application/json", large).await;
    let streamed = post(&door, "/api/migration/start", "application/json", Body::from_stream(chunks)).await;

    for answer in [declared, streamed] {
        let problem = answer.must_be_problem("body-too-large", 413);
        assert!(problem["detail"].as_str().unwrap().contains("1024"), "{problem}");
    }
}

#[tokio::test]
async fn a_body_at_the_limit_is_read() {
    let door = Door::with(|server| server.body_bytes_max = 1024);
    let body = format!("{{\"to\": \"five\"{}}}", " ".repeat(1024 - 14));
    assert_eq!(body.len(), 1024);
    post(&door, "/api/migration/start", "application/json; charset=utf-8", body)
        .await
        .must_be_problem("malformed-body", 400);
}

#[tokio::test]
async fn unknown_and_unusable_parameters_are_400() {
    let door = Door::open();
    let cases = [
        "/api/migration/plan?too=1.0.0",
        "/api/migration/plan?to=five",
        "/api/migration/plan?sql=perhaps",
        "/api/migration/plan?to=1.0.0&to=2.0.0",
        "/api/migration/status?deep=true",
        "/api/migration/progress?job=7",
        "/api/migration/logs?limit=0",
        "/api/migration/logs?limit=1001",
        "/api/migration/logs?limit=-1",
        "/api/migration/logs?kind=secret",
        "/api/migration/logs?before=1",
        "/api/migration/snapshots?limit=1",
    ];
    for path in cases {
        door.ask(door.admin(Method::GET, path)).await.must_be_problem("bad-parameter", 400);
    }
}

#[tokio::test]
async fn what_is_no_snapshots_name_is_never_looked_up() {
    let door = Door::open();
    for name in ["..", "%2e%2e%2fetc%2fpasswd", "x", "01J9Z3M8T6W1X0Y5V4Q2N7KCBD%00"] {
        let path = format!("/api/migration/snapshots/{name}");
        door.ask(door.admin(Method::GET, &path)).await.must_be_problem("no-such-snapshot", 404);
    }
}

#[tokio::test]
async fn orders_that_contradict_themselves_or_go_beyond_a_limit_are_422() {
    let door = Door::open();
    let long = "x".repeat(5000);
    let cases = [
        ("/api/migration/rollback", "{\"steps\": 1, \"to_version\": \"0.4.0\"}".to_owned()),
        ("/api/migration/rollback", "{\"steps\": 0}".to_owned()),
        ("/api/migration/snapshot", format!("{{\"message\": \"{long}\"}}")),
        ("/api/migration/snapshot", format!("{{\"notes\": \"{long}\"}}")),
        ("/api/migration/snapshot", "{\"message\": \"two\\nlines\"}".to_owned()),
        ("/api/migration/snapshot", "{\"tags\": [\"\"]}".to_owned()),
        ("/api/migration/snapshot", format!("{{\"tags\": {:?}}}", vec!["t"; 17])),
    ];
    for (path, body) in cases {
        post(&door, path, "application/json", body).await.must_be_problem("invalid-request", 422);
    }
}

#[tokio::test]
async fn an_unusable_idempotency_key_is_a_400() {
    let door = Door::open();
    let long = "k".repeat(256);
    for key in ["", "two words", "schl\u{fc}ssel", &long] {
        let request = door.admin(Method::POST, "/api/migration/validate").header("idempotency-key", key.as_bytes());
        door.ask(request).await.must_be_problem("bad-header", 400);
    }
    let twice = door.admin(Method::POST, "/api/migration/validate").header("idempotency-key", "a");
    door.ask(twice.header("idempotency-key", "b")).await.must_be_problem("bad-header", 400);
}

#[tokio::test]
async fn every_answer_carries_the_same_safe_headers() {
    let door = Door::open();
    for path in
        ["/livez", "/api/system/health", "/api/migration/status", "/nowhere", "/api/docs", "/", "/system-alert.js"]
    {
        let answer = door.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert!(!answer.headers.contains_key("server"), "{path}");
    }
}

#[tokio::test]
async fn a_plain_request_id_is_taken_over_and_any_other_replaced() {
    let door = Door::open();
    let long = "x".repeat(65);
    let named = |id: &str| request(Method::GET, "/livez").header("x-request-id", id);

    assert_eq!(door.ask(named("deploy-7.a_b")).await.header("x-request-id"), "deploy-7.a_b");
    for id in ["", "a b", "{\"level\":\"error\"}", &long] {
        assert_eq!(door.ask(named(id)).await.header("x-request-id").len(), 26, "{id}");
    }
}

#[tokio::test]
async fn an_encoding_nobody_speaks_is_a_406() {
    let request = request(Method::GET, "/livez").header("accept-encoding", "identity;q=0");
    Door::open().ask(request).await.must_be_problem("not-acceptable", 406);
}

/// Goal: no request waits for ever. Method: begin a body that never goes on.
#[tokio::test]
async fn a_request_that_takes_too_long_is_a_503() {
    let door = Door::with(|server| server.request_timeout = Duration::from_millis(20));
    let endless = futures_util::stream::pending::<Result<String, std::io::Error>>();
    let request = request(Method::POST, "/api/migration/start").body(Body::from_stream(endless)).unwrap();
    door.send(request).await.must_be_problem("timed-out", 503);
}

/// Goal: each kind has its own name, a status of its class, and a heading that explains it.
#[test]
fn every_kind_is_explained_under_its_own_heading() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/PROBLEMS.md")).unwrap();
    for kind in kinds::ALL {
        let heading = format!("\n## {}\n", kind.name);
        assert_eq!(page.matches(&heading).count(), 1, "docs/PROBLEMS.md needs one heading \"## {}\"", kind.name);
        let text = page.split(&heading).nth(1).unwrap();
        let text = text.split("\n## ").next().unwrap();
        assert!(text.contains(&format!("**{}.** ", kind.status)), "{} must tell its status {}", kind.name, kind.status);
        assert_eq!(kinds::ALL.iter().filter(|other| other.name == kind.name).count(), 1);
        assert!(StatusCode::from_u16(kind.status).unwrap().is_client_error() || kind.status >= 500);
    }
}
