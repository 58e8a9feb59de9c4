//! The ways in which a table is changed, in words.

use super::is_mariadb;
use crate::{
    model::{risk::Rule, schema::Table},
    plan::risk::{Case, Trip},
};

/// Since when MariaDB lets others write while it copies (MariaDB manual, "Online Schema Change").
const COPIES_ONLINE: (u32, u32, u32) = (11, 2, 0);

/// How a change is made beside the table.
const BESIDE: &str = "do it beside the table: a new column or table, filled by backfill.sql, and the names exchanged; \
     or gh-ost, pt-online-schema-change";

/// A change for which the server copies the table.
pub fn copies(case: &Case<'_>, rule: Rule, table: &str, what: &str) -> Trip {
    let is_online = is_mariadb(case) && case.scene.server().is_some() && case.scene.is_at_least(COPIES_ONLINE);
    let meanwhile = if is_online { "while others go on" } else { "while nobody may write to it" };
    let message = format!(
        "{what} copies {table} row by row (ALGORITHM=COPY) {meanwhile}{}{}",
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    Trip::new(rule, message, BESIDE)
}

/// A change that the server makes in place, while nobody may write.
pub fn shuts(case: &Case<'_>, rule: Rule, table: &str, what: &str) -> Trip {
    let message = format!(
        "{what} on {table} needs LOCK=SHARED: nobody may write to it meanwhile{}{}",
        case.scene.sized(table),
        case.scene.lasting(table)
    );
    Trip::new(rule, message, BESIDE)
}

/// A change for which the server builds the table anew in place. With a FULLTEXT index MySQL copies it, and MariaDB lets nobody
/// write meanwhile.
pub fn rebuilds(case: &Case<'_>, table: &str, what: &str) -> Trip {
    let searched = case.scene.table(table).is_some_and(has_fulltext);
    let how = match (searched, is_mariadb(case)) {
        (false, _) => {
            "anew (ALGORITHM=INPLACE): others go on, but it takes its room once more, and a replica lags as long"
        }
        (true, true) => {
            "anew (ALGORITHM=INPLACE, LOCK=SHARED): nobody may write to it meanwhile, for its FULLTEXT index"
        }
        (true, false) => "anew (ALGORITHM=COPY): nobody may write to it meanwhile, for its FULLTEXT index",
    };
    let message = format!("{what} builds {table} {how}{}{}", case.scene.sized(table), case.scene.lasting(table));
    let remedy = "do it when there is little to do, with ALGORITHM=INPLACE, LOCK=NONE, so that it is refused rather \
         than locks; and look at the room on the disk";
    Trip::new(Rule::RebuildsTable, message, remedy)
}

pub fn has_fulltext(table: &Table) -> bool {
    table.indexes.values().any(|index| index.starts_with("FULLTEXT"))
}
