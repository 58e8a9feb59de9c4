//! Problems in the API document: every operation names the ones it can answer with.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{
        ContentBuilder, Ref, RefOr, Response, ResponseBuilder,
        example::{Example, ExampleBuilder},
    },
};

use super::{
    MEDIA_TYPE, TYPE_PREFIX,
    kinds::{self, Kind},
};

/// What a public route can answer with besides its own answer.
pub struct PublicProblems;

/// What any admin route can answer with besides its own answer.
pub struct AdminProblems;

/// What an admin route can answer with that asks the target or the catalog.
pub struct EnquiryProblems;

/// What a route can answer with that takes an order.
pub struct OrderProblems;

/// What a route can answer with besides that takes the digest of a plan, and that of a loss.
pub struct MovedProblem;

/// What a route can answer with besides that takes the digest of a loss.
pub struct LossProblem;

const PUBLIC: [&Kind; 3] = [&kinds::TOO_MANY_REQUESTS, &kinds::NOT_ACCEPTABLE, &kinds::BODY_TOO_LARGE];

const ADMIN: [&Kind; 9] = [
    &kinds::BAD_PARAMETER,
    &kinds::UNAUTHENTICATED,
    &kinds::FORBIDDEN,
    &kinds::NOT_ACCEPTABLE,
    &kinds::BODY_TOO_LARGE,
    &kinds::TOO_MANY_REQUESTS,
    &kinds::INTERNAL,
    &kinds::STORE_UNUSABLE,
    &kinds::TIMED_OUT,
];

const ENQUIRY: [&Kind; 5] = [
    &kinds::CATALOG_UNUSABLE,
    &kinds::TARGET_UNUSABLE,
    &kinds::SNAPSHOTS_UNUSABLE,
    &kinds::TARGET_UNREACHABLE,
    &kinds::TARGET_READ_ONLY,
];

const ORDER: [&Kind; 8] = [
    &kinds::MALFORMED_BODY,
    &kinds::BAD_HEADER,
    &kinds::BUSY,
    &kinds::UNSUPPORTED_MEDIA_TYPE,
    &kinds::INVALID_REQUEST,
    &kinds::NOT_READY,
    &kinds::IDEMPOTENCY_KEY_REUSED,
    &kinds::STOPPING,
];

type Responses = BTreeMap<String, RefOr<Response>>;

impl IntoResponses for PublicProblems {
    fn responses() -> Responses {
        by_status(PUBLIC)
    }
}

impl IntoResponses for AdminProblems {
    fn responses() -> Responses {
        by_status(ADMIN)
    }
}

impl IntoResponses for EnquiryProblems {
    fn responses() -> Responses {
        by_status(ADMIN.into_iter().chain(ENQUIRY))
    }
}

impl IntoResponses for OrderProblems {
    fn responses() -> Responses {
        by_status(ADMIN.into_iter().chain(ENQUIRY).chain(ORDER))
    }
}

impl IntoResponses for MovedProblem {
    fn responses() -> Responses {
        by_status([&kinds::PLAN_MOVED, &kinds::LOSS_NOT_ACCEPTED])
    }
}

impl IntoResponses for LossProblem {
    fn responses() -> Responses {
        by_status([&kinds::LOSS_NOT_ACCEPTED])
    }
}

fn by_status(kinds: impl IntoIterator<Item = &'static Kind>) -> Responses {
    let mut grouped: BTreeMap<u16, Vec<&'static Kind>> = BTreeMap::new();
    for kind in kinds {
        grouped.entry(kind.status).or_default().push(kind);
    }
    grouped.into_iter().map(|(status, kinds)| (status.to_string(), RefOr::T(response(&kinds)))).collect()
}

fn response(kinds: &[&'static Kind]) -> Response {
    let titles: Vec<_> = kinds.iter().map(|kind| format!("`{}`: {}.", kind.name, kind.title)).collect();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(kinds.iter().map(|kind| (kind.name, example(kind))))
        .build();
    ResponseBuilder::new().description(titles.join(" ")).content(MEDIA_TYPE, content).build()
}

fn example(kind: &Kind) -> Example {
    let value = serde_json::json!({
        "type": format!("{TYPE_PREFIX}{}", kind.name),
        "title": kind.title,
        "status": kind.status,
        "detail": "What happened here.",
        "next_step": kind.next_step,
    });
    ExampleBuilder::new().summary(kind.title).value(Some(value)).build()
}
