//! One migration on the copy: up, down, up once more, and what comes of it.

use super::{
    Rehearsal, Short,
    scene::{Ran, Validation},
    state::State,
};
use crate::{
    engine::EngineError,
    model::{
        finding::{Finding, Severity},
        job::JobEvent,
        migration::{Migration, Script},
        plan::RollbackKind,
        rehearsal::Rehearsed,
        report::MigrationResult,
    },
    procedure::problem,
    sql,
};

/// What the way back brought.
#[derive(Default)]
struct WayBack {
    ms: Option<u64>,
    findings: Vec<Finding>,
    /// The copy is not known to be as it was after the first time any more.
    is_spoilt: bool,
}

/// Hands on why a run did not come to its end.
pub(super) fn must_have_ended_well(ran: &Ran) -> Result<(), Short> {
    match (ran.ended.event, &ran.ended.problem) {
        (JobEvent::Succeeded, _) => Ok(()),
        (_, Some(problem)) => Err(problem::on_scratch(problem.clone()).into()),
        (_, None) => Err(Short::Paused),
    }
}

impl Rehearsal<'_> {
    /// Tries the migration at this place; gives what was learned, and the fingerprint of the schema that it left. `None` when it
    /// failed and is not critical, so that nothing is known of its way back.
    pub(super) async fn one(&mut self, place: usize, server: &str) -> Result<(Rehearsed, Option<String>), Short> {
        let migration = self.tried[place];
        let asked = |error: EngineError| Short::from(problem::no_scratch(&error));
        let before = self.now.clone();
        let tables = self.named(migration, &before);
        let generations = self.scene.generations(&tables).await.map_err(asked)?;
        let _ = self.scene.locks();
        let ran = self.scene.up(self.told, self.catalog_up_to(place), Validation::Wanted).await;
        let result = ran.report.migrations.last().cloned();
        must_have_ended_well(&ran)?;
        let locks = self.scene.locks();
        let locks = locks.map(|locks| before.locks_of_what_was_there(self.target.engine.dialect(), locks));
        let after = self.scene.state().await.map_err(asked)?;
        let rewritten = self.rewritten(generations, &tables, &after).await.map_err(asked)?;
        self.now = after.clone();
        let mut rehearsed = Rehearsed {
            id: migration.identity.to_string(),
            version: migration.identity.version.clone(),
            at: self.target.clock.now(),
            from: self.original.from,
            server: server.to_owned(),
            verdict: if migration.down.is_some() { RollbackKind::Claimed } else { RollbackKind::None },
            up_ms: result.as_ref().map_or(0, |result| result.execution_time_ms),
            down_ms: None,
            rows: before.rows_changed(&after),
            rewritten,
            locks,
            findings: Vec::new(),
        };
        if let Some(MigrationResult { success: false, error, .. }) = result {
            let words = error.unwrap_or_default();
            rehearsed.findings.push(Finding::warning("failed-not-critical", rehearsed.id.clone(), words));
            return Ok((rehearsed, None));
        }
        if migration.down.is_some() {
            let back = self.back_and_again(place, &before, &after).await?;
            rehearsed.verdict = verdict(&back.findings);
            (rehearsed.down_ms, rehearsed.findings) = (back.ms, back.findings);
            if back.is_spoilt {
                self.told.step(format!("beginning anew behind {}", migration.identity));
                self.begin_anew(place).await?;
            }
        }
        Ok((rehearsed, Some(self.now.schema.fingerprint())))
    }

    /// Down, compared with before; up once more, compared with the first time.
    async fn back_and_again(&mut self, place: usize, before: &State, after: &State) -> Result<WayBack, Short> {
        let asked = |error: EngineError| Short::from(problem::no_scratch(&error));
        let mut back = WayBack::default();
        let down = self.scene.down(self.told, self.catalog_up_to(place)).await;
        if down.ended.event == JobEvent::Paused {
            return Err(Short::Paused);
        }
        let id = self.tried[place].identity.to_string();
        let done = down.report.migrations.last().filter(|result| result.success);
        back.ms = done.map(|result| result.execution_time_ms);
        let words = down.ended.problem.map(|problem| problem.detail);
        if done.is_none() {
            let words = words.unwrap_or_else(|| "it was not run".to_owned());
            back.findings.push(Finding::warning("down-failed", id, format!("its down script failed: {words}")));
            // Where a script is one transaction, nothing of it is left, and the copy serves on.
            let is_whole = !self.scene.is_unfinished().await.map_err(asked)?;
            back.is_spoilt = !is_whole || !self.scene.state().await.map_err(asked)?.is_as(after);
            return Ok(back);
        }
        if let Some(words) = words {
            back.findings.push(Finding::warning("not-valid-after-down", id.clone(), words));
        }
        back.findings.extend(before.not_restored(&self.scene.state().await.map_err(asked)?));
        let again = self.scene.up(self.told, self.catalog_up_to(place), Validation::LeftOut).await;
        if again.ended.event == JobEvent::Paused {
            return Err(Short::Paused);
        }
        if let Some(problem) = again.ended.problem {
            let words = format!("it cannot be applied once more after its way back: {}", problem.detail);
            back.findings.push(Finding::warning("not-applied-again", id, words));
            back.is_spoilt = true;
            return Ok(back);
        }
        let second = self.scene.state().await.map_err(asked)?;
        // Where all was as before, the second time is as good as the first.
        back.is_spoilt = back.findings.iter().any(is_against_it) && !second.is_as(after);
        back.findings.extend(after.not_repeated(&second));
        self.now = second;
        Ok(back)
    }

    /// The tables there that a migration names, as the schema calls them.
    fn named(&self, migration: &Migration, before: &State) -> Vec<String> {
        let dialect = self.target.engine.dialect();
        let of = |script: &Script| -> Vec<String> {
            script.statements.iter().flat_map(|statement| sql::names(dialect, &statement.sql)).collect()
        };
        before.schema.only(&of(&migration.up)).tables.into_keys().collect()
    }

    /// Those that are another making than they were, where the server tells.
    async fn rewritten(
        &mut self,
        then: Option<Vec<String>>,
        tables: &[String],
        after: &State,
    ) -> Result<Option<Vec<String>>, EngineError> {
        let Some(then) = then else { return Ok(None) };
        let (kept, then): (Vec<String>, Vec<String>) =
            tables.iter().cloned().zip(then).filter(|(table, _)| after.schema.tables.contains_key(table)).unzip();
        let Some(now) = self.scene.generations(&kept).await? else { return Ok(None) };
        let both = kept.into_iter().zip(then.into_iter().zip(now));
        Ok(Some(both.filter(|(_, (then, now))| then != now).map(|(table, _)| table).collect()))
    }
}

fn is_against_it(finding: &Finding) -> bool {
    finding.severity != Severity::Info
}

fn verdict(findings: &[Finding]) -> RollbackKind {
    if findings.iter().any(is_against_it) { RollbackKind::Partial } else { RollbackKind::Proven }
}
