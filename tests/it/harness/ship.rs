//! windlass as people have it: the real program, as a service and on the command line, over a database of its own.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::{
    PATIENCE,
    catalog::{self, Catalog},
    database::{Database, On, fresh},
    eventually,
    eye::Eye,
};

const WINDLASS: &str = env!("CARGO_BIN_EXE_windlass");

/// windlass over a database of its own, in a folder of its own. Nothing of it is left when it is dropped.
pub struct Ship {
    pub on: On,
    pub database: Database,
    settings: Vec<(String, String)>,
    /// Words before the program's own name.
    under: &'static [&'static str],
    server: Option<Server>,
}

struct Server {
    process: Child,
    url: String,
}

/// What the command line answered.
#[derive(Debug)]
pub struct Called {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// What the service answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Ship {
    /// With the repository's sample catalog, any number of hops at once, and nothing served yet.
    pub async fn with_sample(on: On) -> Self {
        let mut ship = Self::with_catalog(on).await;
        ship.set("catalog.path", &catalog::sample().display().to_string());
        ship
    }

    /// With an empty catalog for the test to fill.
    pub async fn with_catalog(on: On) -> Self {
        Self::over(fresh(on).await)
    }

    /// The same over a database that is there.
    pub fn over(database: Database) -> Self {
        let mut ship = Self { on: database.on, database, settings: Vec::new(), under: &[], server: None };
        ship.catalog();
        let url = ship.database.url.clone();
        ship.set("target.url", &url);
        ship.set("policy.path", "through");
        ship.set("policy.loss", "accept");
        ship.set("server.listen", "127.0.0.1:0");
        ship.set("server.rate_limit_exempt", "127.0.0.0/8");
        ship.set("health.interval", "200ms");
        ship.set("run.lock_timeout", "60s");
        ship
    }

    /// Changes a setting for every process that is started from now on.
    pub fn set(&mut self, key: &str, value: &str) {
        let variable = format!("WINDLASS__{}", key.to_uppercase().replace('.', "__"));
        self.settings.retain(|(name, _)| *name != variable);
        self.settings.push((variable, value.to_owned()));
    }

    /// From now on the permissions of files hold for every process of it, root's as well.
    pub fn obey_permissions(&mut self) {
        let own = fs::metadata("/proc/self").expect("this process");
        if own.uid() == 0 {
            self.under = &["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"];
        }
    }

    /// The folder in which every process of it works.
    pub fn folder(&self) -> &Path {
        self.database.folder.path()
    }

    /// Its own catalog.
    pub fn catalog(&self) -> Catalog {
        Catalog::empty(self.folder().join("migrations"))
    }

