//! Clauses about a table as a whole.

use super::cost;
use crate::{
    model::risk::Rule,
    plan::risk::{Case, Trip},
    sql::{Clause, Words},
};

/// Options for which the table is built anew.
const BUILT_ANEW: [&str; 4] = ["row_format", "key_block_size", "force", "page_compressed"];

/// What a clause costs.
pub fn of(case: &Case<'_>, table: &str, all: &[Clause], words: &Words) -> Option<Trip> {
    let mut words = words.clone();
    while words.take_any(&["algorithm", "lock"]).is_some() {
        words.take("=");
        words.next_word();
    }
    let first = words.next_word()?;
    match first.as_str() {
        "drop" if words.take("primary") && !all.iter().any(is_primary_key) => {
            Some(cost::copies(case, Rule::PrimaryKeyCopies, table, "dropping the PRIMARY KEY without a new one"))
        }
        "convert" => {
            Some(cost::copies(case, Rule::CharsetCopies, table, "converting every text to another character set"))
        }
        "engine" => Some(engine(case, table, &mut words)),
        "partition" if words.take("by") => Some(cost::copies(case, Rule::StorageCopies, table, "partitioning")),
        "remove" if words.take("partitioning") => {
            Some(cost::copies(case, Rule::StorageCopies, table, "putting the partitions together"))
        }
        "drop" | "truncate" if words.take("partition") => Some(partitions(table, &words)),
        "alter" if words.take_any(&["check", "constraint"]).is_some() => enforced(case, table, &mut words),
        "auto_increment" => Some(next_number(table, &mut words)),
        option if BUILT_ANEW.contains(&option) => Some(cost::rebuilds(case, table, &option.to_uppercase())),
        _ => None,
    }
}

/// A CHECK that holds from now on is held against every row (MySQL alone has those that do not hold).
fn enforced(case: &Case<'_>, table: &str, words: &mut Words) -> Option<Trip> {
    let name = words.name()?;
    words.take("enforced").then(|| cost::copies(case, Rule::CheckCopies, table, &format!("enforcing the CHECK {name}")))
}

/// Rows go with their partition, or out of it, at once (MariaDB and MySQL manuals, "Partition Maintenance").
fn partitions(table: &str, names: &Words) -> Trip {
    let names: Vec<String> = names.names().collect();
    let message = format!(
        "all rows in the partition {} of {table} go at once, and no down script brings them back",
        names.join(", ")
    );
    let remedy =
        "exchange the partition with an empty table first (EXCHANGE PARTITION … WITH TABLE), which keeps its rows";
    Trip::new(Rule::Truncate, message, remedy)
}

fn is_primary_key(clause: &Clause) -> bool {
    matches!(clause, Clause::AddConstraint { definition, .. } if definition.nth(0).as_deref() == Some("primary"))
}

fn engine(case: &Case<'_>, table: &str, words: &mut Words) -> Trip {
    words.take("=");
    let wanted = words.name().unwrap_or_default();
    let own = case.scene.table(table).map(|table| table.options.to_lowercase()).unwrap_or_default();
    if own.contains(&format!("engine={} ", wanted.to_lowercase())) {
        return cost::rebuilds(case, table, &format!("ENGINE={wanted}, which it has,"));
    }
    cost::copies(case, Rule::StorageCopies, table, &format!("the engine {wanted}"))
}

fn next_number(table: &str, words: &mut Words) -> Trip {
    words.take("=");
    let number = words.next_word().unwrap_or_default();
    let message = format!(
        "the next number of {table} becomes {number}, or stays above the highest there is; a down script does not \
         bring the old one back"
    );
    Trip::new(Rule::AutoIncrement, message, "leave it out, unless a gap is wanted: numbers are given by the server")
}

/// `OPTIMIZE TABLE`, which builds it anew (MariaDB and MySQL manuals, OPTIMIZE TABLE).
pub fn optimized(case: &Case<'_>, words: &Words) -> Option<Trip> {
    let mut words = words.clone();
    words.take("optimize").then_some(())?;
    while words.take_any(&["local", "no_write_to_binlog", "table", "tables"]).is_some() {}
    let table = words.name()?.to_lowercase();
    (!case.scene.is_idle(&table)).then(|| cost::rebuilds(case, &table, "OPTIMIZE TABLE"))
}
