//! Every rule about risks: a statement that trips it, its safe twin that does not, and what the server really does with both.

mod documented;
mod file;
mod mariadb;
mod mariadb_pairs;
mod mysql_pairs;
mod pair;
mod policy;
mod postgres;
mod postgres_losses;
mod postgres_pairs;
mod postgres_rewrites;
mod sqlite;
mod sqlite_pairs;
mod versions;
mod waivers;

use serde_json::Value;

use crate::harness::ship::Ship;

/// The findings of a plan.
pub async fn findings(ship: &Ship) -> Vec<Value> {
    let plan = ship.cli(&["plan", "--json"]).await.json();
    plan["findings"].as_array().expect("findings").clone()
}

/// The findings of one rule in the files below a folder.
pub fn of_rule<'a>(findings: &'a [Value], rule: &str, folder: &str) -> Vec<&'a Value> {
    let is_its = |finding: &&Value| {
        finding["rule"] == rule && finding["place"].as_str().is_some_and(|place| place.starts_with(folder))
    };
    findings.iter().filter(is_its).collect()
}
