//! `docs/RULES.md` and the rules there are, in both directions; and each rule is seen somewhere.

use std::{collections::BTreeSet, fs, path::Path};

use windlass::model::risk::Rule;

use super::{mariadb_pairs, mysql_pairs, pair::Pair, postgres_losses, postgres_pairs, postgres_rewrites, sqlite_pairs};

fn names() -> BTreeSet<&'static str> {
    Rule::ALL.iter().map(|rule| rule.name()).collect()
}

#[test]
fn every_rule_has_its_heading_and_every_heading_its_rule() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/RULES.md")).expect("docs/RULES.md");
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let listed: BTreeSet<&str> = headings.iter().copied().collect();
    assert_eq!(listed, names());
    assert_eq!(listed.len(), headings.len(), "a heading stands there twice");
}

#[test]
fn names_are_kebab_case_and_found_by_name() {
    assert_eq!(names().len(), Rule::ALL.len());
    for rule in Rule::ALL {
        let name = rule.name();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        assert_eq!(Rule::named(name), Some(*rule));
    }
}

/// Goal: no rule is without a statement that trips it, a twin, and a look at a server.
/// Method: count the pairs that were seen to do something; the rules about waivers and ways back have tests of their own.
#[test]
fn every_rule_is_seen() {
    let lists: [&[Pair]; 8] = [
        postgres_pairs::PAIRS,
        postgres_rewrites::PAIRS,
        postgres_losses::PAIRS,
        mariadb_pairs::PAIRS,
        mysql_pairs::OF_MARIADB,
        mysql_pairs::OF_MARIADB_BEFORE_11_7,
        mysql_pairs::OF_MYSQL,
        sqlite_pairs::PAIRS,
    ];
    let seen: BTreeSet<&str> =
        lists.into_iter().flatten().filter(|pair| !pair.seen.is_empty()).map(|pair| pair.rule).collect();
    let elsewhere = ["down-loses-data", "waiver-unknown-rule", "waiver-without-reason", "waiver-unused"];
    let missing: Vec<&str> =
        names().into_iter().filter(|name| !seen.contains(name) && !elsewhere.contains(name)).collect();
    assert!(missing.is_empty(), "nobody has seen {missing:?}");
    assert!(seen.is_subset(&names()), "{seen:?}");
}
