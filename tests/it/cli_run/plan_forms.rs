//! The plan as pipelines take it: SARIF, Markdown, annotations of a workflow.

use std::fs;

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::harness::{
    crate_source::{Published, source_of},
    database::On,
    on_every_engine,
    ship::Ship,
};

on_every_engine!(
    findings_stand_beside_their_line,
    a_catalog_that_cannot_be_used_is_told_in_the_same_form,
    a_plan_is_a_comment,
);

/// Published with the schema of SARIF 2.1.0 as OASIS has it.
const SARIF_SCHEMA: Published = Published { name: "serde-sarif", version: "0.8.0" };

/// As the OASIS schema has it, or the first fault.
fn must_be_sarif(log: &Value) {
    let schema = fs::read_to_string(source_of(SARIF_SCHEMA).join("src/schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("sarif.json", schema).expect("a schema");
    let index = compiler.compile("sarif.json", &mut schemas).expect("a schema");
    let verdict = schemas.validate(log, index).map_err(|fault| fault.to_string());
    assert_eq!(verdict, Ok(()), "{log:#}");
    let mut broken = log.clone();
    broken["runs"][0]["results"][0]["level"] = "grave".into();
    assert!(schemas.validate(&broken, index).is_err(), "the schema refuses something");
}

/// Method: the same plan in each form, for a run that is needed and may begin.
async fn findings_stand_beside_their_line(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().file("v1.0.0_01_decks", "up.sql", "-- none yet\nCREATE TABLE decks (id INTEGER PRIMARY KEY);\n");
    ship.catalog().file("v1.0.0_01_decks", "metadata.json", "{\n  \"colour\": \"red, 100%\"\n}\n");

    let sarif = ship.cli(&["plan", "--format", "sarif", "--exit-code"]).await.exits(1);
    let log: Value = serde_json::from_str(&sarif.stdout).expect("JSON");
    must_be_sarif(&log);
    let results = log["runs"][0]["results"].as_array().expect("results");
    let of = |rule: &str| results.iter().find(|result| result["ruleId"] == rule).expect(rule).clone();
    let field = of("unknown-field");
    assert_eq!(field["level"], "warning");
    let spot = &field["locations"][0]["physicalLocation"];
    assert_eq!(spot["artifactLocation"]["uri"], "migrations/v1.0.0_01_decks/metadata.json");
    let no_way_back = of("no-way-back");
    assert_eq!(no_way_back["level"], "note");
    let spot = &no_way_back["locations"][0]["physicalLocation"];
    assert_eq!(spot["artifactLocation"]["uri"], "migrations/v1.0.0_01_decks/up.sql");
    assert_eq!(spot["region"]["startLine"], 2, "where its first statement begins");

    let github = ship.cli(&["plan", "--format", "github"]).await.exits(0).stdout;
    let line = "::notice file=migrations/v1.0.0_01_decks/up.sql,line=2,title=no-way-back::it has no down script";
    assert!(github.lines().any(|told| told.starts_with(line)), "{github}");
    assert!(github.contains("::warning file=migrations/v1.0.0_01_decks/metadata.json,line="), "{github}");

    let json = ship.cli(&["plan", "--format", "json"]).await.exits(0).json();
    assert_eq!(json, ship.cli(&["plan", "--json"]).await.exits(0).json());
}

/// Goal: what breaks the build is shown where findings are looked for, and the exit code is that of the failure.
async fn a_catalog_that_cannot_be_used_is_told_in_the_same_form(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().file(
        "v1.0.0_01_decks",
        "up.sql",
        "CREATE TABLE decks (id INTEGER);\nINSERT INTO decks VALUES ('1);\n",
    );

    let sarif = ship.cli(&["plan", "--format", "sarif"]).await.exits(2);
    let log: Value = serde_json::from_str(&sarif.stdout).expect("JSON");
    must_be_sarif(&log);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    let spot = &result["locations"][0]["physicalLocation"];
    assert_eq!(spot["artifactLocation"]["uri"], "migrations/v1.0.0_01_decks/up.sql");
    assert_eq!(spot["region"]["startLine"], 2);
    assert!(sarif.stderr.contains("v1.0.0_01_decks/up.sql:2"), "{}", sarif.stderr);

    let github = ship.cli(&["plan", "--format", "github"]).await.exits(2).stdout;
    assert!(github.starts_with("::error file=migrations/v1.0.0_01_decks/up.sql,line=2,title="), "{github}");
    ship.cli(&["plan", "--format", "xml"]).await.exits(64);
}

/// Goal: what stands in names and sentences is shown as it is, and does not break the table.
async fn a_plan_is_a_comment(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().file("v1.0.0_01_decks", "up.sql", "CREATE TABLE decks (id INTEGER PRIMARY KEY);\n");
    ship.catalog().file("v1.0.0_01_decks", "metadata.json", r#"{"a|b <i>*c*": "red"}"#);

    let text = ship.cli(&["plan", "--format", "markdown"]).await.exits(0).stdout;

    assert!(text.starts_with("### windlass plan\n\ndefault: from empty to 1.0.0, 1 migration\n"), "{text}");
    assert!(text.contains("\n| 1 | v1.0.0\\_01\\_decks | up | 1 | "), "{text}");
    assert!(text.contains("\n| warning | `unknown-field` | v1.0.0\\_01\\_decks/metadata.json"), "{text}");
    assert!(text.contains(r"the field \`a\|b &lt;i&gt;\*c\*\` is not known"), "{text}");
    let digest = ship.cli(&["plan", "--json"]).await.exits(0).json()["digest"].as_str().expect("a digest").to_owned();
    assert!(text.ends_with(&format!("\nRun exactly this: `windlass up --plan {digest}`\n")), "{text}");
}