    fn command(&self, words: &[&str]) -> Command {
        let line: Vec<&str> = self.under.iter().chain(&[WINDLASS]).chain(words).copied().collect();
        let mut command = Command::new(line[0]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.args(&line[1..]).current_dir(self.folder()).env_clear().env("PATH", path).env("USER", "ada");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// A script for a shell, with this ship's settings.
    pub fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("bash");
        shell.args(["-c", script]).current_dir(self.folder()).env_clear().env("USER", "ada");
        shell.envs(self.settings.iter().map(|(name, value)| (name, value)));
        shell.stdin(Stdio::null()).kill_on_drop(true);
        shell
    }

    /// The command line, to its end.
    pub async fn cli(&self, words: &[&str]) -> Called {
        Called::ended(self.cli_begun(words)).await
    }

    /// The command line, begun.
    pub fn cli_begun(&self, words: &[&str]) -> Child {
        let mut command = self.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("windlass can be run")
    }

    /// The command line of somebody elsewhere, who has nothing but an address and a token; to be run.
    pub fn elsewhere(&self, server: &str, token: Option<&str>, words: &[&str]) -> Command {
        let folder = self.folder().join("elsewhere");
        fs::create_dir_all(&folder).expect("a folder elsewhere");
        let mut command = self.command(words);
        command.env_clear().current_dir(folder).env("USER", "ada").env("WINDLASS_SERVER", server);
        command.envs(token.map(|token| ("WINDLASS_TOKEN", token)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Where the service is.
    pub fn url(&self) -> &str {
        &self.server.as_ref().expect("the service was started").url
    }

    /// Starts the service, and waits until it listens.
    pub async fn serve(&mut self) {
        let log = self.folder().join("server.log");
        let told = fs::File::create(&log).expect("a file for the log");
        let process = self.command(&["serve"]).stdout(Stdio::null()).stderr(told).spawn().expect("windlass can be run");
        let mut server = Server { process, url: String::new() };
        server.url = eventually("the service listens", async || {
            let told = fs::read_to_string(&log).expect("the log");
            let (_, after) = told.split_once("listening on ")?;
            after.split(['"', ' ', '\n']).next().map(str::to_owned)
        })
        .await;
        self.server = Some(server);
    }

    /// What the service has told so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder().join("server.log")).unwrap_or_default()
    }

    fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("the service was started")
    }

    /// The service's process.
    pub fn process(&self) -> u32 {
        self.server.as_ref().and_then(|server| server.process.id()).expect("the service runs")
    }

    /// Kills the service without a warning.
    pub async fn kill(&mut self) {
        self.server().process.kill().await.expect("the service can be killed");
        self.server = None;
    }

    /// Asks the service to end (SIGTERM).
    pub async fn signal(&mut self) {
        super::signal("TERM", self.server().process.id().expect("the service runs")).await;
    }

    /// Waits for the service to end by itself, and gives its exit code.
    pub async fn end(&mut self) -> i32 {
        let ended = tokio::time::timeout(PATIENCE, self.server().process.wait()).await.expect("it ends in time");
        self.server = None;
        ended.expect("its status").code().expect("it ended by itself")
    }

    /// Somebody with this token, or nobody.
    pub fn caller(&self, token: Option<&str>) -> Caller {
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().expect("a client");
        let server = self.server.as_ref().expect("the service was started");
        Caller { client, url: server.url.clone(), token: token.map(str::to_owned) }
    }

    /// Somebody without a token.
    pub fn anybody(&self) -> Caller {
        self.caller(None)
    }

    /// An administrator called grace.
    pub async fn admin(&self) -> Caller {
        self.caller(Some(&self.token(&[]).await))
    }

    /// A token for grace, with more words for `windlass token`.
    pub async fn token(&self, words: &[&str]) -> String {
        let called = self.cli(&[&["token", "--subject", "grace"], words].concat()).await;
        assert_eq!(called.code, 0, "{}", called.stderr);
        called.stdout.trim().to_owned()
    }

    /// A connection of the test's own to the database.
    pub async fn eye(&self) -> Eye {
        Eye::on(&self.database).await
    }

    /// The name of another database where this one is, and its URL.
    pub fn other(&self, name: &str) -> (String, String) {
        let url = &self.database.url;
        if self.on == On::Sqlite {
            let file = self.folder().join(format!("{name}.db")).display().to_string();
            return (file.clone(), format!("sqlite:{file}"));
        }
        let (server, database) = url.rsplit_once('/').expect("a database in the URL");
        (format!("{database}_{name}"), format!("{server}/{database}_{name}"))
    }

    /// The database itself must say so.
    pub async fn database_is_at(&self, version: &str) {
        let newest = "SELECT version FROM schema_version ORDER BY id DESC LIMIT 1";
        assert_eq!(self.eye().await.texts(newest).await, [version]);
    }

    /// The migrations that the database itself says were applied, by name, in order.
    pub async fn applied(&self) -> Vec<String> {
        self.eye().await.texts("SELECT name FROM migration_history ORDER BY migration_number").await
    }

    /// The job must come to this end.
    pub async fn job_ends_as(&self, job: &str, state: &str) -> Value {
        let admin = self.admin().await;
        let job = admin.ended(job).await;
        assert_eq!(job["state"], state, "{job:#}");
        job
    }

    /// Waits until the job works on `step`.
    pub async fn job_is_inside(&self, job: &str, step: &str) {
        let admin = self.admin().await;
        eventually(&format!("the job is at {step}"), async || {
            let now = admin.get(&format!("/api/migration/progress?job={job}")).await.body;
            assert_ne!(now["state"], "failed", "{now:#}");
            (now["progress"]["step"] == step).then_some(())
        })
        .await;
    }
}

impl Called {
    /// What a command that was begun answers in the end.
    pub async fn ended(begun: Child) -> Self {
        Self::of(&begun.wait_with_output().await.expect("its output"))
    }

    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// It must exit like this.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// The one document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The one document on standard error.
    pub fn failure(&self) -> Value {
        serde_json::from_str(&self.stderr).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// Somebody who asks the service.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    url: String,
    token: Option<String>,
}

impl Caller {
    /// A request, to be sent by [`Answer::to`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(&body)).await
    }

    /// A POST that waits for the job's end.
    pub async fn post_and_wait(&self, path: &str, body: Value) -> Value {
        let request = self.request(Method::POST, path).header("prefer", "wait=60").json(&body);
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        answer.body
    }

    /// Starts a run to `to`, without a snapshot.
    pub async fn start(&self, to: &str) -> Answer {
        self.post("/api/migration/start", json!({"to": to, "snapshot": "never"})).await
    }

    /// What health says, whatever its status.
    pub async fn health(&self) -> Answer {
        self.get("/api/system/health").await
    }

    /// Asks for health until it is as wanted.
    pub async fn health_becomes(&self, what: &str, is_so: impl Fn(&Answer) -> bool) -> Answer {
        let last = std::sync::Mutex::new(String::new());
        let asked = eventually(what, async || {
            let answer = self.health().await;
            *last.lock().expect("nobody else") = format!("{} {:#}", answer.status, answer.body);
            is_so(&answer).then_some(answer)
        });
        let Ok(answer) = tokio::time::timeout(Duration::from_secs(30), asked).await else {
            panic!("health never became {what}; at last {}", last.lock().expect("nobody else"))
        };
        answer
    }

    /// The job once it has ended.
    pub async fn ended(&self, job: &str) -> Value {
        eventually(&format!("job {job} ends"), async || {
            let answer = self.get(&format!("/api/migration/progress?job={job}")).await;
            assert_eq!(answer.status, 200, "{:#}", answer.body);
            let is_open = matches!(answer.body["state"].as_str(), Some("queued" | "running" | "pausing"));
            (!is_open).then_some(answer.body)
        })
        .await
    }
}

impl Answer {
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("its body");
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// The job that was accepted.
    pub fn accepted(&self) -> String {
        assert_eq!(self.status, 202, "{:#}", self.body);
        let id = self.body["id"].as_str().expect("a job").to_owned();
        assert_eq!(self.headers["location"], format!("/api/migration/progress?job={id}"));
        id
    }

    /// It must be the problem of this name.
    pub fn must_be_problem(&self, name: &str, status: u16) -> &Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["type"], format!("urn:windlass:problem:{name}"), "{:#}", self.body);
        &self.body
    }
}
