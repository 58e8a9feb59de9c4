//! What a caller asks for by its headers.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header};

/// RFC 7240.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The longest wait that is granted for `Prefer: wait=N`.
pub const WAIT_S_MAX: u64 = 60;

/// The wait of `Prefer: wait=N`, in seconds and not above [`WAIT_S_MAX`]. What is not understood is passed over,
/// as RFC 7240 has it.
pub fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let seconds: u64 = value.trim().trim_matches('"').parse().ok()?;
        name.trim().eq_ignore_ascii_case("wait").then(|| Duration::from_secs(seconds.min(WAIT_S_MAX)))
    })
}

/// Whether `Accept` names `media_type` itself. A wildcard does not ask for anything in particular.
pub fn asks_for(headers: &HeaderMap, media_type: &str) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
        named && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}
