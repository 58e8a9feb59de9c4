//! The API's description, and the page that shows it.

use std::{collections::BTreeSet, fs};

use axum::http::{Method, StatusCode};
use boon::{Compiler, Schemas};
use serde_json::Value;
use windlass::api::{guard::PUBLIC, openapi_json};

use super::{ADMIN_ROUTES, Door, request};

/// Public routes that are described; pages and their files are not.
const PUBLIC_ROUTES: [&str; 9] = [
    "/livez",
    "/metrics",
    "/readyz",
    "/api/system/health",
    "/api/system/version",
    "/api/health",
    "/api/health/database",
    "/api/health/migrations",
    "/api/openapi.json",
];

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

fn document() -> Value {
    serde_json::from_str(&openapi_json()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = |(path, item): (&String, &Value)| {
        let of = |method: &&str| item.get(*method).map(|op| (method.to_uppercase(), path.clone(), op.clone()));
        METHODS.iter().filter_map(of).collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

#[test]
fn the_document_lists_exactly_the_routes_there_are() {
    let document = document();
    let found: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();

    let public = PUBLIC_ROUTES.iter().map(|path| ("GET".to_owned(), (*path).to_owned()));
    let admin = ADMIN_ROUTES
        .iter()
        .map(|(method, path)| (method.to_string(), path.replace("01J9Z3M8T6W1X0Y5V4Q2N7KCBD", "{id}")));
    assert_eq!(found, public.chain(admin).collect());
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_operation_is_reachable_and_needs_a_token_unless_it_is_public() {
    let door = Door::open();
    for (method, path, operation) in operations(&document()) {
        let is_public = PUBLIC.iter().any(|(public, _)| *public == path);
        assert_eq!(operation.get("security").is_none(), is_public, "{method} {path}");
        let method: Method = method.parse().unwrap();
        let answer = door.ask(request(method, &path.replace("{id}", "x"))).await;
        let expected = if is_public { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(answer.status, expected, "{path}");
    }
}

#[test]
fn every_operation_is_described_with_its_problems() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        for field in ["summary", "description", "operationId"] {
            assert!(operation[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {method} {path}");
        }
        let responses = operation["responses"].as_object().unwrap();
        let has = |statuses: &[&str]| statuses.iter().all(|status| responses.contains_key(*status));
        if operation.get("security").is_some() {
            assert!(has(&["400", "401", "403", "429", "500", "503"]), "{method} {path}: {:?}", responses.keys());
        }
        if method == "POST" {
            assert!(has(&["200", "202", "409", "413", "415", "422"]), "{method} {path}: {:?}", responses.keys());
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["admin_jwt"]["scheme"], "bearer");
}

/// Goal: nobody has to guess what an operation takes and answers.
/// Method: look for a command at each, and hold the answer beside it against the schema of that answer.
#[test]
fn every_operation_has_a_worked_example() {
    let document = document();
    let mut compiler = Compiler::new();
    compiler.add_resource("mem:///openapi.json", document.clone()).unwrap();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let command = operation["description"].as_str().unwrap().split("```sh\n").nth(1).unwrap_or_default();
        assert!(command.starts_with("curl -s"), "{method} {path}: {command}");
        assert_eq!(command.contains("$AUTH"), operation.get("security").is_some(), "{command}");
        assert_eq!(command.contains(" -d '{"), operation.get("requestBody").is_some(), "{command}");
        assert!(
            names.insert(operation["operationId"].to_string()),
            "two operations are called {}",
            operation["operationId"]
        );
        for (status, response) in operation["responses"].as_object().unwrap().iter().filter(|(s, _)| s.starts_with('2'))
        {
            let Some((media, content)) = response["content"].as_object().and_then(|all| all.iter().next()) else {
                continue;
            };
            let Some(example) = content.get("example") else {
                assert_eq!(path, "/api/openapi.json", "no example of {status} of {method} {path}");
                continue;
            };
            let at = format!(
                "paths/{}/{}/responses/{status}/content/{}",
                escaped(&path),
                method.to_lowercase(),
                escaped(media)
            );
            let mut schemas = Schemas::new();
            let schema = compiler.compile(&format!("mem:///openapi.json#/{at}/schema"), &mut schemas).unwrap();
            schemas.validate(example, schema).unwrap_or_else(|error| panic!("the example of {method} {path}: {error}"));
        }
    }
}

/// As a step of a JSON pointer (RFC 6901, section 3).
fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// Goal: no reference leads nowhere.
#[test]
fn every_schema_that_is_named_is_there() {
    let text = openapi_json();
    let document = document();
    for reference in text.split("\"$ref\": \"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} is nowhere");
    }
}

#[test]
fn the_committed_document_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed.trim_end() == openapi_json(),
        "openapi/openapi.json is not what the routes say; make it anew: windlass openapi > openapi/openapi.json"
    );
}

#[tokio::test]
async fn the_reference_page_loads_nothing_from_outside() {
    let door = Door::open();
    for path in ["/api/docs", "/api/docs/"] {
        let page = door.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("http"), "{policy}");
        assert!(!page.text().contains("//"), "an outside address in {}", page.text());
        for source in page.text().split("=\"/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()) {
            let file = door.get(&format!("/{source}")).await;
            assert_eq!(file.status, StatusCode::OK, "{source}");
            assert!(!file.body.is_empty(), "{source}");
        }
    }
}

#[tokio::test]
async fn the_reference_page_asks_no_outside_validator() {
    let script = Door::open().get("/api/docs/swagger-initializer.js").await.text();
    assert!(script.contains("\"validatorUrl\": \"none\"") && script.contains("/api/openapi.json"), "{script}");
    assert!(!script.contains("http:") && !script.contains("https:"), "{script}");
}

#[tokio::test]
async fn the_reference_page_has_no_other_files() {
    let door = Door::open();
    for path in ["/api/docs/nothing", "/api/docs/../livez", "/api/docs/%2e%2e/Cargo.toml"] {
        door.get(path).await.must_be_problem("no-such-route", 404);
    }
}
