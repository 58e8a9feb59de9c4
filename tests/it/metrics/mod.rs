//! `/metrics`: what it tells, in which form, and what it costs.

mod alerts;
mod books;
mod dashboard;
mod figures;
mod form;
mod place;
mod runs;

use std::{path::PathBuf, process::Stdio};

use reqwest::Method;
use tokio::io::AsyncWriteExt;

use crate::harness::ship::Caller;
use figures::Figures;

/// What `/metrics` says now.
pub async fn figures(caller: &Caller) -> Figures {
    Figures::of(&text(caller).await)
}

/// The same, as it was sent.
async fn text(caller: &Caller) -> String {
    let answer = caller.request(Method::GET, "/metrics").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.expect("its text")
}

/// The rules and the dashboard that the repository has.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/monitoring")
}

/// Prometheus's own opinion.
async fn promtool(words: &[&str], stdin: &str) {
    let mut command = tokio::process::Command::new("promtool");
    command.args(words).current_dir(folder()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = command.spawn().expect("promtool");
    promtool.stdin.take().unwrap().write_all(stdin.as_bytes()).await.unwrap();
    let output = promtool.wait_with_output().await.unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(output.status.success() && !told.contains("FAILED"), "{words:?}: {told}");
    assert!(words[1] != "metrics" || told.is_empty(), "{told}");
}
