//! The command line: what its words mean, and with which code it exits.

use std::process::{Command as Process, Output};

use clap::Parser;
use semver::Version;
use serde_json::Value;
use tempfile::TempDir;
use windlass::{
    app::OpenError,
    catalog::CatalogError,
    cli::{
        arguments::{Arguments, Command},
        exit::Exit,
        exit_of,
        failure::Failure,
        plan::exit,
    },
    engine::EngineError,
    jobs::Refused,
    model::{
        catalog::Catalog,
        checksum::Checksum,
        compatibility::{Compatibility, CompatibilityPolicy, Standing},
        finding::Finding,
        job::{JobId, JobProblem},
        migration::{Direction, Identity, Migration, Script},
        order::{Order, PathPolicy, RollbackGoal, RollbackPolicy, SnapshotPolicy},
        plan::{Hop, Plan, PlannedMigration, RollbackKind, Route},
        snapshot::SnapshotId,
    },
    plan::{Needs, matrix},
    snapshot::ArchiveError,
    store::StoreError,
};

const ULID: &str = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD";

fn parsed(line: &str) -> Arguments {
    Arguments::try_parse_from(line.split(' ')).unwrap_or_else(|refused| panic!("{line}: {refused}"))
}

fn refused(line: &str) -> Exit {
    exit_of(&Arguments::try_parse_from(line.split(' ')).expect_err(line))
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn up_means_a_migrate_order() {
    let order = |line: &str| match parsed(line).command {
        Command::Up(up) => up.order(),
        other => panic!("{other:?}"),
    };
    let migrate = |to, dry_run, snapshot, validate| Order::Migrate {
        to,
        dry_run,
        snapshot,
        validate,
        in_doubt: None,
        plan: None,
        accept_loss: None,
    };
    let plain = migrate(None, false, None, true);
    assert_eq!(order("windlass up"), plain);
    assert_eq!(order("windlass up --through --wait 10m"), plain);
    assert_eq!(
        order("windlass up --to 1.2.0 --dry-run --snapshot never --no-validate"),
        migrate(Some(version("1.2.0")), true, Some(SnapshotPolicy::Never), false)
    );
}

#[test]
fn down_means_one_goal() {
    let goal = |line: &str| match parsed(line).command {
        Command::Down(down) => down.goal(),
        other => panic!("{other:?}"),
    };
    assert_eq!(goal("windlass down"), RollbackGoal::LastRun);
    assert_eq!(goal("windlass down --steps 3"), RollbackGoal::Steps(3));
    assert_eq!(goal("windlass down --to 1.0.0"), RollbackGoal::Version(version("1.0.0")));
    let snapshot: SnapshotId = ULID.parse().unwrap();
    assert_eq!(goal(&format!("windlass down --snapshot {ULID}")), RollbackGoal::Snapshot(snapshot));
}

#[test]
fn the_words_for_every_command_stand_anywhere() {
    for line in [
        "windlass --json --quiet --yes --config a --environment b --set c.d=e=f --server g --token-file h status",
        "windlass status --json -q -y --config a --environment b --set c.d=e=f --server g --token-file h",
    ] {
        let global = parsed(line).global;
        assert!(global.json && global.quiet && global.yes);
        assert_eq!(global.config.unwrap().to_str(), Some("a"));
        assert_eq!(global.environment.as_deref(), Some("b"));
        assert_eq!(global.server.as_deref(), Some("g"));
        assert_eq!(global.token_file.unwrap().to_str(), Some("h"));
        assert_eq!(global.set, [("c.d".to_owned(), "e=f".to_owned())]);
    }
}

#[test]
fn what_is_not_understood_exits_with_64_and_help_with_0() {
    for line in [
        "windlass",
        "windlass nonsense",
        "windlass up --to one",
        "windlass up --snapshot sometimes",
        "windlass up --wait soon",
        "windlass down --steps 0",
        "windlass down --steps -1",
        "windlass down --steps 1 --to 1.0.0",
        "windlass down --snapshot ../../etc/passwd",
        "windlass new add_users",
        "windlass adopt --from nobody",
        "windlass adopt --baseline 1.0.0 --accept-differences",
        "windlass adopt --undo --from goose",
        "windlass token",
        "windlass snapshot",
        "windlass snapshot verify",
        "windlass snapshot restore",
        "windlass --set nonsense status",
        "windlass --set =x status",
        "windlass completions cobol",
    ] {
        assert_eq!(refused(line), Exit::Usage, "{line}");
    }
    for line in ["windlass --help", "windlass --version", "windlass help up", "windlass snapshot verify --help"] {
        assert_eq!(refused(line), Exit::Fine, "{line}");
    }
}

#[test]
fn exit_codes_are_the_contract() {
    let codes = [Exit::Fine, Exit::No, Exit::Critical, Exit::Usage, Exit::Unavailable, Exit::Busy, Exit::Configuration];
    assert_eq!(codes.map(Exit::code), [0, 1, 2, 64, 69, 75, 78]);
}

fn unreachable() -> EngineError {
    EngineError::Unreachable { address: "db:5432".to_owned(), reason: "refused".to_owned() }
}

fn folder() -> CatalogError {
    CatalogError::Folder { path: "migrations".to_owned(), source: std::io::ErrorKind::NotFound.into() }
}

#[test]
fn every_refusal_has_its_code_and_says_what_to_do() {
    let faults = || vec![Finding::critical("r", "p", "m")];
    let store = || StoreError::Unusable { path: "p".to_owned(), reason: "r".to_owned() };
    let snapshot: SnapshotId = ULID.parse().unwrap();
    let damaged = ArchiveError::Damaged { id: ULID.to_owned(), difference: "d".to_owned() };
    let cases: Vec<(Refused, u8)> = vec![
        (Refused::Busy { holder: "h".to_owned(), job: None }, 75),
        (Refused::Stopping, 75),
        (Refused::NotReady { blocking: faults() }, 2),
        (Refused::NothingRuns, 1),
        (Refused::KeyReused, 1),
        (Refused::NoJob(JobId::fresh()), 1),
        (Refused::NoSnapshot(snapshot), 1),
        (Refused::Catalog(CatalogError::Faults(faults())), 2),
        (Refused::Catalog(folder()), 78),
        (Refused::Target(unreachable()), 69),
        (Refused::Target(EngineError::Address { reason: "r".to_owned() }), 78),
        (Refused::Target(EngineError::Fenced { ours: 1 }), 75),
        (Refused::Target(EngineError::TimedOut(std::time::Duration::from_secs(1))), 69),
        (Refused::Archive(damaged), 2),
        (Refused::Store(store()), 78),
    ];
    for (refused, code) in cases {
        let (said, exit) = (refused.to_string(), Exit::from(&refused));
        let failure = Failure::from(refused);
        assert_eq!((exit.code(), failure.exit.code()), (code, code), "{said}");
        assert!(!failure.detail.is_empty() && !failure.next_step.is_empty(), "{said}");
        let json = serde_json::to_value(&failure).unwrap();
        assert_eq!(json["exit_code"], code);
        assert!(json["type"].as_str().unwrap().starts_with("urn:windlass:problem:"));
    }
    for (error, code) in [(OpenError::Target(unreachable()), 69), (OpenError::Catalog(folder()), 78)] {
        assert_eq!((Exit::from(&error).code(), Failure::from(error).exit.code()), (code, code));
    }
}

#[test]
fn a_failed_job_tells_the_state_of_the_target_and_exits_with_1() {
    let failure = Failure::from(&JobProblem {
        kind: "statement-failed".to_owned(),
        title: "A statement failed".to_owned(),
        detail: "up.sql:3".to_owned(),
        target_state: "as before".to_owned(),
        next_step: "mend it".to_owned(),
    });
    assert_eq!(failure.exit, Exit::No);
    assert_eq!(&*failure.detail, "A statement failed: up.sql:3");
    assert_eq!(failure.target_state.as_deref(), Some("as before"));
}

fn compatibility(compatible: bool, migration_needed: bool) -> Compatibility {
    Compatibility {
        backend_version: version("1.0.0"),
        required_db_version: version("1.0.0"),
        actual_db_version: None,
        compatible,
        migration_needed,
        standing: Standing::Behind,
        reason: String::new(),
    }
}

#[test]
fn check_tells_by_its_code() {
    let fit = |compatible, migration_needed| Exit::from(&compatibility(compatible, migration_needed));
    assert_eq!([fit(true, false), fit(true, true), fit(false, true), fit(false, false)].map(Exit::code), [0, 0, 1, 2]);
}

#[test]
fn plan_tells_what_blocks_always_and_what_is_needed_on_request() {
    let plan = |ready, hops| Plan {
        target: "default".to_owned(),
        digest: None,
        loss: None,
        current_version: None,
        goal_version: None,
        compatibility: compatibility(false, true),
        hops,
        later: Vec::new(),
        estimated_ms: None,
        estimated_rows: 0,
        findings: Vec::new(),
        ready,
        blocking: Vec::new(),
    };
    let migration = PlannedMigration {
        number: 1,
        id: "v1.0.0_01_m".to_owned(),
        version: version("1.0.0"),
        description: String::new(),
        direction: Direction::Up,
        critical: true,
        route: Route::Whole,
        statements: Vec::new(),
        rollback: RollbackKind::None,
        rehearsal: None,
        estimated_ms: None,
    };
    let hop = vec![Hop { from: None, to: version("1.0.0"), migrations: vec![migration] }];
    let codes = |ready, hops: &Vec<Hop>| [false, true].map(|by_need| exit(&plan(ready, hops.clone()), by_need).code());
    assert_eq!(codes(true, &Vec::new()), [0, 0]);
    assert_eq!(codes(true, &hop), [0, 1]);
    assert_eq!(codes(false, &hop), [2, 2]);
}

fn migration(at: &str, min: Option<&str>, max: Option<&str>) -> Migration {
    let script = Script { file: "up.sql".into(), statements: Vec::new(), waivers: Vec::new() };
    Migration {
        identity: Identity { version: version(at), sequence: 1, name: "m".to_owned() },
        place: "m".into(),
        metadata: "m/metadata.json".into(),
        description: String::new(),
        author: None,
        created_at: None,
        min_runtime_version: min.map(version),
        max_runtime_version: max.map(version),
        dependencies: Vec::new(),
        critical: true,
        transactional: None,
        out_of_order: false,
        lock_timeout_ms: None,
        statement_timeout_ms: None,
        supersedes: Vec::new(),
        allow: Vec::new(),
        backfill: None,
        up: script,
        down: None,
        checksum: Checksum { bytes: "0".repeat(64), tokens: "0".repeat(64) },
    }
}

fn needs(application: &str, required: &str, compatibility: CompatibilityPolicy) -> Needs {
    let (backend, required, path) = (version(application), version(required), PathPolicy::Next);
    let rollback = RollbackPolicy::Any;
    Needs { backend, required, compatibility, path, rollback, blocking_risks: Vec::new() }
}

/// Goal: the matrix shows for each version whether the application fits, by the policy in force.
#[test]
fn the_matrix_narrows_with_every_migration() {
    let catalog = Catalog {
        migrations: vec![
            migration("0.4.0", None, None),
            migration("0.5.0", Some("1.0.0"), None),
            migration("0.5.0", None, Some("2.0.0")),
            migration("0.6.0", Some("1.5.0"), Some("1.9.0")),
        ],
        findings: Vec::new(),
    };
    let fits = |application: &str, policy| -> Vec<bool> {
        let rows = matrix(&catalog, &needs(application, "0.5.0", policy));
        rows.iter().map(|row| row.compatible).collect()
    };
    assert_eq!(fits("1.0.0", CompatibilityPolicy::Exact), [false, true, false]);
    assert_eq!(fits("0.9.0", CompatibilityPolicy::Range), [true, false, false]);
    assert_eq!(fits("1.0.0", CompatibilityPolicy::Range), [true, true, false]);
    assert_eq!(fits("1.6.0", CompatibilityPolicy::Range), [true, true, true]);
    assert_eq!(fits("1.9.1", CompatibilityPolicy::Range), [true, true, false]);
    assert_eq!(fits("2.0.1", CompatibilityPolicy::Range), [true, false, false]);

    let rows = matrix(&catalog, &needs("1.0.0", "0.5.0", CompatibilityPolicy::Range));
    assert_eq!(rows.iter().map(|row| row.migrations).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(
        (&rows[2].min_runtime_version, &rows[2].max_runtime_version),
        (&Some(version("1.5.0")), &Some(version("1.9.0")))
    );
    assert!(matrix(&Catalog::default(), &needs("1.0.0", "1.0.0", CompatibilityPolicy::Exact)).is_empty());
}

/// The command itself, in a folder of its own, with no variables but these.
fn windlass(folder: &TempDir, line: &str, variables: &[(&str, &str)]) -> Output {
    Process::new(env!("CARGO_BIN_EXE_windlass"))
        .args(line.split(' '))
        .current_dir(folder.path())
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_token_is_printed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();

    let plain = windlass(&folder, "token --subject ada", &[]);
    assert_eq!(plain.status.code(), Some(0), "{}", text(&plain.stderr));
    let token = text(&plain.stdout).strip_suffix('\n').unwrap();
    assert_eq!(token.split('.').count(), 3);
    assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
    assert!(plain.stderr.is_empty());

    let json = windlass(&folder, "token --subject ada --json", &[]);
    assert!(serde_json::from_slice::<Value>(&json.stdout).unwrap()["token"].is_string());
}

#[test]
fn errors_go_to_standard_error_and_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for (line, code) in [
        ("nonsense", 64),
        ("token --subject ada --lifetime 2h", 64),
        ("token --subject ada --set targt.url=x", 78),
        ("token --subject ada --config gone.toml", 78),
        ("new Bad-Name --version 1.0.0", 64),
    ] {
        let plain = windlass(&folder, line, &[]);
        assert_eq!(plain.status.code(), Some(code), "{line}: {}", text(&plain.stderr));
        assert!(plain.stdout.is_empty(), "{line}");
        assert!(text(&plain.stderr).starts_with("error: "), "{line}: {}", text(&plain.stderr));

        let json = windlass(&folder, &format!("{line} --json"), &[]);
        assert_eq!(json.status.code(), Some(code), "{line}");
        assert!(json.stdout.is_empty(), "{line}");
        let problem: Value = serde_json::from_slice(&json.stderr).unwrap();
        assert_eq!(problem["exit_code"], code);
        assert!(problem["next_step"].is_string());
    }
}

#[test]
fn text_from_outside_cannot_steer_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let output = windlass(&folder, "token --subject ada", &[("WINDLASS__LOG__FORMAT", "\u{1b}[2J\u{7}")]);
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).chars().all(|c| c == '\n' || !c.is_control()), "{:?}", text(&output.stderr));
}

#[test]
fn help_completions_and_the_api_are_results() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["--help", "--version", "completions bash", "completions zsh", "completions fish", "man", "openapi"] {
        let output = windlass(&folder, line, &[("WINDLASS__NONSENSE", "x")]);
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert!(output.stdout.len() > 10 && output.stderr.is_empty(), "{line}");
    }
    assert_eq!(windlass(&folder, "man --folder pages", &[]).status.code(), Some(0));
    let up = std::fs::read_to_string(folder.path().join("pages/windlass-up.1")).unwrap();
    assert!(up.contains(".TH") && up.contains("Take the database to a newer version"), "{up}");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let refused = windlass(&folder, "man --folder file/pages", &[]);
    assert_eq!((refused.status.code(), text(&refused.stderr).contains("--folder")), (Some(78), true));
    let openapi = windlass(&folder, "openapi", &[]);
    assert!(serde_json::from_slice::<Value>(&openapi.stdout).unwrap()["paths"].is_object());
}
