//! The program under test: begun with faults, and followed to its end.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{
    database::On,
    orders::{Fault, ordered},
    place::Place,
};

/// Longer than anything here takes; a process that needs it hangs.
const PATIENCE: Duration = Duration::from_mins(2);
/// The time between two looks at a process.
const LOOK_MS: u64 = 2;

/// What a process said, and how it ended.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// `None`: by a signal.
    pub exit: Option<i32>,
    /// The job; null without one.
    pub job: Value,
    /// The problem; null without one.
    pub problem: Value,
    /// What it wrote of the places it passed.
    pub passed: String,
    pub stdout: String,
    pub stderr: String,
    /// It had to be ended.
    pub hung: bool,
}

impl Said {
    /// Whether the place was passed so often that its fault must have come.
    pub fn reached(&self, fault: &Fault) -> bool {
        self.passed.lines().filter(|line| line.trim_end_matches('!') == fault.place).count() >= fault.passing
    }
}

/// Words for a process, beside those of its command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct With<'a> {
    pub faults: &'a [Fault],
    /// What is left out of the program.
    pub ablated: &'a str,
    /// How long it waits for another run; `None`: long.
    pub wait_ms: Option<u64>,
}

/// A process under way.
pub struct Begun {
    child: Child,
    passed: PathBuf,
}

impl Place {
    /// Begins `windlass <words>`.
    pub fn begin(&self, words: &[&str], with: With<'_>) -> Begun {
        self.begin_with(words, with, &[])
    }

    /// The same, with more in its environment.
    pub fn begin_with(&self, words: &[&str], with: With<'_>, more: &[(&str, &str)]) -> Begun {
        let folder = self.database.folder.path();
        let passed = folder.join(format!("passed-{}", ulid::Ulid::generate()));
        let mut command = Command::new(program());
        command.args(words).args(["--json", "--yes"]).current_dir(folder).env_clear();
        for kept in ["PATH", "TMPDIR"] {
            command.envs(std::env::var_os(kept).map(|value| (kept, value)));
        }
        command.envs(settings(folder, &self.database.url, &self.catalog));
        let wait = format!("{}ms", with.wait_ms.unwrap_or(60_000));
        command.env("WINDLASS__RUN__LOCK_WAIT", wait);
        command.env("WINDLASS_FP", ordered(with.faults)).env("WINDLASS_FP_COUNT", &passed);
        command.env("WINDLASS_ABLATE", with.ablated).envs(more.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Begun { child: command.spawn().expect("windlass can be run"), passed }
    }

    /// Runs `windlass <words>` to its end.
    pub async fn run(&self, words: &[&str], with: With<'_>) -> Said {
        self.begin(words, with).ended().await
    }

    /// As [`Place::run`], for what must succeed.
    pub async fn does(&self, words: &[&str]) -> Value {
        let said = self.run(words, With::default()).await;
        assert_eq!(said.exit, Some(0), "windlass {words:?} on {:?}: {}", self.database.on, said.stderr);
        said.job
    }
}

/// The program; `WINDLASS_TORTURE_PROGRAM` names another build of it.
fn program() -> PathBuf {
    std::env::var_os("WINDLASS_TORTURE_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_windlass").into(), PathBuf::from)
}

fn settings(folder: &Path, url: &str, catalog: &Path) -> Vec<(&'static str, String)> {
    let beside = |name: &str| folder.join(name).display().to_string();
    vec![
        ("WINDLASS__TARGET__URL", url.to_owned()),
        ("WINDLASS__CATALOG__PATH", catalog.display().to_string()),
        ("WINDLASS__STORE__PATH", beside("windlass.db")),
        ("WINDLASS__SNAPSHOTS__PATH", beside("snapshots")),
        ("WINDLASS__POLICY__PATH", "through".to_owned()),
        ("WINDLASS__POLICY__LOSS", "accept".to_owned()),
        ("WINDLASS__POLICY__SNAPSHOT", "never".to_owned()),
        ("WINDLASS__SERVER__LISTEN", "127.0.0.1:0".to_owned()),
    ]
}

impl Begun {
    /// Its process, while it runs.
    pub fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw)
    }

    pub fn send(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _ = kill(pid, signal);
        }
    }

    /// Whether it is stopped; `None` when it has ended.
    pub fn is_stopped(&mut self) -> Option<bool> {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return None;
        }
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()?)).ok()?;
        let (_, after) = stat.rsplit_once(')')?;
        Some(after.trim_start().starts_with('T'))
    }

    /// Waits until it is stopped, or has ended: then false.
    pub async fn stops(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.is_stopped() {
                Some(true) => return true,
                Some(false) => sleep(Duration::from_millis(LOOK_MS)).await,
                None => return false,
            }
        }
        false
    }

    /// The word after `before`, once it is told on standard error.
    pub async fn told(&mut self, before: &str) -> Option<String> {
        let mut lines = BufReader::new(self.child.stderr.take()?).lines();
        let reading = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((_, after)) = line.split_once(before) {
                    return after.split_whitespace().next().map(str::to_owned);
                }
            }
            None
        };
        let word = timeout(PATIENCE, reading).await.ok().flatten();
        // Whoever writes to a pipe that nobody reads is stuck, or dies.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        word
    }

    /// Follows it to its end.
    pub async fn ended(self) -> Said {
        self.ended_within(PATIENCE).await
    }

    /// The same, for what may take its time.
    pub async fn ended_within(self, patience: Duration) -> Said {
        let pid = self.pid();
        let passed = self.passed;
        let Ok(output) = timeout(patience, self.child.wait_with_output()).await else {
            // Dropping it has killed it.
            return Said { hung: true, stderr: format!("{pid:?} did not come to its end"), ..Said::default() };
        };
        let output = output.expect("its output");
        let lines = std::fs::read_to_string(&passed).unwrap_or_default();
        let _ = std::fs::remove_file(&passed);
        of(&output, lines)
    }
}

fn of(output: &Output, passed: String) -> Said {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Said {
        exit: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        job: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        problem: stderr.lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_default(),
        passed,
        stderr,
        hung: false,
    }
}

/// Every engine.
pub const ENGINES: [On; 3] = [On::Sqlite, On::Postgres, On::MariaDb];

/// How an engine is called here.
pub fn word(on: On) -> &'static str {
    match on {
        On::Sqlite => "sqlite",
        On::Postgres => "postgres",
        On::MariaDb => "mariadb",
    }
}
