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
/// How many runs it may take until all is done.
const RUNS_MAX: u32 = 2;

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
        effects.golden = seen(&place).await;
        place.gone().await;
        effects
    }

    /// An empty database.
    pub async fn begin(&self) -> Place {
        Place::empty(self.on, self.catalog.path().to_owned()).await
    }

    /// Every effect must be there once, in order, under epochs that never fall.
    pub async fn must_be_whole(&self, place: &Place) -> Verdict {
        if let Some(difference) = seen(place).await.against(&self.golden) {
            return Verdict::Broken(difference);
        }
        let mut eye = Eye::on(&place.database).await;
        let steps = eye.texts("SELECT step FROM effects ORDER BY id").await;
        let falling = "SELECT COUNT(*) FROM effects a JOIN effects b ON a.id < b.id AND a.epoch > b.epoch";
        let falling = eye.number(falling).await;
        drop(eye);
        if steps != expected() {
            return Verdict::Broken(format!("the effects are {steps:?}"));
        }
        if falling != 0 {
            return Verdict::Broken(format!("{falling} times an effect came under a lower epoch than one before it"));
        }
        left_behind(place).await.map_or(Verdict::Held, Verdict::Broken)
    }
}

/// What is so, without the effects: their epochs differ from run to run, and the number that would come next.
async fn seen(place: &Place) -> Truth {
    let mut truth = Truth::of(place).await;
    truth.everything.retain(|line| !line.starts_with("row of effects") && !line.starts_with("CREATE TABLE `effects`"));
    truth
}

/// The same command comes to its end, with nobody's help.
pub async fn goes_on(place: &Place) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..RUNS_MAX {
        let said = place.run(&["up"], With::default()).await;
        if said.exit == Some(0) {
            return Ok(());
        }
        last = format!("exit {:?}: {}", said.exit, said.stderr);
    }
    Err(format!("it does not come to its end by itself: {last}"))
}

fn expected() -> Vec<String> {
    (1..=MIGRATIONS).flat_map(|nth| (1..=EFFECTS).map(move |effect| step(nth, effect))).collect()
}

fn step(nth: usize, effect: usize) -> String {
    format!("{nth}.{effect}")
}

fn write(on: On, catalog: &TempDir) {
    let id = match on {
        On::Sqlite => "INTEGER PRIMARY KEY AUTOINCREMENT",
        On::Postgres => "INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        On::MariaDb => "INTEGER AUTO_INCREMENT PRIMARY KEY",
    };
    let first = format!("CREATE TABLE effects (id {id}, step VARCHAR(20) NOT NULL, epoch BIGINT NOT NULL);\n");
    add(catalog, "v1.0.0_01_effects", &first, false);
    for nth in 1..=MIGRATIONS {
        let effect = |at: usize| effect(on, &step(nth, at));
        let table = format!("CREATE TABLE made_{nth} (id INTEGER PRIMARY KEY);\n");
        let column = format!("ALTER TABLE made_{nth} ADD COLUMN n INTEGER;\n");
        let up = [effect(1), table, effect(2), column, effect(3)].concat();
        add(catalog, &format!("v1.{nth}.0_01_step"), &up, nth % 2 == 0);
    }
}

/// A statement that takes a while and then writes down that it ran.
fn effect(on: On, step: &str) -> String {
    let after_a_while = match on {
        On::Sqlite => {
            "l WHERE l.id = 1 AND 20000 = (WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000) \
             SELECT max(x) FROM c)"
        }
        On::Postgres => "l, (SELECT pg_sleep(0.02)) AS while WHERE l.id = 1",
        On::MariaDb => "l WHERE l.id = 1 AND SLEEP(0.02) = 0",
    };
    format!("INSERT INTO effects (step, epoch) SELECT '{step}', l.epoch FROM windlass_lock {after_a_while};\n")
}

fn add(catalog: &TempDir, name: &str, up: &str, alone: bool) {
    let folder = catalog.path().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("up.sql"), up).expect("a script");
    if alone {
        fs::write(folder.join("metadata.json"), r#"{"transactional": false}"#).expect("its metadata");
    }
}
