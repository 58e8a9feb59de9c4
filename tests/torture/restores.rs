//! A restore is interrupted, and nobody asks for it again: what comes next is `windlass status`, then `windlass up`. The
//! database is then as it was or as the snapshot has it, with everything beside its tables, and at the version that `up` leads to.

use std::fs;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::{
    budget::Budget,
    chance::{Chance, seed},
    database::On,
    eye::Eye,
    orders::{self, ACTIONS, Action, Fault, Orders, Passed},
    place::{Place, Prepared},
    program::{Said, With, word},
    tally::Tally,
    trial::{Sessions, Verdict, end_sessions, unlock},
    truth::{Truth, left_behind},
};

/// What somebody was promised while a restore stood still.
const ACKNOWLEDGED: &str = "INSERT INTO promises (id) VALUES (77)";

/// Faults of a restore, and of the run that finds it interrupted, where it takes several steps.
const TWICE: [&str; 7] = [
    "restore.bare=kill@1 then mend.found=kill@1",
    "restore.bare=kill@1 then restore.back=kill@1",
    "restore.renamed=kill@1 then mend.triggers=kill@1",
    "restore.renamed=kill@1 then mend.triggers=err@1",
    "restore.settled=kill@1 then mend.done=kill@1",
    "restore.tidy=kill@1 then restore.dropped=kill@1",
    "restore.noted=kill@1 then restore.dropped=kill@2",
];

#[tokio::test]
async fn sqlite() {
    of(On::Sqlite).await;
}

#[tokio::test]
async fn postgres() {
    of(On::Postgres).await;
}

#[tokio::test]
async fn mariadb() {
    of(On::MariaDb).await;
}

/// Goal: each guarantee of a restore is needed: without the proof at the swap, one that was overtaken throws away what
/// another was promised (on PostgreSQL the other drops its copy, which alone keeps it from swapping, and is left out too); without what is written down, one that is killed in the middle leaves a mixture that nobody tells of.
#[tokio::test]
async fn guarantees_are_missed() {
    for (on, fault, without) in [
        (On::Sqlite, "restore.loaded=takeover@1", "swap-proof"),
        (On::Postgres, "restore.loaded=takeover@1", "swap-proof,sweep"),
        (On::MariaDb, "restore.bare=kill@1", "restore-note"),
        (On::MariaDb, "restore.renamed=kill@1", "restore-note"),
    ] {
        let restores = Restores::of(on).await;
        let orders = orders::read(fault).expect("a fault");
        assert_eq!(restores.trial(&orders, "").await, Verdict::Held, "{fault} on {on:?} with everything");
        let broken = restores.trial(&orders, without).await;
        eprintln!("ablation: {without} on {on:?}: {broken:?}");
        assert!(matches!(broken, Verdict::Broken(_)), "{fault} on {on:?} without {without}: {broken:?}");
        restores.start.gone().await;
    }
}

async fn of(on: On) {
    let (seed, budget) = (seed(), Budget::of(&format!("restores::{}", word(on))));
    let restores = Restores::of(on).await;
    let mut tally = Tally::default();
    for orders in restores.orders(seed) {
        if budget.is_over(tally.trials()) {
            break;
        }
        let verdict = restores.trial(&orders, "").await;
        tally.count("restore, then up", orders.word(), &format!("{} restored: {orders}", word(on)), verdict);
    }
    eprintln!("{}", tally.told(&format!("restores of {}", word(on)), Some(seed), budget.begun.elapsed().as_secs_f64()));
    assert!(tally.broken.is_empty(), "{} promises were broken", tally.broken.len());
    restores.start.gone().await;
}

/// A database at 1.1.0 with a snapshot of 1.0.0, and 1.2.0 to go to.
struct Restores {
    on: On,
    _catalog: TempDir,
    start: Prepared,
    words: Vec<String>,
    places: Vec<(String, Passed)>,
    /// Before; as the snapshot has it; and either of them after `up`.
    old: State,
    new: State,
    old_up: State,
    new_up: State,
}

/// Everything there is to see, with what is beside the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State(Truth);

