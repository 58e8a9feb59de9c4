//! A plan as a comment on a change, in GitHub's and GitLab's Markdown.

use std::fmt::Write;

use super::{row, summary};
use crate::model::{
    finding::{Finding, Severity},
    plan::Plan,
};

/// The plan's migrations and findings as tables.
pub(super) fn written(plan: &Plan) -> String {
    let mut text = format!("### windlass plan\n\n{}\n", cell(&summary(plan)));
    let migrations: Vec<_> = plan.hops.iter().flat_map(|hop| &hop.migrations).collect();
    if !migrations.is_empty() {
        text.push_str("\n| # | migration | direction | statements | how | way back | estimate |\n");
        text.push_str("|--:|---|---|--:|---|---|--:|\n");
        for migration in migrations {
            let cells = row(migration).map(|word| cell(&word));
            // a String takes everything, here and below
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    if !plan.findings.is_empty() {
        text.push_str("\n| | rule | where | what |\n|---|---|---|---|\n");
        let mut findings: Vec<&Finding> = plan.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        for Finding { rule, severity, place, message, remedy } in findings {
            let remedy = if remedy.is_empty() { String::new() } else { format!("<br>*{}*", cell(remedy)) };
            let mark = mark(*severity);
            let _ = writeln!(text, "| {mark} | `{rule}` | {} | {}{remedy} |", cell(place), cell(message));
        }
    }
    if let Some(digest) = plan.digest.as_ref().filter(|_| plan.ready && plan.migration_count() > 0) {
        let _ = writeln!(text, "\nRun exactly this: `windlass up --plan {digest}`");
    }
    text
}

fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "**blocks**",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// Text that is shown as it is, on one line of a table.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => cell.push(' '),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => cell.extend(['\\', c]),
            c => cell.push(c),
        }
    }
    cell
}
