//! A control store that was made before there were seals.

use std::fs;

use super::{hand, must_be_broken, verified, with_six_lines};
use crate::harness::{database::On, eventually, ship::Ship};

/// With six lines, as an earlier release left them.
async fn of_an_earlier_release() -> Ship {
    let ship = with_six_lines(On::Sqlite).await;
    hand(&ship).await.run("DROP TABLE audit").await;
    for name in ["audit.key", "audit.head"] {
        fs::remove_file(ship.folder().join("data").join(name)).unwrap();
    }
    ship
}

#[tokio::test]
async fn its_lines_are_sealed_by_the_first_order() {
    let ship = of_an_earlier_release().await;

    ship.cli(&["validate"]).await.exits(0);

    assert_eq!(verified(&ship, &[]).await.exits(0).json()["entries"], 8);
    hand(&ship).await.run("UPDATE log SET actor = 'x' WHERE seq = (SELECT line FROM audit WHERE number = 3)").await;
    must_be_broken(&verified(&ship, &[]).await, 3, "an edit of a line from before");
}

#[tokio::test]
async fn its_lines_are_sealed_by_a_service_that_starts_and_by_a_verification() {
    for by_service in [true, false] {
        let mut ship = of_an_earlier_release().await;
        if by_service {
            ship.serve().await;
        } else {
            verified(&ship, &[]).await.exits(0);
        }
        // A service answers before it does so.
        let anchor = ship.folder().join("data/audit.head");
        eventually("the lines are sealed", async || anchor.exists().then_some(())).await;
        let mut hand = hand(&ship).await;
        assert_eq!(hand.number("SELECT count(*) FROM audit").await, 6, "{by_service}");
        hand.run("DELETE FROM log WHERE seq = (SELECT line FROM audit WHERE number = 6);\nDELETE FROM audit WHERE number = 6").await;
        must_be_broken(&verified(&ship, &[]).await, 6, "a cut of lines from before");
    }
}

/// Goal: seals that are lost are not made anew, or whoever takes them away could have a changed trail sealed.
#[tokio::test]
async fn seals_that_are_lost_are_not_made_again() {
    let ship = with_six_lines(On::Sqlite).await;
    hand(&ship).await.run("UPDATE log SET actor = 'x' WHERE kind = 'audit';\nDROP TABLE audit").await;

    must_be_broken(&verified(&ship, &[]).await, 1, "without seals");
    ship.cli(&["validate"]).await.exits(0);

    must_be_broken(&verified(&ship, &[]).await, 1, "with new lines behind");
}
