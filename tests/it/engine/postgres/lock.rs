//! One holder at a time, as long as its session lives.

use super::*;

/// Goal: the lock excludes other sessions, is given back, and belongs to one database.
#[tokio::test]
async fn the_lock_excludes_and_is_given_back() {
    let (target, other) = (Target::empty().await, Target::empty().await);
    let (mut first, mut second) = (target.session().await, target.session().await);

    assert!(!second.is_locked().await.expect("it works"));
    assert!(first.try_lock().await.expect("it works"));
    assert!(first.try_lock().await.expect("it works"), "who has it, has it");
    assert!(!second.try_lock().await.expect("it works"));
    assert!(second.is_locked().await.expect("it works"));
    second.unlock().await.expect("it works");
    assert!(first.is_locked().await.expect("it works"), "only the holder gives it back");
    assert!(other.session().await.try_lock().await.expect("it works"), "another database, another lock");

    first.unlock().await.expect("it works");
    assert!(second.try_lock().await.expect("it works"), "taken twice is given back once");
}

/// Goal: a holder that is gone holds nothing.
/// Method: drop the session without a goodbye, and ask until the server has noticed.
#[tokio::test]
async fn the_lock_ends_with_its_session() {
    let target = Target::empty().await;
    let mut first = target.session().await;
    assert!(first.try_lock().await.expect("it works"));
    drop(first);

    let mut second = target.session().await;
    let freed = async { while !second.try_lock().await.expect("it works") {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), freed).await.expect("freed");
}
