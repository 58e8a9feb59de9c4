//! Giving a history back that was taken over, as long as nothing was run since.

use super::{Assignment, Ended, Held, JobProblem, RunReport, Target, adopted_from, problem, read_history};
use crate::{
    engine::{EngineError, bookkeeping},
    model::{finding::Finding, history::History, tool::Tool},
};

/// Whether all that a history tells was taken over at once from another tool.
pub fn is_adopted(history: &History) -> bool {
    let first = history.applied.first();
    let is_of_first = |run: &Option<String>| first.is_some_and(|row| row.run_id == *run);
    let is_mark = |by: &String| Tool::ALL.iter().any(|tool| by.ends_with(&adopted_from(*tool)));
    history.unfinished.is_none()
        && first.is_some()
        && history.applied.iter().all(|row| is_of_first(&row.run_id) && row.applied_by.as_ref().is_some_and(is_mark))
}

/// Removes our tables; the other tool's is as it was.
pub async fn undo(target: &Target, told: &Assignment, held: &mut Held) -> Ended {
    match remove(target, told, held).await {
        Ok(report) => Ended::well(&report),
        Err(problem) => {
            told.error(problem.detail.clone());
            Ended::badly(problem, None)
        }
    }
}

async fn remove(target: &Target, told: &Assignment, held: &mut Held) -> Result<RunReport, JobProblem> {
    let words = target.engine.words();
    let history = read_history(held.session().map_err(problem::untouched)?, words).await.map_err(problem::untouched)?;
    if !is_adopted(&history) {
        let message = "the history is not one that was taken over and left as it was since";
        let finding = Finding::critical("not-adopted", &*target.name, message);
        return Err(problem::blocked(&[
            finding.remedy("see it: windlass status; take migrations back with windlass down")
        ]));
    }
    let history = held.begin(target, told).await.map_err(problem::untouched)?;
    // Its heart would beat in a table that is going.
    held.say_goodbye().await;
    let epoch = held.epoch;
    let session = held.session().map_err(problem::untouched)?;
    bookkeeping::remove(session, words, epoch).await.map_err(|error: EngineError| problem::untouched(error))?;
    told.info("the history that was taken over is given back, and windlass's own tables are removed");
    Ok(RunReport { from: history.version, ..RunReport::default() })
}
