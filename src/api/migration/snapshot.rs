//! `POST /api/migration/snapshot`.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        body::Body,
        order::{Accepted, Counter, KeyHeader, WaitHeader},
        problem::{Problem, kinds, responses::OrderProblems},
    },
    model::{job::Job, order::Order},
};

/// The longest message, in characters.
const MESSAGE_CHARS_MAX: usize = 200;

/// The longest notes, in characters.
const NOTES_CHARS_MAX: usize = 4_000;

/// The most tags.
const TAGS_MAX: usize = 16;

/// The longest tag, in characters.
const TAG_CHARS_MAX: usize = 64;

/// What to write on the snapshot. Every field may be left out, and so may the body.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"message": "before the release", "tags": ["release-0.5.0"]}))]
pub struct SnapshotRequest {
    /// For a person, one line.
    #[schema(max_length = 200)]
    message: Option<String>,
    /// To find it by.
    #[schema(max_items = 16)]
    tags: Vec<String>,
    /// For a person, longer.
    #[schema(max_length = 4000)]
    notes: Option<String>,
    /// Also write the rows as lines of JSON, which every program reads.
    export: bool,
}

/// Make a restorable copy of the database.
///
/// The job's `result` is the manifest.
#[utoipa::path(post, path = "/api/migration/snapshot", tag = "migration", security(("admin_jwt" = [])),
    request_body(content = Option<SnapshotRequest>),
    params(KeyHeader, WaitHeader),
    responses(
        (status = 200, description = "The job ended within the wait.", body = Job),
        (status = 202, description = "The job is accepted.", body = Job,
         headers(("Location" = String, description = "Where to follow it."))),
        OrderProblems,
    ))]
pub async fn snapshot(counter: Counter, Body(request): Body<SnapshotRequest>) -> Result<Accepted, Problem> {
    let SnapshotRequest { message, tags, notes, export } = request.within_limits()?;
    counter.submit(Order::Snapshot { message, tags, notes, export }).await
}

impl SnapshotRequest {
    fn within_limits(self) -> Result<Self, Problem> {
        let plain = |text: &str, max: usize| text.chars().count() <= max && !text.contains(char::is_control);
        if !self.message.as_ref().is_none_or(|message| plain(message, MESSAGE_CHARS_MAX)) {
            return Err(beyond(format!("message must be one line of {MESSAGE_CHARS_MAX} characters at most.")));
        }
        if self.notes.as_ref().is_some_and(|notes| notes.chars().count() > NOTES_CHARS_MAX || notes.contains('\0')) {
            return Err(beyond(format!("notes must be {NOTES_CHARS_MAX} characters at most.")));
        }
        if self.tags.len() > TAGS_MAX || !self.tags.iter().all(|tag| !tag.is_empty() && plain(tag, TAG_CHARS_MAX)) {
            return Err(beyond(format!("tags must be {TAGS_MAX} at most, each of 1 to {TAG_CHARS_MAX} characters.")));
        }
        Ok(self)
    }
}

fn beyond(detail: String) -> Problem {
    Problem::of(&kinds::INVALID_REQUEST, detail)
}
