//! What is allowed in spite of a rule: shown with its reason, and held to have one.

use std::sync::Arc;

use super::{Found, Trip};
use crate::{
    model::{
        finding::{Finding, Severity},
        migration::Migration,
        risk::Rule,
        waiver::{Reach, Waiver},
    },
    plan::Facts,
};

/// A waiver with the file that it stands in.
struct Written<'a> {
    file: Arc<str>,
    waiver: &'a Waiver,
    rule: Option<Rule>,
}

impl Written<'_> {
    /// Whether it is about a finding. One without a reason is about none.
    fn waives(&self, found: &Found) -> bool {
        let reaches = match self.waiver.reach {
            Reach::Statement(line) => line == found.line && self.file == found.file,
            Reach::Migration => true,
            Reach::Nothing => false,
        };
        reaches && self.rule == Some(found.trip.rule) && !self.waiver.reason.is_empty()
    }
}

/// The findings of a migration, with what was waived as mere information, and what is wrong with the waivers.
pub fn applied(facts: &Facts<'_>, migration: &Migration, found: &[Found]) -> Vec<Finding> {
    let waivers = written(migration);
    let told = found.iter().map(|found| {
        let finding = found.finding(facts);
        match waivers.iter().find(|written| written.waives(found)) {
            Some(written) => waived(finding, &written.waiver.reason),
            None => finding,
        }
    });
    let mut findings: Vec<Finding> = told.collect();
    let wrong = waivers.iter().filter_map(|written| Some(fault(written, found)?.finding(facts)));
    findings.extend(wrong);
    findings.dedup();
    findings
}

fn waived(finding: Finding, reason: &str) -> Finding {
    let message = format!("waived: {reason} ({})", finding.message);
    Finding { severity: Severity::Info, message, ..finding }
}

fn written(migration: &Migration) -> Vec<Written<'_>> {
    let scripts = std::iter::once(&migration.up).chain(&migration.down);
    let mut all: Vec<Written<'_>> = scripts.flat_map(|script| of_file(&script.file, &script.waivers)).collect();
    all.extend(of_file(&migration.metadata, &migration.allow));
    all
}

fn of_file<'a>(file: &Arc<str>, waivers: &'a [Waiver]) -> Vec<Written<'a>> {
    let of = |waiver: &'a Waiver| Written { file: Arc::clone(file), waiver, rule: Rule::named(&waiver.rule) };
    waivers.iter().map(of).collect()
}

/// What is wrong with a waiver.
fn fault(written: &Written<'_>, found: &[Found]) -> Option<Found> {
    let Written { file, waiver, rule } = written;
    let trip = match rule {
        None if waiver.rule.is_empty() => {
            let message = "the waiver names no rule, and waives nothing";
            Trip::new(Rule::WaiverUnknownRule, message, "write: -- windlass:allow <rule> <reason>")
        }
        None => {
            let message = format!("no rule is called {}, so nothing is waived", waiver.rule);
            let remedy = match Rule::nearest(&waiver.rule) {
                Some(rule) => format!("did you mean {}? docs/RULES.md lists the rules", rule.name()),
                None => "docs/RULES.md lists the rules".to_owned(),
            };
            Trip::new(Rule::WaiverUnknownRule, message, remedy)
        }
        Some(rule) if waiver.reason.is_empty() => {
            let message = format!("the waiver of {} gives no reason, and waives nothing", rule.name());
            let remedy = "say why it is safe here: it is shown in every plan";
            Trip::new(Rule::WaiverWithoutReason, message, remedy)
        }
        Some(_) if found.iter().any(|found| written.waives(found)) => return None,
        Some(rule) => {
            let where_to = match waiver.reach {
                Reach::Nothing => "no statement comes behind it",
                Reach::Statement(_) => "the statement does not trip it here",
                Reach::Migration => "no statement of the migration trips it here",
            };
            let message = format!("the waiver of {} waives nothing: {where_to}", rule.name());
            Trip::new(Rule::WaiverUnused, message, "remove it, or put it directly above the statement that it is about")
        }
    };
    Some(Found { file: file.clone(), line: waiver.line, trip })
}