impl State {
    async fn of(place: &Place) -> Self {
        let mut truth = Truth::of(place).await;
        let mut eye = Eye::on(&place.database).await;
        for question in beside(place.database.on) {
            truth.everything.extend(eye.texts(question).await);
        }
        truth.everything.sort();
        Self(truth)
    }

    /// Where it differs; what was promised meanwhile, and the table for it, may be there or not.
    fn against(&self, other: &Self) -> Option<String> {
        let (mut now, mut then) = (self.0.clone(), other.0.clone());
        for truth in [&mut now, &mut then] {
            truth.everything.retain(|line| !line.starts_with("row of promises"));
        }
        now.against(&then)
    }
}

/// What the tests' eye does not look at.
fn beside(on: On) -> &'static [&'static str] {
    match on {
        On::Sqlite => &[],
        On::Postgres => &[
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        ],
        On::MariaDb => &[
            "SELECT CAST(CONCAT_WS(' ', 'trigger', trigger_name, action_timing, event_manipulation, event_object_table, \
             action_order, action_statement) AS CHAR) FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
            "SELECT CAST(CONCAT_WS(' ', 'routine', routine_name, routine_definition) AS CHAR) \
             FROM information_schema.routines WHERE routine_schema = DATABASE()",
        ],
    }
}

impl Restores {
    async fn of(on: On) -> Self {
        let catalog = tempfile::tempdir().expect("a temporary folder");
        write(on, &catalog);
        let place = Place::empty(on, catalog.path().to_owned()).await;
        place.does(&["up", "--to", "1.0.0"]).await;
        let snapshot = place.does(&["snapshot", "create"]).await;
        place.does(&["up", "--to", "1.1.0"]).await;
        let old = State::of(&place).await;
        let id = snapshot["result"]["id"].as_str().or(snapshot["id"].as_str()).expect("a snapshot").to_owned();
        let words = ["down", "--snapshot", &id].map(str::to_owned).to_vec();
        let start = Prepared::keep(place);
        let (old_up, _) = undisturbed(&start, &[&["up"]]).await;
        let down: Vec<&str> = words.iter().map(String::as_str).collect();
        let (new, said) = undisturbed(&start, &[&down]).await;
        let (new_up, _) = undisturbed(&start, &[&down, &["up"]]).await;
        let places =
            orders::passed(&said.passed).into_iter().filter(|(name, _)| name.starts_with("restore.")).collect();
        Self { on, _catalog: catalog, start, words, places, old, new, old_up, new_up }
    }

    fn orders(&self, seed: u64) -> Vec<Orders> {
        if let Some(only) = std::env::var("WINDLASS_TORTURE_ONLY").ok().and_then(|text| {
            let (name, orders) = text.split_once(": ")?;
            (name == "restored").then(|| orders::read(orders)).flatten()
        }) {
            return vec![only];
        }
        let mut all = Vec::new();
        for (name, passed) in &self.places {
            for action in ACTIONS.into_iter().filter(|action| *action != Action::Stop) {
                let is_network = matches!(action, Action::Drop | Action::Admin);
                if is_network && self.on == On::Sqlite || action == Action::Err && !passed.can_fail {
                    continue;
                }
                let fault = |passing| Fault { place: name.clone(), action, passing };
                all.extend(
                    (1..=passed.times).map(|passing| Orders { first: vec![fault(passing)], second: Vec::new() }),
                );
            }
        }
        Chance::of(seed).shuffle(&mut all);
        let twice = TWICE.iter().filter(|_| self.on == On::MariaDb).filter_map(|text| orders::read(text));
        all.extend(twice);
        // Those without which this would show nothing come first.
        all.sort_by_key(|orders| orders.second.is_empty() && orders.first[0].action != Action::Takeover);
        all
    }

