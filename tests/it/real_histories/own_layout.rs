//! Catalogs in windlass's own layout, with the schema of an office that finds volunteers for projects.

use super::{
    history::{History, VOLUNTEERS_MARIADB, VOLUNTEERS_POSTGRES, VOLUNTEERS_SQLITE},
    life::{Life, applied, list, text},
};

#[tokio::test]
async fn volunteers_on_postgresql() {
    lives(VOLUNTEERS_POSTGRES).await;
}

#[tokio::test]
async fn volunteers_on_mariadb() {
    lives(VOLUNTEERS_MARIADB).await;
}

#[tokio::test]
async fn volunteers_on_sqlite() {
    lives(VOLUNTEERS_SQLITE).await;
}

/// Goal: all the way up and back leaves nothing, and each version on the way is what the engine's client makes of it.
async fn lives(history: History) {
    let life = Life::begins(history).await;
    life.goes_up();
    life.goes_down_by_its_scripts();
    assert_eq!(life.target.in_its_own_words(), life.empty);

    for (files, version) in life.files.iter().zip(["1.0.0", "1.1.0", "1.2.0"]) {
        let run = life.windlass().does(&format!("up --to {version}"));
        assert_eq!((text(&run, "/result/to"), applied(&run).len()), (version, 1));
        assert_eq!(life.reference.runs(&files.up), Ok(()));
        life.target_is_as_the_reference();
    }
    for (files, version) in life.files.iter().rev().zip(["1.1.0", "1.0.0"]) {
        let back = life.windlass().does("down --steps 1");
        assert_eq!((text(&back, "/result/to"), text(&back, "/result/by")), (version, "down_scripts"));
        assert_eq!(life.reference.runs(files.down.as_ref().expect("a way back")), Ok(()));
        life.target_is_as_the_reference();
        assert_eq!(list(&life.windlass().does("validate"), "/result/warnings").len(), 0);
    }
}
