//! How far a job is, for a person.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{output::Output, words};
use crate::{model::progress::Progress, telemetry::harmless};

/// How a run with a known length looks while it goes on.
const BAR: &str = "{bar:30} {percent:>3}% {pos}/{len}  {msg}  {elapsed}";
/// How one looks whose length is not known yet.
const SPINNER: &str = "{spinner} {msg}  {elapsed}";
/// How often a spinner turns, in milliseconds.
const TICK_MS: u64 = 120;

/// A bar on a terminal, a line for each step elsewhere.
pub(super) struct Show {
    output: Output,
    bar: ProgressBar,
    step: String,
}

impl Show {
    pub fn on(output: Output) -> Self {
        let target = if output.has_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if output.has_terminal() {
            bar.enable_steady_tick(Duration::from_millis(TICK_MS));
        }
        let mut show = Self { output, bar, step: String::new() };
        show.style(SPINNER);
        show
    }

    fn style(&mut self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    pub fn progress(&mut self, now: &Progress) {
        let message = match (&now.waiting_for, &now.within) {
            (Some(blocker), _) => format!("{}: waiting for {blocker}", now.step),
            (None, Some(within)) => format!("{}, {}", now.step, words::within(within)),
            (None, None) => now.step.clone(),
        };
        // without a bar one line a step is enough, not one for each count behind its comma
        let begins = |text: &str| text.split(',').next().map(str::to_owned);
        if !self.output.has_terminal() && begins(&message) != begins(&self.step) {
            self.output.note(&message);
        }
        if now.total > 0 {
            if self.bar.length().is_none() {
                self.style(BAR);
            }
            self.bar.set_length(now.total);
            self.bar.set_position(now.completed);
        }
        self.bar.set_message(harmless(&message));
        self.step = message;
    }

    pub fn note(&self, text: &str) {
        self.bar.suspend(|| self.output.note(text));
    }

    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