    async fn trial(&self, orders: &Orders, ablated: &str) -> Verdict {
        let place = self.start.again().await;
        let mut broken = Vec::new();
        let reached = match orders.first.as_slice() {
            [fault] if fault.action.stops() => self.stopped(&place, fault, ablated).await,
            faults => {
                let said = self.run(&place, faults, ablated).await;
                faults.iter().any(|fault| said.reached(fault))
            }
        };
        let is_takeover = orders.first.iter().any(|fault| fault.action == Action::Takeover);
        if !orders.second.is_empty() {
            place.run(&["up"], With { faults: &orders.second, ..With::default() }).await;
        }
        if !is_takeover {
            broken.extend(self.told(&place).await);
        }
        let epoch = Truth::of(&place).await.epoch;
        let said = place.run(&["up"], With::default()).await;
        if said.exit != Some(0) {
            broken.push(format!("up does not come to its end: {:?} {}", said.exit, said.stderr));
        }
        let now = State::of(&place).await;
        if let (Some(not_old), Some(not_new)) = (now.against(&self.old_up), now.against(&self.new_up)) {
            broken.push(format!("neither old ({not_old}) nor new ({not_new})"));
        }
        if now.0.epoch < epoch.max(self.old.0.epoch) {
            broken.push(format!("the epoch fell to {}, from {epoch} and {}", now.0.epoch, self.old.0.epoch));
        }
        if is_takeover
            && !now.0.everything.iter().any(|line| line.starts_with("row of promises") && line.contains("77"))
        {
            broken.push("what was promised after the takeover is gone".to_owned());
        }
        broken.extend(left_behind(&place).await);
        broken.extend(self.left_beside(&place).await);
        place.gone().await;
        match (broken.is_empty(), reached) {
            (false, _) => Verdict::Broken(broken.join("\n  ")),
            (true, true) => Verdict::Held,
            (true, false) => Verdict::NotReached,
        }
    }

    async fn run(&self, place: &Place, faults: &[Fault], ablated: &str) -> Said {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        place.run(&words, With { faults, ablated, wait_ms: None }).await
    }

    /// The restore stands still, loses its session or its lock, and goes on; with its lock, another run does its work, and
    /// somebody is promised something.
    async fn stopped(&self, place: &Place, fault: &Fault, ablated: &str) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let mut first = place.begin(&words, With { faults: std::slice::from_ref(fault), ablated, wait_ms: None });
        let is_reached = first.stops().await;
        if fault.action == Action::Admin {
            end_sessions(place, Sessions::All).await;
        } else {
            unlock(place, "").await;
            let other = place.run(&["up"], With { ablated, ..With::default() }).await;
            assert_eq!(other.exit, Some(0), "the other: {}", other.stderr);
            Eye::on(&place.database).await.run(ACKNOWLEDGED).await;
        }
        first.send(Signal::SIGCONT);
        let ended = first.ended().await;
        assert!(!ended.hung, "{}", ended.stderr);
        is_reached
    }

    /// What status tells before anybody does anything.
    async fn told(&self, place: &Place) -> Option<String> {
        let now = State::of(place).await;
        let is_whole = [&self.old, &self.new].iter().any(|whole| whole.against(&now).is_none())
            || [&self.old_up, &self.new_up].iter().any(|whole| whole.against(&now).is_none());
        let said = place.run(&["status"], With::default()).await;
        if said.exit != Some(0) {
            return Some(format!("status ends with {:?}: {}", said.exit, said.stderr));
        }
        let is_told = said.job["unfinished"]["snapshot"].is_string();
        (!is_whole && !is_told).then(|| {
            let (old, new) = (now.against(&self.old), now.against(&self.new));
            format!("it is neither old ({old:?}) nor new ({new:?}), and status does not say so: {}", said.stdout)
        })
    }

    /// Databases that a restore made and nobody removed, and what is written down of it.
    async fn left_beside(&self, place: &Place) -> Option<String> {
        let mut eye = Eye::on(&place.database).await;
        let noted = eye.number("SELECT COUNT(*) FROM windlass_lock WHERE id = 3").await;
        let databases = match self.on {
            On::Sqlite => Vec::new(),
            On::Postgres => {
                eye.texts(
                    "SELECT datname::text FROM pg_database WHERE datname LIKE current_database() || '\\_\\_windlass%'",
                )
                .await
            }
            On::MariaDb => {
                eye.texts(
                    "SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata \
                     WHERE schema_name LIKE CONCAT(DATABASE(), '\\_\\_windlass%')",
                )
                .await
            }
        };
        (noted != 0 || !databases.is_empty()).then(|| format!("{databases:?} and {noted} notes are left"))
    }
}

