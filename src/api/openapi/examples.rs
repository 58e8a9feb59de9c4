//! A worked example for each operation: the command, and what was answered to it once.
//!
//! The answers in `examples.json` were recorded from a session with the sample catalog over `SQLite`; long lists are cut short.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;
use utoipa::openapi::{OpenApi, PathItem, RefOr, path::Operation, schema::Schema};

use crate::model::progress::Progress;

/// What each operation answered, by its method and path.
static ANSWERS: LazyLock<BTreeMap<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// What stands in an example for `{id}`.
const ID: &str = "01M8PJASY9BVZTX1TQ7EM9MKE5";

/// The media type of answers that have examples.
const JSON: &str = "application/json";

/// Adds a worked example to every operation.
pub(super) fn work_out(document: &mut OpenApi) {
    let schemas = document.components.iter().flat_map(|all| &all.schemas);
    let bodies: BTreeMap<String, Value> =
        schemas.filter_map(|(name, schema)| Some((name.clone(), example(schema)?))).collect();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let command = command(method, path, operation, &bodies);
            let description = operation.description.take().unwrap_or_default();
            operation.description = Some(format!("{description}\n\n```sh\n{command}\n```"));
            if let Some(answer) = ANSWERS.get(&format!("{method} {path}")) {
                answered(operation, answer);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let get = item.get.as_mut().map(|operation| ("GET", operation));
    get.into_iter().chain(item.post.as_mut().map(|operation| ("POST", operation)))
}

/// The example that an object's schema has.
fn example(schema: &RefOr<Schema>) -> Option<Value> {
    match schema {
        RefOr::T(Schema::Object(object)) => object.examples.first().or(object.example.as_ref()).cloned(),
        _ => None,
    }
}

/// `curl`, with everything that the operation needs.
fn command(method: &str, path: &str, operation: &Operation, bodies: &BTreeMap<String, Value>) -> String {
    let path = path.replace("{id}", ID);
    let token = if operation.security.is_some() { " -H \"$AUTH\"" } else { "" };
    let body = named_body(operation).and_then(|name| bodies.get(name));
    let body = body.map(|body| format!(" \\\n  -H 'Content-Type: application/json' -d '{body}'")).unwrap_or_default();
    let wait = if method == "POST" { " -H 'Prefer: wait=60'" } else { "" };
    format!("curl -s{token}{wait} \"$URL{path}\"{body}")
}

/// The name of the schema that the operation's body has.
fn named_body(operation: &Operation) -> Option<&str> {
    let RefOr::T(body) = operation.request_body.as_ref()? else { return None };
    let RefOr::T(content) = body.content.get(JSON)? else { return None };
    let schema = match content.schema.as_ref()? {
        RefOr::T(Schema::OneOf(or_nothing)) => or_nothing.items.first()?,
        schema => schema,
    };
    let RefOr::Ref(schema) = schema else { return None };
    schema.ref_location.rsplit('/').next()
}

/// Puts an answer beside every success that has its shape: what 202 tells is what was only just accepted.
fn answered(operation: &mut Operation, answer: &Value) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && let Some(RefOr::T(content)) = response.content.get_mut(JSON)
        {
            match status.as_str() {
                "200" => content.example = Some(answer.clone()),
                "202" => content.example = Some(accepted(answer.clone())),
                _ => {}
            }
        }
    }
}

/// A job as it was before its work began.
fn accepted(mut job: Value) -> Value {
    job["state"] = "queued".into();
    job["progress"] = serde_json::to_value(Progress::default()).unwrap_or_default();
    for later in ["started_at", "finished_at", "result", "problem"] {
        job[later] = Value::Null;
    }
    job
}
