//! Every route, every method, every kind of caller, against one table.

use std::collections::BTreeSet;

use axum::{body::Body, http::Method};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Door, now, request};
use crate::harness::signer::admin_claims;

/// What a caller is to a route for administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Nobody knows who this is: 401.
    Not,
    /// Somebody without the right: 403.
    Somebody,
    /// An administrator.
    Admin,
}
use Known::{Admin, Not, Somebody};

/// Every kind of caller: their `Authorization` header, and what they are.
fn callers(door: &Door) -> Vec<(&'static str, Option<String>, Known)> {
    let claims = || admin_claims(now().timestamp());
    let bearer = |claims: &str| Some(format!("Bearer {}", sign(claims)));
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        bearer(&claims.to_string())
    };
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        bearer(&claims.to_string())
    };
    let raw = |from: &str, to: &str| bearer(&claims().to_string().replace(from, to));
    let minted = door.token(1, &["system"]);
    vec![
        ("nobody", None, Not),
        ("an empty header", Some(String::new()), Not),
        ("a name and a password", Some("Basic Z3JhY2U6c2VjcmV0".to_owned()), Not),
        ("a token without its scheme", Some(minted.clone()), Not),
        ("a token of another scheme", Some(format!("Token {minted}")), Not),
        ("a token that is no token", Some("Bearer x".to_owned()), Not),
        ("a signature of another", Some(format!("Bearer {}x", &minted[..minted.len() - 1])), Not),
        ("an expired token", with("exp", json!((now() - TimeDelta::seconds(6)).timestamp())), Not),
        ("level as text", with("level", json!("1")), Not),
        ("level 1.0", raw("\"level\":1", "\"level\":1.0"), Not),
        ("level true", with("level", json!(true)), Not),
        ("level 01", raw("\"level\":1", "\"level\":01"), Not),
        ("level as a list", with("level", json!([1])), Not),
        ("permissions as text", with("permissions", json!("system")), Not),
        ("permissions in a list of lists", with("permissions", json!([["system"]])), Not),
        ("permissions as an object", with("permissions", json!({"system": true})), Not),
        ("level twice", raw("\"level\":1", "\"level\":2,\"level\":1"), Not),
        ("level 0", with("level", json!(0)), Somebody),
        ("level -1", with("level", json!(-1)), Somebody),
        ("level 2", with("level", json!(2)), Somebody),
        ("no level", without("level"), Somebody),
        ("no permissions", without("permissions"), Somebody),
        ("System", with("permissions", json!(["System"])), Somebody),
        ("system with a space", with("permissions", json!(["system ", " system"])), Somebody),
        ("systems", with("permissions", json!(["systems", "sys", "system.read"])), Somebody),
        ("an administrator", bearer(&claims().to_string()), Admin),
        ("an administrator with more", with("permissions", json!(["other", "system", "system"])), Admin),
    ]
}

fn sign(claims: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use jsonwebtoken::{Algorithm, EncodingKey, crypto};
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"a"}"#), URL_SAFE_NO_PAD.encode(claims));
    let key = EncodingKey::from_secret(b"0123456789abcdef0123456789abcdef");
    format!("{signed}.{}", crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap())
}

/// Every route that the API document describes, with the methods it knows.
fn routes() -> Vec<(String, BTreeSet<String>)> {
    let document: Value = serde_json::from_str(&windlass::api::openapi_json()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().map(|(path, methods)| {
        let path = path.replace("{id}", "01J9Z3M8T6W1X0Y5V4Q2N7KCBD");
        assert!(!path.contains('{'), "{path}");
        let mut methods: BTreeSet<String> =
            methods.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        (path, methods)
    });
    routes.collect()
}

/// What must come back: a status, or `None` for whatever a route says to those it lets in.
fn expected(path: &str, knows: bool, caller: Known) -> Option<u16> {
    let is_for_admins =
        path.starts_with("/api/migration") || path.starts_with("/api/monitoring") || path.starts_with("/api/documents");
    match (is_for_admins, caller, knows) {
        (true, Not, _) => Some(401),
        (true, Somebody, _) => Some(403),
        (true, Admin, false) | (false, _, false) => Some(405),
        (true, Admin, true) | (false, _, true) => None,
    }
}

/// Goal: who may do what stands in one table, and a route that is added tomorrow is for administrators.
/// Method: the routes are read off the API document; every one is asked by every method and every kind of caller. Orders of
/// administrators carry a body that no route takes, so that nothing is begun.
#[tokio::test]
async fn every_route_lets_in_whom_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let door = Door::at(folder.path(), |server| server.rate_limit_exempt = vec!["127.0.0.1/32".parse().unwrap()]);
    let (routes, callers) = (routes(), callers(&door));
    assert!(routes.len() >= 20 && callers.len() >= 25, "{} {}", routes.len(), callers.len());
    let mut asked = 0;
    for (path, knows) in &routes {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            for (who, header, known) in &callers {
                let request = request(Method::from_bytes(method.as_bytes()).unwrap(), path);
                let request = header.iter().fold(request, |request, header| request.header("authorization", header));
                let peer: std::net::SocketAddr = "127.0.0.1:40000".parse().unwrap();
                let request =
                    request.header("content-type", "application/json").extension(axum::extract::ConnectInfo(peer));
                let body = if method == "POST" { Body::from("{\"") } else { Body::empty() };
                let answer = door.send(request.body(body).unwrap()).await;
                let (status, what) = (answer.status.as_u16(), format!("{method} {path} by {who}"));
                match expected(path, knows.contains(method), *known) {
                    Some(expected) => assert_eq!(status, expected, "{what}: {}", answer.text()),
                    None => assert!(![401, 403, 405, 429].contains(&status), "{what}: {status} {}", answer.text()),
                }
                if method == "POST" && *known == Admin && knows.contains(method) {
                    assert_eq!(status, 400, "{what}: {}", answer.text());
                }
                asked += 1;
            }
        }
    }
    eprintln!("{asked} requests: {} routes, 8 methods, {} kinds of caller", routes.len(), callers.len());
    assert!(!folder.path().join("app.db").exists(), "an order was taken");
}

/// Goal: no spelling of a path slips past the guard. Method: ask for each route in ways that some servers take for the same.
#[tokio::test]
async fn no_spelling_of_a_path_opens_what_the_path_itself_does_not() {
    let door = Door::open();
    for (path, _) in routes().iter().filter(|(path, _)| path.starts_with("/api/migration")) {
        let tail = path.trim_start_matches('/');
        for spelling in [
            format!("//{tail}"),
            format!("/{}", tail.replace('/', "//")),
            format!("/{}", tail.replacen('/', "%2f", 1)),
            format!("{path}/"),
            format!("{path};x=1"),
            format!("{path}%00"),
            format!("{path}/."),
            format!("{path}/../status"),
            format!("/livez/..{path}"),
            path.to_uppercase(),
            format!("{path}%20"),
        ] {
            for method in [Method::GET, Method::POST] {
                let request =
                    request(method.clone(), &spelling).header("x-original-url", path).header("x-rewrite-url", path);
                let status = door.ask(request.header("x-http-method-override", "GET")).await.status.as_u16();
                assert!([401, 404].contains(&status), "{method} {spelling}: {status}");
            }
        }
    }
}
