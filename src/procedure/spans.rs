//! Spans for traces: a job's migrations and their statements. They name what was done and where it stands in a file; never a
//! statement's text, a value, or the database's words, which may quote one.

use std::future::Future;

use tracing::{Instrument, Span, field::Empty, info_span};

use super::apply::{Change, Failed};
use crate::telemetry::TRACE;

/// Does the work of a migration within a span of its own.
pub(super) async fn migration<T>(
    change: &Change<'_>,
    work: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    let span = info_span!(
        target: TRACE, "migration",
        otel.name = %change.migration.identity,
        migration.direction = change.direction.as_str(),
        migration.statements = change.statements().len(),
        otel.status_code = Empty,
    );
    let done = work.instrument(span.clone()).await;
    if done.is_err() {
        fails(&span);
    }
    done
}

/// A span for a statement that begins now; it lasts until it is dropped.
pub(super) fn statement(place: &str) -> Span {
    info_span!(target: TRACE, "statement", otel.name = place, statement.place = place, otel.status_code = Empty)
}

/// Whether anybody wants spans.
pub(super) fn are_wanted() -> bool {
    tracing::enabled!(target: TRACE, tracing::Level::INFO)
}

/// What the span is about failed.
pub(super) fn fails(span: &Span) {
    span.record("otel.status_code", "ERROR");
}
