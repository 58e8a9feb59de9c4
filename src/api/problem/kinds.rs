//! Every problem the HTTP door answers with. `docs/PROBLEMS.md` has a heading for each.

/// One kind of problem. Its name and its status never change once published.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last part of its `type`, `urn:windlass:problem:<name>`.
    pub name: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// The problem in a few words, always the same.
    pub title: &'static str,
    /// What to do next, when nothing better is known.
    pub next_step: &'static str,
}

macro_rules! kinds {
    ($($constant:ident = $name:literal $status:literal $title:literal $next_step:literal)+) => {
        $(
            #[doc = concat!($title, ".")]
            pub const $constant: Kind = Kind { name: $name, status: $status, title: $title, next_step: $next_step };
        )+
        /// All of them.
        pub const ALL: &[&Kind] = &[$(&$constant),+];
    };
}

kinds! {
    MALFORMED_REQUEST = "malformed-request" 400 "The request cannot be understood"
        "Correct the request; the detail says where it is wrong."
    MALFORMED_BODY = "malformed-body" 400 "The body is not the JSON this route takes"
        "Correct the body; the detail names the place. /api/docs shows what the route takes."
    BAD_PARAMETER = "bad-parameter" 400 "A query parameter is unknown or has no usable value"
        "Correct the query; /api/docs shows the parameters of each route."
    BAD_HEADER = "bad-header" 400 "A header has no usable value"
        "Correct the header; the detail names it."
    UNAUTHENTICATED = "unauthenticated" 401 "A valid token is needed"
        "Send `Authorization: Bearer <token>`; `windlass token` mints one."
    FORBIDDEN = "forbidden" 403 "This token does not allow it"
        "Use a token with level 1 and the permission `system`."
    TOKEN_IN_CLEAR = "token-in-clear" 403 "A token is not taken in clear text"
        "Use https: set server.tls_certificate, or name the proxy that ends TLS in server.trusted_proxies. Then make a new token."
    NO_SUCH_ROUTE = "no-such-route" 404 "Nothing is here"
        "See /api/docs for what there is."
    NO_SUCH_JOB = "no-such-job" 404 "There is no such job"
        "GET /api/migration/status tells the newest jobs."
    NO_SUCH_SNAPSHOT = "no-such-snapshot" 404 "There is no such snapshot"
        "GET /api/migration/snapshots tells which there are."
    METHOD_NOT_ALLOWED = "method-not-allowed" 405 "This route does not know that method"
        "Use a method that the header `Allow` names."
    NOT_ACCEPTABLE = "not-acceptable" 406 "No form of the answer is acceptable to the caller"
        "Allow `identity` or `gzip` in `Accept-Encoding`."
    BUSY = "busy" 409 "Another run is at work on this database"
        "Wait for it: GET /api/migration/progress follows it. POST /api/migration/stop asks it to stop."
    NOTHING_RUNS = "nothing-runs" 409 "No job is at work on this database"
        "Nothing is to be done; GET /api/migration/status tells what ran last."
    PLAN_MOVED = "plan-moved" 412 "The plan is not the one that was asked for"
        "Look at the plan again: GET /api/migration/plan; then start with its digest."
    LOSS_NOT_ACCEPTED = "loss-not-accepted" 412 "Something would be lost that nobody has accepted"
        "Look at `loss`; if that is meant, give the order again with its digest as `accept_loss`."
    BODY_TOO_LARGE = "body-too-large" 413 "The body is too large"
        "Send less, or raise server.body_bytes_max."
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type" 415 "The body is not declared as JSON"
        "Send `Content-Type: application/json`."
    INVALID_REQUEST = "invalid-request" 422 "The request contradicts itself or goes beyond a limit"
        "Correct the fields that the detail names."
    NOT_READY = "not-ready" 422 "The run may not begin"
        "Settle what `blocking` lists; GET /api/migration/plan shows the whole plan."
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused" 422 "This Idempotency-Key belongs to another order"
        "Use a fresh key for each order, and the same key only to repeat the same order."
    TOO_MANY_REQUESTS = "too-many-requests" 429 "Too many requests from this address"
        "Wait as long as the header `Retry-After` says."
    INTERNAL = "internal" 500 "Something went wrong inside windlass"
        "Look for the request's `X-Request-Id` in the log, and report it."
    CATALOG_UNUSABLE = "catalog-unusable" 500 "The catalog of migrations cannot be used"
        "Mend what the detail and `blocking` name; `windlass check` tells the same without a server."
    TARGET_UNUSABLE = "target-unusable" 500 "The target database cannot be used as it is configured"
        "The detail has the database's own words. Nothing was changed."
    SNAPSHOTS_UNUSABLE = "snapshots-unusable" 500 "The snapshots cannot be used"
        "Look after the folder snapshots.path; `windlass snapshot verify --all` tells which are whole."
    STORE_UNUSABLE = "store-unusable" 503 "The control store cannot be used"
        "Look after the file store.path: its disk, its rights. Then try again."
    TARGET_UNREACHABLE = "target-unreachable" 503 "The target database does not answer"
        "See that it is up and that target.url is right. Then try again."
    TARGET_READ_ONLY = "target-read-only" 503 "The target database cannot be written now"
        "Point target.url at the primary, or end its read-only state. Then try again."
    TOO_MANY_STREAMS = "too-many-streams" 503 "All places for live streams are taken"
        "Close a stream, or ask for JSON: leave out `Accept: text/event-stream`."
    STOPPING = "stopping" 503 "The service is stopping"
        "Try again once it is back; GET /readyz tells."
    TIMED_OUT = "timed-out" 503 "The answer took too long"
        "Try again; GET /api/migration/status tells whether an order was taken all the same."
}
