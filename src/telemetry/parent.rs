//! The caller's own trace, where a request names one (W3C Trace Context, `traceparent`).
//!
//! It says under which span of whose trace ours hang at the collector, and nothing else: whether it is sampled is not asked, its
//! `tracestate` is not read, and no log line and no row has it.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The length of version 00; a later one may go on behind a dash.
const LENGTH: usize = 55;
/// The version that is none.
const NO_VERSION: &str = "ff";

/// Hangs a span, which has not begun for a collector, under the one that `traceparent` names. What is malformed is as if it were not there.
pub fn hang_under(span: &Span, traceparent: &str) {
    if let Some(parent) = parsed(traceparent) {
        // Err means that nobody wants spans.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

fn parsed(text: &str) -> Option<SpanContext> {
    let (known, more) = text.split_at_checked(LENGTH)?;
    let parts: Vec<&str> = known.split('-').collect();
    let [version, trace, span, flags] = parts[..] else { return None };
    let is_whole = more.is_empty() || (version != "00" && more.starts_with('-'));
    let lengths = [version, trace, span, flags].map(str::len);
    let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_whole || lengths != [2, 32, 16, 2] || version == NO_VERSION || !parts.iter().all(|part| is_hex(part)) {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let parent = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
    parent.is_valid().then_some(parent)
}
