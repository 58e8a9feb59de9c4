//! Findings as commands of a GitHub workflow, which shows them beside the lines of a change (GitHub's documentation, Workflow
//! commands, "Setting an error message").

use std::fmt::Write;

use super::spot::Spots;
use crate::model::finding::{Finding, Severity};

/// One line for each finding.
pub(super) fn written(findings: &[Finding], spots: &Spots) -> String {
    let mut text = String::new();
    for finding in findings {
        let command = match finding.severity {
            Severity::Critical => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let title = property(&finding.rule);
        let at = spots.spot(&finding.place).map(|spot| format!("file={},line={},", property(&spot.file), spot.line));
        let place = if at.is_none() { format!("{}: ", finding.place) } else { String::new() };
        let remedy = if finding.remedy.is_empty() { String::new() } else { format!("\n{}", finding.remedy) };
        let message = data(&format!("{place}{}{remedy}", finding.message));
        // a String takes everything
        let _ = writeln!(text, "::{command} {}title={title}::{message}", at.unwrap_or_default());
    }
    text
}

/// What stands behind `::`. The escapes are those of the runner's own toolkit.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands between `=` and `,`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
