//! What an interrupted migration is waiting for, for a reader. Only looks.

use super::{
    Target,
    apply::text,
    archived::with_archived,
    doubt::{self, Found},
    snapshot,
};
use crate::{
    engine::{
        EngineError, Session,
        bookkeeping::journal::{self, InFlight},
    },
    model::{
        catalog::Catalog,
        history::{Choice, History, Unfinished},
        migration::{Direction, Migration, Script},
    },
};

/// The history, with what there is to say of a migration that was interrupted; while somebody is at work on the target,
/// nothing is looked at.
///
/// # Errors
/// The server's.
pub async fn looked_at(
    target: &Target,
    session: &mut dyn Session,
    catalog: &Catalog,
    mut history: History,
) -> Result<History, EngineError> {
    if let Some(left) = &history.unfinished
        && left.snapshot.is_none()
        && !session.is_locked().await?
        && let Some(found) = journal::unfinished(session).await?
    {
        let backfill = left.backfill.clone();
        let catalog = with_archived(session, catalog, &history).await?;
        history.unfinished = Some(Unfinished { backfill, ..told(target, session, &catalog, &found).await? });
    }
    Ok(history)
}

async fn told(
    target: &Target,
    session: &mut dyn Session,
    catalog: &Catalog,
    found: &InFlight,
) -> Result<Unfinished, EngineError> {
    let migration = catalog.migrations.iter().find(|migration| migration.identity.to_string() == found.name);
    let script = migration.and_then(|migration| script_of(migration, found.direction));
    let next = if found.done { found.statement + 1 } else { found.statement };
    let statement = script.and_then(|script| script.statements.get(next as usize - 1));
    let backfill = migration.and_then(|migration| migration.backfill.as_ref()).filter(|_| found.is_backfill);
    let in_script = script.zip(statement).map(|(script, statement)| format!("{}:{}", script.file, statement.line));
    let place = backfill.map(|backfill| format!("{}:{}", backfill.file, backfill.line)).or(in_script);
    let (mut choices, mut waits_for_a_person) = (Vec::new(), false);
    let name = &found.name;
    let is_known = |sql: &str| found.done || found.sql_sha256.as_deref() == Some(&journal::sha256(sql));
    let next_step = match (statement, place.as_deref()) {
        _ if found.undoing.as_ref().is_some_and(|undoing| undoing.is_stuck) => {
            waits_for_a_person = true;
            choices.extend(half_back(name));
            "it failed, and what was done of it could not be taken back wholly. You decide".to_owned()
        }
        _ if found.undoing.is_some() => {
            choices.push(choice("windlass up", &format!("takes back what is left of {name}, then runs it again")));
            "it failed and is being taken back; the next run goes on with that, then runs it again".to_owned()
        }
        (_, Some(place)) if backfill.is_some() => {
            choices.push(choice("windlass up", &format!("goes on with the backfill of {name}")));
            format!("the next run goes on with {place}, behind the rows that are done")
        }
        (None, _) if found.done && script.is_some_and(|script| script.statements.len() == found.statement as usize) => {
            choices.push(choice("windlass up", &format!("records {name}, whose statements are all done")));
            "all its statements are done; the next run records it".to_owned()
        }
        (Some(statement), Some(place)) if is_known(&text(found.run, statement)) => {
            seen(target, session, found, &text(found.run, statement), place, &mut choices).await?
        }
        _ => {
            waits_for_a_person = true;
            choices.push(choice("windlass up", &format!("finishes {name}, once its files are as they were")));
            format!("{name} is not in the catalog as it was: put its files back as they were, then run windlass up")
        }
    };
    waits_for_a_person |= choices.len() > 1;
    let goes_on_alone = !waits_for_a_person && found.undoing.is_none();
    choices.extend(ways_back(target, found, migration, goes_on_alone).await);
    Ok(Unfinished { place, next_step, waits_for_a_person, choices, ..found.summary() })
}

/// The ways on where a migration was taken back in part.
fn half_back(name: &str) -> [Choice; 2] {
    [
        choice(
            "windlass up --in-doubt redo",
            &format!("where nothing of {name} is left: forgets what was done of it, and runs it from its beginning"),
        ),
        choice(
            "windlass up --in-doubt done",
            &format!("where all that was done of {name} is in place: goes on behind that"),
        ),
    ]
}

fn script_of(migration: &Migration, direction: Direction) -> Option<&Script> {
    match direction {
        Direction::Up => Some(&migration.up),
        Direction::Down => migration.down.as_ref(),
    }
}

/// What is to be seen of the statement that comes next, and what that means for the next run.
async fn seen(
    target: &Target,
    session: &mut dyn Session,
    found: &InFlight,
    sql: &str,
    place: &str,
    choices: &mut Vec<Choice>,
) -> Result<String, EngineError> {
    let goes_on = choice("windlass up", &format!("finishes {} from {place} on", found.name));
    if found.done {
        choices.push(goes_on);
        return Ok(format!("the next run goes on at {place}"));
    }
    if !target.engine.remains(session, sql).await?.is_empty() {
        choices.push(goes_on);
        return Ok(format!("{place} was left half done; the next run puts that right and goes on"));
    }
    Ok(match doubt::look(target.engine.as_ref(), session, found, sql).await? {
        Found::Not => {
            choices.push(goes_on);
            format!("{place} did not take effect, or may be run twice; the next run runs it again and goes on")
        }
        Found::Done => {
            choices.push(goes_on);
            format!("{place} took effect; the next run goes on behind it")
        }
        Found::Unknown(why) => {
            let start: String = sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN_MAX).collect();
            choices
                .push(choice("windlass up --in-doubt redo", &format!("runs {place} again ({start}), then the rest")));
            choices.push(choice("windlass up --in-doubt done", &format!("takes {place} for done, and runs the rest")));
            format!("whether {place} took effect cannot be told: {why}. You decide")
        }
    })
}

/// How many characters of a statement a choice shows.
const SHOWN_MAX: usize = 120;

/// The ways back, where there are any.
async fn ways_back(
    target: &Target,
    found: &InFlight,
    migration: Option<&Migration>,
    goes_on_alone: bool,
) -> Vec<Choice> {
    if found.direction == Direction::Down {
        return Vec::new();
    }
    let mut back = Vec::new();
    if goes_on_alone && migration.is_some_and(|migration| migration.down.is_some()) {
        back.push(choice("windlass down", "finishes it, then takes the run back by its down scripts"));
    }
    if let Ok(Some(id)) = snapshot::under_run(target, &found.run.to_string()).await {
        let effect = "puts the database back as it was before the run; what was written since is lost";
        back.push(choice(&format!("windlass down --snapshot {id}"), effect));
    }
    back
}

fn choice(command: &str, effect: &str) -> Choice {
    Choice { command: command.to_owned(), effect: effect.to_owned() }
}
