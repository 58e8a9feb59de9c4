//! A headless Chromium of a test's own, driven over the `WebDriver` protocol (W3C) by the driver that comes with it.

use std::{process::Stdio, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{PATIENCE, eventually};

/// What every Chromium here is told: nothing of its own goes out, and nothing is kept. Its sandbox can be had neither by root nor
/// in every container; it sees pages of these tests alone.
const WORDS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--no-first-run",
    "--no-default-browser-check",
    "--window-size=1200,900",
];

/// How an element is named in an answer (W3C `WebDriver`, "Elements").
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The key Tab, as the protocol names it.
pub const TAB: &str = "\u{e004}";
/// The key Enter.
pub const ENTER: &str = "\u{e007}";

/// A browser with one window. Its processes are gone when it is dropped, and so is its profile.
pub struct Browser {
    client: Client,
    session: String,
    process: Option<i32>,
    driver: Child,
    profile: TempDir,
}

impl Browser {
    /// Opens one whose user prefers `language`.
    pub async fn opens(language: &str) -> Self {
        let profile = tempfile::tempdir().expect("a profile");
        let (driver, url) = driver(profile.path()).await;
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().expect("a client");
        let mut browser = Self { client, session: format!("{url}/session"), process: None, driver, profile };
        let words = browser.words(language);
        let options = json!({"args": words, "prefs": {"intl.accept_languages": language}});
        let wanted =
            json!({"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let session = browser.told(Method::POST, "", json!({"capabilities": {"alwaysMatch": wanted}})).await;
        browser.process = session["capabilities"]["goog:processID"].as_i64().and_then(|id| i32::try_from(id).ok());
        browser.session = format!("{url}/session/{}", session["sessionId"].as_str().expect("a session"));
        browser
    }

    fn words(&self, language: &str) -> Vec<String> {
        let profile = format!("--user-data-dir={}", self.profile.path().join("profile").display());
        let mut words: Vec<String> = WORDS.map(str::to_owned).into();
        words.extend([profile, format!("--accept-lang={language}")]);
        words
    }

    /// One command of the protocol.
    async fn told(&self, method: Method, path: &str, body: Value) -> Value {
        self.tried(method, path, body).await.unwrap_or_else(|error| panic!("{path}: {error:#}"))
    }

    async fn tried(&self, method: Method, path: &str, body: Value) -> Result<Value, Value> {
        let request = self.client.request(method.clone(), format!("{}{path}", self.session));
        let request = if method == Method::POST { request.json(&body) } else { request };
        let response = request.send().await.expect("the driver answers");
        let is_well = response.status().is_success();
        let mut answer: Value = response.json().await.expect("JSON");
        let value = answer["value"].take();
        if is_well { Ok(value) } else { Err(value) }
    }

    /// Goes to an address, and waits until it is loaded.
    pub async fn goes(&self, url: &str) {
        self.told(Method::POST, "/url", json!({"url": url})).await;
    }

    /// The address it shows.
    pub async fn address(&self) -> String {
        self.told(Method::GET, "/url", Value::Null).await.as_str().expect("an address").to_owned()
    }

    /// What a script in the page returns; a promise is waited for.
    pub async fn script(&self, script: &str) -> Value {
        self.told(Method::POST, "/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Asks until an expression in the page is neither false nor nothing.
    pub async fn sees(&self, what: &str, expression: &str) {
        let script = json!({"script": format!("return ({expression})"), "args": []});
        let asked = eventually(what, async || {
            let value = self.tried(Method::POST, "/execute/sync", script.clone()).await.ok()?;
            (!matches!(value, Value::Null | Value::Bool(false)) && value != json!("")).then_some(())
        });
        let came = tokio::time::timeout(Duration::from_secs(45), asked).await.is_ok();
        let last = if came { String::new() } else { self.text().await };
        assert!(came, "never seen: {what}; at last\n{last}");
    }

    /// The words that can be read in the page.
    pub async fn text(&self) -> String {
        let body = self.element("body").await;
        self.told(Method::GET, &format!("/element/{body}/text"), Value::Null)
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    async fn element(&self, css: &str) -> String {
        let found = self.told(Method::POST, "/element", json!({"using": "css selector", "value": css})).await;
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// Types into a field.
    pub async fn types(&self, css: &str, text: &str) {
        let element = self.element(css).await;
        self.told(Method::POST, &format!("/element/{element}/value"), json!({"text": text})).await;
    }

    /// Clicks.
    pub async fn clicks(&self, css: &str) {
        let element = self.element(css).await;
        self.told(Method::POST, &format!("/element/{element}/click"), json!({})).await;
    }

    /// Presses a key, wherever the focus is.
    pub async fn presses(&self, key: &str) {
        let stroke = [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let keys = json!({"actions": [{"type": "key", "id": "keys", "actions": stroke}]});
        self.told(Method::POST, "/actions", keys).await;
    }

    /// Puts the window away, so that its page is hidden; or back.
    pub async fn is_hidden(&self, hidden: bool) {
        let verb = if hidden { "/window/minimize" } else { "/window/maximize" };
        self.told(Method::POST, verb, json!({})).await;
        let state = if hidden { "hidden" } else { "visible" };
        self.sees(state, &format!("document.visibilityState === '{state}'")).await;
    }

    /// A command of Chromium's own protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.told(Method::POST, "/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// Its user prefers `light` or `dark`.
    pub async fn prefers(&self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.devtools("Emulation.setEmulatedMedia", json!({"features": [feature]})).await;
    }

    /// Its window is so wide, and shows so much at once.
    pub async fn is_sized(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// The pages must have had nothing to complain of: no policy broken, no error.
    pub async fn had_no_complaint(&self) {
        let lines = self.told(Method::POST, "/se/log", json!({"type": "browser"})).await;
        let lines = lines.as_array().expect("lines").iter();
        let bad: Vec<_> = lines.filter(|line| line["level"] == "SEVERE" || line["source"] == "security").collect();
        assert!(bad.is_empty(), "{bad:#?}");
    }

    /// axe-core must find no fault in the page as it is now.
    pub async fn is_accessible(&self, what: &str) {
        let file = std::env::var("WINDLASS_TEST_AXE")
            .expect("WINDLASS_TEST_AXE is not set: run ./test, which installs axe-core");
        let axe = std::fs::read_to_string(file).expect("axe-core");
        self.script(&format!("{axe}; window.axe = axe;")).await;
        let found =
            self.script("return axe.run().then((all) => ({checked: all.passes.length, faults: all.violations}))").await;
        assert!(found["checked"].as_u64().is_some_and(|checked| checked > 10), "{what}: hardly anything was checked");
        let faults = found["faults"].as_array().expect("faults");
        assert!(faults.is_empty(), "{what}: {:#}", found["faults"]);
    }

    /// Ends it.
    pub async fn closes(mut self) {
        self.told(Method::DELETE, "", Value::Null).await;
        self.process = None; // it is gone, and its number may be another's
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        for process in self.process.into_iter().chain(self.driver.id().and_then(|id| i32::try_from(id).ok())) {
            let _ = kill(Pid::from_raw(process), Signal::SIGKILL); // it may have ended already
        }
    }
}

/// Starts the driver on a port that it chooses.
async fn driver(home: &std::path::Path) -> (Child, String) {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0").env("HOME", home).env("TMPDIR", home).env_remove("DISPLAY");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut driver = command.spawn().expect("chromedriver");
    let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
    let port = loop {
        let line = lines.next_line().await.expect("its output").expect("chromedriver tells its port");
        if let Some((_, port)) = line.split_once("successfully on port ") {
            break port.trim_end_matches('.').to_owned();
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (driver, format!("http://127.0.0.1:{port}"))
}
