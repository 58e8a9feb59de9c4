//! `--break-lock`: the run that holds the lock is ended first, because a person says so.

use super::{
    call::{Call, requester},
    confirm::confirm,
    failure::Failure,
    place::Place,
};

/// Ends whoever holds the target, after a question that names them.
///
/// # Errors
/// When a person says no, the lock cannot be taken away, or a server would have to do it.
pub(super) async fn break_lock(call: &Call, place: &Place) -> Result<(), Failure> {
    let Place::Here(app) = place else {
        let detail = "--break-lock is not for a server: a lock is broken where the target is";
        return Err(Failure::usage(detail).next("run it there, without --server and WINDLASS_SERVER"));
    };
    let mut watch = app.enquiry.watch_lock();
    let holder = watch.look().await?;
    watch.close().await;
    let Some(holder) = holder else {
        call.output.note("nobody holds the lock");
        return Ok(());
    };
    confirm(call, &format!("End the session of {holder}?"))?;
    match app.desk.break_lock(&requester()).await? {
        Some(who) => call.output.note(&format!("the lock was taken from {who}")),
        None => call.output.note("nobody holds the lock any more"),
    }
    Ok(())
}
