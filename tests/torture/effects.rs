//! A history whose statements write down that they ran, with the epoch under which they did.

use std::fs;

use tempfile::TempDir;

use crate::{
    database::On,
    eye::Eye,
    place::Place,
    program::With,
    trial::Verdict,
    truth::{Truth, left_behind},
};

/// Migrations after the first; every other one is not a transaction.
const MIGRATIONS: usize = 4;
/// Effects of each.
const EFFECTS: usize = 3;

/// The history, and what an undisturbed run of it leaves.
pub struct Effects {
    on: On,
    catalog: TempDir,
    golden: Truth,
}

impl Effects {
    pub async fn of(on: On) -> Self {
        let catalog = tempfile::tempdir().expect("a temporary folder");
        write(on, &catalog);
        let mut effects = Self { on, catalog, golden: Truth::default() };
        let place = effects.begin().await;
        place.does(&["up"]).await;
        effects.golden = Truth::of(&place).await;
        if on != On::Sqlite {
            let mut eye = Eye::on(&place.database).await;
            let instant = eye.number("SELECT COUNT(*) FROM effects WHERE went <= entered").await;
            assert_eq!(instant, 0, "an effect lasts, or nothing could overlap");
        }
        place.gone().await;
        effects
    }

    /// An empty database.
    pub async fn begin(&self) -> Place {
        Place::empty(self.on, self.catalog.path().to_owned()).await
    }

    /// Every effect must be there once, in order, under epochs that never fall.
    pub async fn must_be_whole(&self, place: &Place) -> Verdict {
        if let Some(difference) = Truth::of(place).await.against(&self.golden) {
            return Verdict::Broken(difference);
        }
        let mut eye = Eye::on(&place.database).await;
        let steps = eye.texts("SELECT step FROM effects ORDER BY seq").await;
        let overlaps = "SELECT COUNT(*) FROM effects a JOIN effects b ON a.seq < b.seq AND b.entered < a.went";
        let overlaps = eye.number(overlaps).await;
        drop(eye);
        if steps != expected() {
            return Verdict::Broken(format!("the effects are {steps:?}"));
        }
        if overlaps != 0 {
            return Verdict::Broken(format!("{overlaps} effects began before one that came first had gone"));
        }
        left_behind(place).await.map_or(Verdict::Held, Verdict::Broken)
    }
}

/// The same command comes to its end at once, with nobody's help.
pub async fn goes_on(place: &Place) -> Result<(), String> {
    let said = place.run(&["up"], With::default()).await;
    let is_done = said.exit == Some(0);
    if is_done {
        Ok(())
    } else {
        Err(format!("it does not come to its end by itself: {:?}: {}", said.exit, said.stderr))
    }
}

fn expected() -> Vec<String> {
    (1..=MIGRATIONS).flat_map(|nth| (1..=EFFECTS).map(move |effect| step(nth, effect))).collect()
}

fn step(nth: usize, effect: usize) -> String {
    format!("{nth}.{effect}")
}

fn write(on: On, catalog: &TempDir) {
    let (id, moment) = match on {
        On::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER"),
        On::Postgres => ("INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "TIMESTAMPTZ"),
        On::MariaDb => ("INTEGER AUTO_INCREMENT PRIMARY KEY", "DATETIME(6)"),
    };
    let first = format!(
        "CREATE TABLE effects (seq {id}, step VARCHAR(20) NOT NULL, epoch BIGINT NOT NULL, connection BIGINT NOT NULL, \
         entered {moment}, went {moment});\n"
    );
    add(catalog, "v1.0.0_01_effects", &first, false);
    for nth in 1..=MIGRATIONS {
        let effect = |at: usize| effect(on, &step(nth, at));
        let table = format!("CREATE TABLE made_{nth} (id INTEGER PRIMARY KEY);\n");
        let column = format!("ALTER TABLE made_{nth} ADD COLUMN n INTEGER;\n");
        let up = [effect(1), table, effect(2), column, effect(3)].concat();
        add(catalog, &format!("v1.{nth}.0_01_step"), &up, nth % 2 == 0);
    }
}

/// A statement that takes a while, and writes down that it ran: under which epoch, on which connection, from when until when
/// by the server's clock. In SQLite a statement has one moment only; there the file itself lets nobody write beside it.
fn effect(on: On, step: &str) -> String {
    let what = match on {
        On::Sqlite => {
            "0, 0, 0 FROM windlass_lock l WHERE l.id = 1 AND 20000 = \
             (WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000) SELECT max(x) FROM c)"
        }
        On::Postgres => {
            "pg_backend_pid(), clock_timestamp(), (SELECT clock_timestamp() FROM pg_sleep(0.02)) \
             FROM windlass_lock l WHERE l.id = 1"
        }
        On::MariaDb => {
            "CONNECTION_ID(), SYSDATE(6), IF(SLEEP(0.02) = 0, SYSDATE(6), NULL) FROM windlass_lock l WHERE l.id = 1"
        }
    };
    format!("INSERT INTO effects (step, epoch, connection, entered, went) SELECT '{step}', l.epoch, {what};\n")
}

fn add(catalog: &TempDir, name: &str, up: &str, alone: bool) {
    let folder = catalog.path().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("up.sql"), up).expect("a script");
    if alone {
        fs::write(folder.join("metadata.json"), r#"{"transactional": false}"#).expect("its metadata");
    }
}
