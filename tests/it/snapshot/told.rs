//! What manifests and listings tell: the source, the environment, digests, and that something is not encrypted.

use std::{fs, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A work folder with a catalog of one migration. `SQLite`, so that no server is needed.
struct Yard {
    folder: TempDir,
}

impl Yard {
    fn fresh() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let migration = folder.path().join("migrations/v1.0.0_01_cabins");
        fs::create_dir_all(&migration).expect("a folder");
        fs::write(migration.join("up.sql"), "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n").expect("a script");
        fs::write(migration.join("down.sql"), "DROP TABLE cabins;\n").expect("a script");
        Self { folder }
    }

    /// What a program says, which must succeed.
    fn run(&self, program: &str, words: &[&str], variables: &[(&str, &str)]) -> (String, String) {
        let output = Command::new(program)
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(variables.iter().copied())
            .output()
            .expect("a program");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{program} {words:?}: {out}{err}");
        (out, err)
    }

    fn git(&self, words: &[&str]) -> String {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
        self.run("git", &[&who, words].concat(), &[]).0.trim().to_owned()
    }

    /// The manifest of a new snapshot.
    fn snapshot(&self, variables: &[(&str, &str)]) -> Value {
        let (out, _) = self.run(env!("CARGO_BIN_EXE_windlass"), &["snapshot", "create", "--json"], variables);
        let job: Value = serde_json::from_str(&out).expect("JSON");
        job["result"].clone()
    }
}

/// Goal: a manifest tells the commit, and whether everything was committed.
#[test]
fn a_manifest_tells_the_commit() {
    let yard = Yard::fresh();
    assert_eq!(yard.snapshot(&[])["commit"], Value::Null, "no work tree");
    yard.git(&["init", "--quiet"]);
    yard.git(&["add", "migrations"]);
    yard.git(&["commit", "--quiet", "--message", "Add cabins\n\nAt length."]);

    let manifest = yard.snapshot(&[]);

    let commit = &manifest["commit"];
    assert_eq!(commit["id"], yard.git(&["rev-parse", "HEAD"]));
    assert_eq!(commit["author"], "Ada <ada@example.com>");
    assert_eq!(commit["message"], "Add cabins");
    assert_eq!((&commit["dirty"], &commit["source"]), (&json!(false), &json!("work_tree")));
    let tree = yard.git(&["rev-parse", "HEAD^{tree}"]);
    assert_eq!(manifest["checksums"]["code"], format!("git-tree:{tree}"));
    let script = yard.folder.path().join("migrations/v1.0.0_01_cabins/down.sql");
    fs::write(script, "DROP TABLE IF EXISTS cabins;\n").expect("a change");
    assert_eq!(yard.snapshot(&[])["commit"]["dirty"], true);

    let named = yard.snapshot(&[("WINDLASS_COMMIT", "4c7cec7")]);
    let expected = json!({"id": "4c7cec7", "author": null, "message": null, "committed_at": null, "dirty": null, "tree": null,
        "source": "variable"});
    assert_eq!((&named["commit"], &named["checksums"]["code"]), (&expected, &Value::Null));
}

/// Goal: a manifest tells environment, settings and catalog, by digests in which no secret counts.
#[test]
fn a_manifest_tells_what_was_configured() {
    let yard = Yard::fresh();
    let plain = yard.snapshot(&[]);
    let (key, identity) = ("WINDLASS__SNAPSHOTS__PASSPHRASE", "ebb and flow");
    let secret = yard.snapshot(&[(key, identity)]);
    let other = yard.snapshot(&[("WINDLASS__RUN__LOCK_WAIT", "11s"), ("WINDLASS_ENVIRONMENT", "staging")]);

    assert_eq!((&plain["environment"], &other["environment"]), (&Value::Null, &json!("staging")));
    let digest = |manifest: &Value, of: &str| manifest["checksums"][of].as_str().expect("a digest").to_owned();
    assert_eq!(digest(&plain, "config"), digest(&secret, "config"));
    assert_ne!(digest(&plain, "config"), digest(&other, "config"));
    assert_eq!(digest(&plain, "catalog"), digest(&other, "catalog"));
    assert_eq!(digest(&plain, "database"), format!("sha256:{}", plain["dump_sha256"].as_str().expect("a hash")));
    assert_eq!(plain["encryption"]["scheme"], "age");
    for name in ["server", "dump_tool", "windlass", "compression", "encryption"] {
        assert!(plain["dependencies"][name].is_string(), "{name}: {plain:#}");
    }
    let down = yard.folder.path().join("migrations/v1.0.0_01_cabins/up.sql");
    fs::write(down, "CREATE TABLE cabins (id INTEGER PRIMARY KEY, name TEXT);\n").expect("a change");
    assert_ne!(digest(&plain, "catalog"), digest(&yard.snapshot(&[]), "catalog"));
}

/// Goal: what is not encrypted is said where it is made, and in every listing.
#[test]
fn what_is_not_encrypted_is_said() {
    let yard = Yard::fresh();
    let windlass = env!("CARGO_BIN_EXE_windlass");
    yard.snapshot(&[]);
    let (_, made) = yard.run(windlass, &["snapshot", "create"], &[("WINDLASS__SNAPSHOTS__ENCRYPTION", "none")]);
    let (list, _) = yard.run(windlass, &["snapshot", "list"], &[]);
    let (json, _) = yard.run(windlass, &["snapshot", "list", "--json"], &[]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let (show, _) = yard.run(windlass, &["snapshot", "show", json[0]["id"].as_str().expect("an id")], &[]);

    let log = yard.run("sqlite3", &["data/windlass.db", "SELECT level, message FROM log"], &[]).0;
    assert!(made.contains("is not encrypted"), "{made}");
    assert_eq!(
        log.lines().filter(|line| line.starts_with("warn") && line.contains("is not encrypted")).count(),
        1,
        "{log}"
    );
    assert_eq!(
        (list.matches("not encrypted").count(), list.lines().filter(|line| line.contains(" age")).count()),
        (1, 1),
        "{list}"
    );
    assert!(show.contains("sealed     not encrypted"), "{show}");
    assert_eq!((&json[0]["encryption"]["scheme"], &json[1]["encryption"]["scheme"]), (&json!("none"), &json!("age")));
    assert_eq!(json[0]["marks"], json!({"good": null, "verified": null}));
}

/// Goal: a snapshot whose manifest cannot be used is told by the listing, and fails `verify --all`.
#[test]
fn a_snapshot_that_cannot_be_used_is_told() {
    let yard = Yard::fresh();
    let windlass = env!("CARGO_BIN_EXE_windlass");
    let id = yard.snapshot(&[])["id"].as_str().expect("an id").to_owned();
    let stranger = ("WINDLASS__SNAPSHOTS__PASSPHRASE", "another key");

    let (list, _) = yard.run(windlass, &["snapshot", "list"], &[stranger]);

    assert!(list.contains(&id) && list.contains("was made with another key (age1"), "{list}");
    yard.run(windlass, &["snapshot", "verify", "--all"], &[]);
    let verify = Command::new(windlass)
        .args(["snapshot", "verify", "--all"])
        .current_dir(yard.folder.path())
        .env(stranger.0, stranger.1)
        .output()
        .expect("windlass");
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert!(!verify.status.success() && said.contains("another key"), "{said}");
}
