//! The answers that are polled, given without a walk through the routes and their layers: they are printed already, and what is
//! done around them is what [`super::log`], [`super::guard`] and [`super::headers`] do.

use std::sync::{Arc, OnceLock};

use axum::{
    http::{HeaderMap, Method, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::{
    conditional::Printed,
    front::Front,
    guard::{self, Pace},
    headers,
    log::{Entry, class, word},
    press::Prints,
};
use crate::{
    lifecycle::{AtOnce, Caller},
    meters::Tally,
};

type Choice = fn(&Prints) -> &Printed;

/// What lies ready. Every one of these routes is public, and polled.
const READY: [(&str, Choice); 5] = [
    ("/api/system/health", |prints| &prints.health),
    ("/api/system/version", |prints| &prints.version),
    ("/api/health", |prints| &prints.application_health),
    ("/api/health/database", |prints| &prints.database_health),
    ("/api/health/migrations", |prints| &prints.migrations_health),
];

/// Classes of a status: 1xx to 5xx.
const CLASSES: usize = 5;

/// By what each kind of answer is counted, once there was one: to look for its tally each time would cost more than the answer.
type Tallies = [[[OnceLock<Tally>; CLASSES]; 2]; READY.len()];

/// Answers what lies ready.
pub fn answers(front: Front) -> AtOnce {
    let tallies = Tallies::default();
    Arc::new(move |caller, parts| answer(&front, &tallies, caller, parts))
}

fn answer(front: &Front, tallies: &Tallies, caller: Caller, asked: &Parts) -> Option<Response> {
    let is_read = asked.method == Method::GET || asked.method == Method::HEAD;
    if !is_read || asked.uri.query().is_some() || wants_a_coding(&asked.headers) {
        return None;
    }
    let path = asked.uri.path();
    let (tallies, (route, choice)) = tallies.iter().zip(READY).find(|(_, (route, _))| *route == path)?;
    let entry = Entry::begin(front, &asked.method, route, &asked.headers, Some(caller.peer.ip()));
    let admission = guard::admit(front, Pace::Polled, entry.client());
    let mut response = match &admission.refusal {
        None => {
            let mut printed = choice(&front.prints()).answer(&asked.headers);
            admission.tell_pace(&mut printed);
            printed
        }
        Some(problem) => {
            let mut refusal = problem.clone().into_response();
            admission.tell(&mut refusal);
            headers::add(&front.app.config, &mut refusal);
            refusal
        }
    };
    let status = response.status();
    let tally = &tallies[usize::from(asked.method == Method::HEAD)][usize::from(status.as_u16() / 100 - 1) % CLASSES];
    let tally = tally.get_or_init(|| front.app.meters.tally(word(&asked.method), route, class(status)));
    entry.end_by(tally, &mut response);
    Some(response)
}

/// Whether the answer's plain bytes may not do. They are sent to whoever could take them compressed, too: they are so few that
/// they fit into one packet.
fn wants_a_coding(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::ACCEPT_ENCODING).iter();
    values.any(|value| value.as_bytes().windows(3).any(|part| part.eq_ignore_ascii_case(b"q=0")))
}
