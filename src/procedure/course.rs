//! Tells of the statements of a migration as they go by: each with its place, its text and its time.

use std::{collections::BTreeMap, fmt::Write};

use tokio::time::Instant;
use tracing::Span;

use super::{Assignment, apply::Change, spans};
use crate::model::{plan::PlannedMigration, report::ValidationReport};

/// The statements of one migration as they go by.
pub(super) struct Course<'a> {
    told: &'a Assignment,
    pub change: &'a Change<'a>,
    /// The answers to all of them come together, and tell nothing of the time of each.
    at_once: bool,
    began: Instant,
    /// So many of them were told, in this try or an earlier one.
    told_before: usize,
    /// The spans of those at work.
    spans: BTreeMap<usize, Span>,
}

/// So many statements of one message have spans, its first.
const SPANS_AT_ONCE_MAX: usize = 1_024;

impl<'a> Course<'a> {
    /// They run one after the other, unless [`Self::is_sent`].
    pub fn of(told: &'a Assignment, change: &'a Change<'a>) -> Self {
        Self { told, change, at_once: false, began: Instant::now(), told_before: 0, spans: BTreeMap::new() }
    }

    /// They are sent now, as one transaction, and maybe not for the first time; `at_once`: all answers come together.
    pub fn is_sent(&mut self, at_once: bool) {
        (self.at_once, self.began) = (at_once, Instant::now());
        let count = self.change.statements().len();
        if at_once && self.told_before > 0 {
            let message = format!("{count} statements are sent again");
            self.told.log.note("info", &message, None, Vec::new());
        }
        let sent = if at_once { count } else { 1 };
        (0..sent).for_each(|index| self.tell(index));
    }

    /// Statement `index` begins; nothing happens behind the last.
    pub fn begins(&mut self, index: usize) {
        self.began = Instant::now();
        self.tell(index);
    }

    /// Statement `index` of the whole has answered, and the next one begins.
    pub fn answered(&mut self, index: usize) {
        if self.at_once {
            self.spans.remove(&index);
        } else {
            self.ran(index);
            self.begins(index + 1);
        }
    }

    /// Statement `index` ran.
    pub fn ran(&mut self, index: usize) {
        self.spans.remove(&index);
        self.ended(index, "info", |us| format!("ran in {}", in_ms(us)));
    }

    /// The transaction came to its end, with everything in it.
    pub fn is_committed(&self) {
        if self.at_once && self.told.log.has_file() {
            let (count, us) = (self.change.statements().len(), self.microseconds());
            let message = format!("{count} statements ran as one message, in {}", in_ms(us));
            self.told.log.note("info", &message, None, vec![("duration_us", us.into())]);
        }
    }

    /// Statement `index` failed; `None`: something of ours around them.
    pub fn failed(&mut self, index: Option<usize>, error: &dyn std::fmt::Display) {
        index.and_then(|index| self.spans.get(&index)).into_iter().for_each(spans::fails);
        self.spans.clear();
        match index {
            Some(index) => self.ended(index, "error", |us| format!("failed after {}: {error}", in_ms(us))),
            None => self.told.log.note("error", &format!("it failed: {error}"), None, Vec::new()),
        }
    }

    /// The text is told once, however often the statement is tried; of what is sent again as one message, nothing.
    fn tell(&mut self, index: usize) {
        let is_heard = self.told.log.has_file() || spans::are_wanted();
        let Some((place, sql)) = is_heard.then(|| self.change.place(index)).flatten() else { return };
        if self.spans.len() < SPANS_AT_ONCE_MAX {
            self.spans.insert(index, spans::statement(&place));
        }
        let is_again = index < self.told_before;
        self.told_before = self.told_before.max(index + 1);
        let message = match (self.at_once, is_again) {
            (true, true) => return,
            (true, false) => format!("{place} is sent"),
            (false, true) => format!("{place} begins again"),
            (false, false) => format!("{place} begins"),
        };
        let sql = Some(sql.as_str()).filter(|_| !is_again);
        self.told.log.note("info", &message, sql, vec![("statement.place", place.into())]);
    }

    fn ended(&self, index: usize, level: &'static str, words: impl FnOnce(u64) -> String) {
        let Some((place, _)) = self.told.log.has_file().then(|| self.change.place(index)).flatten() else { return };
        let us = self.microseconds();
        let message = format!("{place} {}", words(us));
        let fields = vec![("statement.place", place.into()), ("duration_us", us.into())];
        self.told.log.note(level, &message, None, fields);
    }

    fn microseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// `1.234 ms`
fn in_ms(us: u64) -> String {
    format!("{}.{:03} ms", us / 1_000, us % 1_000)
}

/// Tells what is meant to be done, in order.
pub(super) fn planned<'a>(told: &Assignment, steps: impl IntoIterator<Item = &'a PlannedMigration>) {
    if !told.log.has_file() {
        return;
    }
    let ids: Vec<&str> = steps.into_iter().map(|step| step.id.as_str()).collect();
    let message = format!("planned, in this order:\n{}", ids.join("\n"));
    told.log.note("info", &message, None, vec![("plan", ids.into())]);
}

/// Tells of a statement that is run, or cut into batches, outside the course of a migration.
pub(super) fn by_itself(told: &Assignment, place: &str, sql: &str) {
    told.log.note("info", &format!("{place} begins"), Some(sql), vec![("statement.place", place.into())]);
}

/// Tells what a validation found.
pub(super) fn validated(told: &Assignment, report: &ValidationReport) {
    let found = [("critical", &report.critical_issues), ("warning", &report.warnings), ("info", &report.info)];
    let verdict = if report.overall { "nothing critical" } else { "not as it should be" };
    let mut message = format!("validation: {} checks, {verdict}", report.checks);
    for (weight, finding) in found.into_iter().flat_map(|(weight, some)| some.iter().map(move |one| (weight, one))) {
        let _ = write!(message, "\n{weight} {} at {}: {}", finding.rule, finding.place, finding.message);
    }
    let level = if report.overall { "info" } else { "error" };
    told.log.note(level, &message, None, vec![("validation", serde_json::json!(report))]);
}