/// Commands without a fault, and the state they leave; with what the last of them said.
async fn undisturbed(start: &Prepared, commands: &[&[&str]]) -> (State, Said) {
    let place = start.again().await;
    let mut last = Said::default();
    for words in commands {
        last = place.run(words, With::default()).await;
        assert_eq!(last.exit, Some(0), "{words:?} undisturbed: {}", last.stderr);
    }
    let state = State::of(&place).await;
    place.gone().await;
    (state, last)
}

fn write(on: On, catalog: &TempDir) {
    let [first, second] = match on {
        On::Sqlite => [
            "CREATE TABLE log (line TEXT NOT NULL);\n\
             CREATE VIEW upper_decks AS SELECT id FROM cabins WHERE deck > 3;\n\
             CREATE TRIGGER notes AFTER INSERT ON cabins FOR EACH ROW BEGIN INSERT INTO log VALUES ('cabin'); END;\n",
            "DROP TRIGGER notes;\nDROP VIEW upper_decks;\n\
             CREATE VIEW upper_decks AS SELECT id, deck FROM cabins;\n\
             CREATE TRIGGER late AFTER UPDATE ON cabins FOR EACH ROW BEGIN INSERT INTO log VALUES ('late'); END;\n",
        ],
        On::Postgres => [
            "CREATE TABLE log (line TEXT NOT NULL);\n\
             CREATE VIEW upper_decks AS SELECT id FROM cabins WHERE deck > 3;\n\
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN INSERT INTO log VALUES ('cabin'); RETURN NEW; END $$;\n\
             CREATE TRIGGER notes AFTER INSERT ON cabins FOR EACH ROW EXECUTE FUNCTION note();\n",
            "DROP TRIGGER notes ON cabins;\nDROP VIEW upper_decks;\n\
             CREATE VIEW upper_decks AS SELECT id, deck FROM cabins;\n\
             CREATE TRIGGER late AFTER UPDATE ON cabins FOR EACH ROW EXECUTE FUNCTION note();\n",
        ],
        On::MariaDb => [
            "CREATE TABLE log (line VARCHAR(100) NOT NULL);\n\
             CREATE VIEW upper_decks AS SELECT id FROM cabins WHERE deck > 3;\n\
             CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2;\n\
             CREATE TRIGGER notes AFTER INSERT ON cabins FOR EACH ROW INSERT INTO log VALUES (CONCAT('cabin ', NEW.id));\n\
             CREATE TRIGGER notes_again AFTER INSERT ON cabins FOR EACH ROW FOLLOWS notes INSERT INTO log VALUES ('again');\n",
            "DROP TRIGGER notes;\nDROP VIEW upper_decks;\nDROP FUNCTION twice;\n\
             CREATE VIEW upper_decks AS SELECT id, deck FROM cabins;\n\
             CREATE VIEW decks AS SELECT deck FROM upper_decks;\n\
             CREATE FUNCTION thrice(x INT) RETURNS INT DETERMINISTIC RETURN x * 3;\n\
             CREATE TRIGGER late BEFORE UPDATE ON cabins FOR EACH ROW SET NEW.deck = NEW.deck + 1;\n",
        ],
    };
    let tables = "CREATE TABLE cabins (id INTEGER PRIMARY KEY, deck INTEGER NOT NULL);\n\
                  CREATE TABLE promises (id INTEGER PRIMARY KEY);\n";
    add(catalog, "v1.0.0_01_cabins", &format!("{tables}{first}INSERT INTO cabins VALUES (1, 2), (2, 5);\n"));
    add(catalog, "v1.1.0_01_views", &format!("{second}INSERT INTO cabins VALUES (3, 7);\n"));
    add(catalog, "v1.2.0_01_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);\n");
}

fn add(catalog: &TempDir, name: &str, up: &str) {
    let folder = catalog.path().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("up.sql"), up).expect("a script");
}
