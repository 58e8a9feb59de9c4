//! Which migrations another tool's history speaks of.

use crate::{
    engine::former::{self, Former, Record, Unsound},
    model::{
        catalog::Catalog,
        finding::{Finding, Severity},
        migration::Migration,
        tool::Tool,
    },
    procedure::Target,
};

/// The one history that is meant.
pub(super) fn one(found: &[&'static Former], from: Option<Tool>, target: &str) -> Result<&'static Former, Finding> {
    let meant: Vec<_> = found.iter().filter(|former| from.is_none_or(|tool| former.tool == tool)).collect();
    match (meant.as_slice(), from) {
        ([former], _) => Ok(former),
        ([], Some(tool)) => {
            let message = format!("there is no history of {tool} in the database");
            let there: Vec<_> = found.iter().map(|former| former.tool.as_str()).collect();
            Err(Finding::critical("no-former-history", target, message).remedy(match there.as_slice() {
                [] => no_history(),
                there => format!("name the tool that left one: {}", there.join(", ")),
            }))
        }
        ([], None) => {
            let message = "there is no history of a tool that windlass knows in the database";
            Err(Finding::critical("no-former-history", target, message).remedy(no_history()))
        }
        (several, _) => {
            let tables: Vec<_> = several.iter().map(|former| format!("{} ({})", former.table, former.tool)).collect();
            let message = format!("several tools left a history: {}", tables.join(", "));
            Err(Finding::critical("several-histories", target, message)
                .remedy("name one: windlass adopt --from <tool>"))
        }
    }
}

fn no_history() -> String {
    format!(
        "looked for {}; say yourself what the database holds: windlass adopt --baseline <version>",
        former::tables().join(", ")
    )
}

/// A migration that the tool did not end, as a finding.
pub(super) fn unsound(Unsound { place, message, remedy }: &Unsound) -> Finding {
    Finding::critical("unfinished-history", place.clone(), message.clone()).remedy(remedy.clone())
}

/// The migrations that are applied, in the catalog's order.
///
/// # Errors
/// What the history names and the catalog does not have.
pub(super) fn matched<'a>(
    catalog: &'a Catalog,
    former: &Former,
    record: &Record,
) -> Result<Vec<&'a Migration>, Vec<Finding>> {
    let keyed: Vec<_> = catalog.migrations.iter().filter_map(|it| Some(((former.key)(&it.place)?, it))).collect();
    let is_there = |named: &former::Key| keyed.iter().any(|(key, _)| key == named || record.is_part(key, named));
    let unknown: Vec<Finding> = record
        .named()
        .filter(|named| !is_there(named))
        .map(|named| {
            let message = format!("{} applied it, and the catalog does not have it", former.tool);
            let remedy =
                "point catalog.path at the folder that has every migration, and see that catalog.format is its tool's";
            Finding::critical("not-in-catalog", named.to_string(), message).remedy(remedy)
        })
        .collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let holds: Vec<_> = keyed.into_iter().filter(|(key, _)| record.holds(key)).map(|(_, it)| it).collect();
    if holds.is_empty() {
        let message = format!("{} has applied nothing, so there is nothing to take over", former.tool);
        let remedy = format!("drop the table {}, then begin: windlass up", former.table);
        return Err(vec![Finding::critical("nothing-applied", former.table, message).remedy(remedy)]);
    }
    Ok(holds)
}

/// The migrations whose files are not those any more that the tool applied, where it kept what tells that.
pub(super) async fn edited<'a>(
    target: &Target,
    former: &Former,
    record: &Record,
    holds: &[&'a Migration],
) -> Vec<&'a Migration> {
    let mut edited = Vec::new();
    for migration in holds {
        let then = (former.key)(&migration.place).and_then(|key| record.applied.get(&key).cloned().flatten());
        let path = target.config.catalog.path.join(&*migration.up.file);
        let now = tokio::fs::read(&path).await.ok().and_then(|bytes| (former.digest)(&bytes));
        if then.zip(now).is_some_and(|(then, now)| then != now) {
            edited.push(*migration);
        }
    }
    edited
}

/// A migration whose file was edited since, as a finding.
pub(super) fn was_edited(migration: &Migration, former: &Former, severity: Severity) -> Finding {
    let message = format!("it is not the file that {} applied", former.tool);
    let edited = Finding::critical("changed-after-applied", &*migration.up.file, message);
    Finding { severity, ..edited.remedy("restore the file as it was when it was applied") }
}
