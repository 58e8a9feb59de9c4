//! How each kind of job is done. A procedure is handed a target, an assignment and a session that holds the lock.

mod adopt;
mod apply;
mod archived;
mod around;
mod assignment;
mod backfill;
mod base;
mod baseline;
mod beside;
mod cancel;
mod circumstances;
mod course;
mod declared;
mod doubt;
mod drift;
mod ended;
mod evidence;
mod held;
mod interrupted;
mod job_log;
mod lookout;
mod loss;
mod migrate;
mod problem;
mod proof;
mod prune;
mod queue;
mod recover;
mod rehearse;
mod rehearsed;
mod replay;
mod restore;
mod restoring;
mod risky;
mod rollback;
mod settle;
mod snapshot;
mod space;
mod spans;
mod steps;
mod target;
mod test;
mod trust;
mod undo;
mod validate;
mod verify;

pub use self::{
    archived::{with_archived, with_prints},
    assignment::Assignment,
    backfill::keys,
    base::{BaseError, against_base},
    drift::drifted,
    ended::Ended,
    held::{Held, read_history},
    interrupted::looked_at,
    job_log::{JobLog, Told},
    loss::{Taker, loss, scripts_down, scripts_up},
    rehearsed::{Unread, name_of, rehearsed, rehearsed_if_demanded},
    risky::risky,
    rollback::snapshot_of,
    target::Target,
    trust::trust,
};
use crate::{engine::Session, model::order::Order};

/// Does what an order says, and gives the session back for a goodbye.
pub async fn perform(
    target: &Target,
    told: &Assignment,
    order: &Order,
    session: Box<dyn Session>,
) -> (Ended, Option<Box<dyn Session>>) {
    let mut held = Held::new(session);
    let ended = match order {
        Order::Migrate { to, dry_run, snapshot, validate, in_doubt, plan: _, accept_loss } => {
            let (to, dry_run, validate) = (to.as_ref(), *dry_run, *validate);
            let (snapshot, in_doubt, accept_loss) = (*snapshot, *in_doubt, accept_loss.as_ref());
            let ask = migrate::Ask { to, dry_run, snapshot, validate, in_doubt, accept_loss, only_left: false };
            migrate::migrate(target, told, &mut held, ask).await
        }
        Order::Recover => migrate::migrate(target, told, &mut held, migrate::Ask::WHAT_IS_LEFT).await,
        Order::Rollback { goal, dry_run, accept_loss } => {
            let accept_loss = accept_loss.as_ref();
            let ask = rollback::Ask { goal, dry_run: *dry_run, validate: true, accept_loss };
            rollback::rollback(target, told, &mut held, ask).await
        }
        Order::Snapshot { message, tags, notes, export } => {
            let labels = snapshot::Labels { message: message.clone(), tags: tags.clone(), notes: notes.clone() };
            snapshot::ordered(target, told, &mut held, labels, *export).await
        }
        Order::Verify { snapshot, deep } => verify::ordered(target, told, *snapshot, *deep).await,
        Order::Restore(order) => restoring::ordered(target, told, &mut held, order).await,
        Order::Prune { rule, dry_run } => prune::ordered(target, told, &mut held, rule, *dry_run).await,
        Order::Validate { deep, net } => {
            let ask = validate::Ask { deep: *deep, net: *net };
            validate::ordered(target, told, &mut held, ask).await
        }
        Order::Test { which } => test::ordered(target, told, &mut held, which).await,
        Order::VerifyUpgrade => declared::verify(target, told, &mut held).await,
        Order::Baseline { version } => baseline::baseline(target, told, &mut held, version).await,
        Order::Adopt { from, accept_differences } => {
            let ask = adopt::Ask { from: *from, accepts: *accept_differences };
            adopt::adopt(target, told, &mut held, ask).await
        }
        Order::Unadopt => adopt::undo(target, told, &mut held).await,
        Order::Rehearse { to, from } => rehearse::ordered(target, told, &mut held, to.as_ref(), *from).await,
    };
    held.say_goodbye().await;
    (ended, held.into_session())
}
