//! Findings as a SARIF log, which code scanning services take (OASIS, Static Analysis Results Interchange Format 2.1.0).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::spot::Spots;
use crate::model::finding::{Finding, Severity};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log of one run, with one result for each finding.
pub(super) fn written(findings: &[Finding], spots: &Spots) -> String {
    let rules: BTreeSet<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
    let index = |rule: &str| rules.iter().position(|known| *known == rule);
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, index(&finding.rule), spots)).collect();
    let rules: Vec<Value> = rules.iter().map(|rule| json!({ "id": rule })).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "windlass", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    });
    format!("{log:#}")
}

fn result(finding: &Finding, rule_index: Option<usize>, spots: &Spots) -> Value {
    let level = match finding.severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let remedy = if finding.remedy.is_empty() { String::new() } else { format!("\n{}", finding.remedy) };
    let location = match spots.spot(&finding.place) {
        Some(spot) => json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(&spot.file) },
            "region": { "startLine": spot.line },
        } }),
        None => json!({ "logicalLocations": [{ "fullyQualifiedName": finding.place }] }),
    };
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": level,
        "message": { "text": format!("{}{remedy}", finding.message) },
        "locations": [location],
    })
}

/// A path as a relative reference (RFC 3986, section 4.2); of an absolute one, a file's address.
fn uri(path: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let text: String = path
        .bytes()
        .map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    if path.starts_with('/') { format!("file://{text}") } else { text }
}
