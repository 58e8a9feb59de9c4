//! Which statements of a declared schema may be run where a table is missing: none that takes something's place, fills, or is about
//! another table of that name.

use windlass::{
    model::{migration::Script, schema::Schema},
    plan,
    sql::{Dialect, split},
};

/// The statements that would be run for one table, where these are declared.
fn makes(dialect: Dialect, script: &str, declared: &[&str], table: &str) -> Vec<String> {
    let statements = split(dialect, script).expect("statements");
    let script = Script { file: "schema.sql".into(), statements, waivers: Vec::new() };
    let tables = declared.iter().map(|name| ((*name).to_owned(), windlass::model::schema::Table::default()));
    let declared = Schema { tables: tables.collect(), ..Schema::default() };
    let tables = [table.to_owned()];
    plan::makes(dialect, &script, &declared, &tables).into_iter().map(|making| making.statement.to_owned()).collect()
}

const HOLDS: &str = "CREATE TABLE holds (id INTEGER)";

#[test]
fn what_makes_a_table_and_belongs_to_it_is_found_in_its_order() {
    let script = "CREATE INDEX i ON holds (id); CREATE TABLE holds (id INTEGER); CREATE TABLE decks (id INTEGER);
                  ALTER TABLE holds ADD COLUMN a INTEGER; CREATE INDEX j ON holds (a); CREATE INDEX k ON decks (id);";
    let expected = [HOLDS, "ALTER TABLE holds ADD COLUMN a INTEGER", "CREATE INDEX j ON holds (a)"];
    for dialect in Dialect::ALL {
        assert_eq!(makes(dialect, script, &["holds", "decks"], "holds"), expected, "{dialect:?}");
    }
}

#[test]
fn what_takes_a_place_or_fills_is_not_run() {
    for statement in [
        "CREATE OR REPLACE TABLE holds (id INTEGER)",
        "/* so */ CREATE /* and so */ OR REPLACE TABLE holds (id INTEGER)",
        "/*!50000 CREATE OR REPLACE TABLE holds (id INTEGER) */",
        "CREATE TABLE holds AS SELECT id FROM decks",
        "CREATE TABLE holds SELECT id FROM decks",
        "CREATE TABLE holds (id INTEGER) AS (SELECT id FROM decks)",
    ] {
        let script = format!("{statement};\nALTER TABLE holds ADD COLUMN a INTEGER;");
        let found = makes(Dialect::MySql, &script, &["holds", "decks"], "holds");
        assert!(found.is_empty(), "{statement}: {found:?}");
    }
}

/// Goal: a table of the same name in another schema is another table.
#[test]
fn a_statement_is_about_the_table_of_its_schema() {
    let found = |script: &str, declared: &[&str], table: &str| makes(Dialect::Postgres, script, declared, table);
    let both = ["holds", "audit.holds"];
    let qualified = "CREATE TABLE public.holds (id INTEGER); CREATE TABLE audit.holds (id INTEGER);";
    assert_eq!(found(qualified, &both, "holds"), ["CREATE TABLE public.holds (id INTEGER)"]);
    assert_eq!(found(qualified, &both, "audit.holds"), ["CREATE TABLE audit.holds (id INTEGER)"]);

    let by_path = "SET search_path = audit; CREATE TABLE holds (id INTEGER);";
    assert!(found(by_path, &["audit.holds"], "audit.holds").is_empty(), "it would be made somewhere else");
    assert!(found(&format!("{HOLDS}; {by_path}"), &both, "holds").is_empty(), "nothing tells which of them it is");
}
