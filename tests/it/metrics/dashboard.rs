//! The dashboard of `docs/monitoring`, over a real Prometheus that watches a real run.

use std::{fs, path::Path, process::Stdio};

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::folder;
use crate::harness::{database::On, eventually, ship::Ship};

const BACKFILL: &str = "-- windlass:backfill table=cabins key=id batch=2\n\
    UPDATE cabins SET n = n + 1 WHERE id > :after AND id <= :upto;\n";

/// A Prometheus of the test's own, on this machine only.
struct Prometheus {
    url: String,
    _process: Child,
}

impl Prometheus {
    async fn scraping(service: &str, folder: &Path) -> Self {
        let service = service.trim_start_matches("http://");
        let config = format!(
            "global: {{scrape_interval: 250ms, evaluation_interval: 1s}}\n\
             rule_files: ['{}']\n\
             scrape_configs: [{{job_name: windlass, static_configs: [{{targets: ['{service}']}}]}}]\n",
            super::folder().join("windlass.rules.yml").display()
        );
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        let log = folder.join("prometheus.log");
        let mut command = Command::new("prometheus");
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", "--web.listen-address=127.0.0.1:0"]);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let process = command.stderr(fs::File::create(&log).unwrap()).spawn().expect("prometheus can be run");
        let address = eventually("Prometheus listens", async || {
            let told = fs::read_to_string(&log).unwrap();
            let (_, after) = told.split_once("msg=\"Listening on\" address=")?;
            after.split_whitespace().next().map(str::to_owned)
        })
        .await;
        Self { url: format!("http://{address}"), _process: process }
    }

    async fn ask(&self, path: &str, pairs: &[(&str, &str)]) -> Value {
        let url = Url::parse_with_params(&format!("{}/api/v1/{path}", self.url), pairs).unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let Ok(answer) = client.get(url).send().await else { return json!({}) };
        answer.json().await.unwrap_or_default()
    }

    /// How many series a query gives now.
    async fn series(&self, query: &str) -> usize {
        let answer = self.ask("query", &[("query", query)]).await;
        assert_ne!(answer["status"], "error", "{query}: {answer:#}");
        answer["data"]["result"].as_array().map_or(0, Vec::len)
    }
}

/// The queries of the dashboard, each with its panel, as Grafana would send them.
fn queries() -> Vec<(String, String)> {
    let text = fs::read_to_string(folder().join("windlass-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            let query = query.replace("$__rate_interval", "1m").replace("$__range", "1h").replace("$target", ".+");
            assert!(!query.contains('$'), "{query}");
            found.push((panel["title"].as_str().unwrap().to_owned(), query));
        }
    }
    found
}

/// Goal: no panel stays empty, and no rule fails. Method: a run with a backfill and a snapshot, a deep look at that snapshot, a
/// validation, a token that is not good and a caller who asks too often, while Prometheus watches; then every query.
#[tokio::test]
async fn every_query_of_the_dashboard_returns_data_of_a_run() {
    let mut ship = Ship::with_catalog(On::Postgres).await;
    ship.set("server.rate_limit_exempt", "");
    let cabins = "CREATE TABLE cabins (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);\n\
        INSERT INTO cabins VALUES (1, 0), (2, 0), (3, 0);";
    ship.catalog().add("v1.0.0_01_cabins", cabins, "DROP TABLE cabins;");
    ship.catalog().add("v1.1.0_01_count", "SELECT 1;", "SELECT 1;").file("v1.1.0_01_count", "backfill.sql", BACKFILL);
    ship.serve().await;
    let admin = ship.admin().await;
    let prometheus = Prometheus::scraping(ship.url(), ship.folder()).await;
    eventually("it is scraped", async || (prometheus.series("windlass_target_up").await == 1).then_some(())).await;

    let mut holder = None;
    for to in ["1.0.0", "1.1.0"] {
        let job = admin.post_and_wait("/api/migration/start", json!({"to": to, "snapshot": "always"})).await;
        assert_eq!(job["state"], "succeeded", "{job:#}");
        holder = job["result"]["snapshot"].as_str().map(str::to_owned);
    }
    let look = format!("/api/migration/snapshots/{}/verify", holder.expect("a snapshot under the run"));
    admin.post_and_wait(&look, json!({"deep": true})).await;
    admin.post_and_wait("/api/migration/validate", json!({})).await;
    ship.caller(Some("x.y.z")).get("/api/migration/status").await;
    for _ in 0..15 {
        admin.health().await;
    }

    let queries = queries();
    assert!(queries.len() >= 30, "{}", queries.len());
    for (panel, query) in queries {
        let what = format!("{panel}: {query} gives data");
        eventually(&what, async || (prometheus.series(&query).await > 0).then_some(())).await;
    }
    let rules = eventually("the rules are evaluated", async || {
        let answer = prometheus.ask("rules", &[]).await;
        let rules = answer["data"]["groups"][0]["rules"].as_array()?.clone();
        rules.iter().all(|rule| rule["health"] != "unknown").then_some(rules)
    })
    .await;
    for rule in rules {
        assert_eq!((&rule["health"], &rule["state"]), (&json!("ok"), &json!("inactive")), "{rule:#}");
    }
}
