//! An axum application with windlass under its own router.

use std::net::SocketAddr;

use axum::{Router, routing::get};
use reqwest::{Client, Method};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use windlass::{Migrate, Windlass};

use super::{opened, settings, with_two_releases};
use crate::harness::{
    PATIENCE,
    browser::Browser,
    database::On,
    eventually,
    gate::{self, Gate},
    on_every_engine, on_every_server,
    ship::{Answer, Ship},
};

on_every_engine!(an_application_serves_windlass_beside_its_own);
on_every_server!(an_order_of_another_process_is_waited_for);

/// An application that serves at a port of its own until it is told to stop.
struct Application {
    url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Application {
    async fn serves(windlass: Windlass, prefix: &str) -> Self {
        let routes = windlass::router(&windlass).await.expect("windlass's routes");
        let app = Router::new().route("/", get(async || "an application")).nest(prefix, routes);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
                .with_graceful_shutdown(async move {
                    let _ = stopped.await;
                    windlass.stop().await;
                })
                .await
                .expect("the application serves");
        });
        Self { url, stop, serving }
    }

    async fn asks(&self, method: Method, path: &str, token: Option<&str>) -> Answer {
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().expect("a client");
        let request = client.request(method, format!("{}{path}", self.url));
        Answer::to(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    async fn health_becomes(&self, status: &str) {
        eventually(&format!("health is {status}"), async || {
            let health = self.asks(Method::GET, "/ops/api/system/health", None).await;
            (health.body["status"] == status).then_some(())
        })
        .await;
    }

    async fn ends(self) {
        self.stop.send(()).expect("the application serves");
        self.serving.await.expect("the application ends");
    }
}

/// Goal: an application of one's own has health, the run and its progress under its own router, and ends cleanly.
/// Method: two releases pending; the application migrates by HTTP, follows the job where its answer says, and stops while a
/// stream is open.
async fn an_application_serves_windlass_beside_its_own(on: On) {
    let ship = with_two_releases(on).await;
    let application = Application::serves(opened(unlimited(&ship)), "/ops").await;

    assert_eq!(application.asks(Method::GET, "/", None).await.body, "an application");
    application.health_becomes("warning").await;
    let refused = application.asks(Method::POST, "/ops/api/migration/start", None).await;
    refused.must_be_problem("unauthenticated", 401);
    let token = ship.token(&[]).await;
    let started = application.asks(Method::POST, "/ops/api/migration/start", Some(&token)).await;
    assert_eq!(started.status, 202, "{:#}", started.body);
    let location = started.headers["location"].to_str().expect("a path").to_owned();
    assert_eq!(location, format!("/ops/api/migration/progress?job={}", started.body["id"].as_str().expect("a job")));
    eventually("the run has ended", async || {
        let job = application.asks(Method::GET, &location, Some(&token)).await.body;
        (job["state"] == "succeeded").then_some(())
    })
    .await;
    application.health_becomes("ok").await;
    assert_eq!(application.asks(Method::GET, "/ops/readyz", None).await.status, 200);
    ship.database_is_at("1.1.0").await;

    application.ends().await;
    assert_eq!(ship.cli(&["status", "--json"]).await.exits(0).json()["lock"], serde_json::Value::Null);
}

/// Goal: who sends an order again, to another process over the same store, and prefers to wait, is answered at its end.
/// Method: the service has the run inside a gate, and the application is asked with the same key.
async fn an_order_of_another_process_is_waited_for(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(on), "SELECT 1;");
    ship.serve().await;
    let application = Application::serves(opened(unlimited(&ship)), "/ops").await;
    let admin = ship.admin().await;
    let order = json!({"to": "1.1.0", "snapshot": "never"});
    let gate = Gate::shut(&ship.database).await;
    let first = admin.request(Method::POST, "/api/migration/start").header("idempotency-key", "once").json(&order);
    let job = Answer::to(first).await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;

    let client = Client::builder().timeout(PATIENCE).no_proxy().build().expect("a client");
    let again = client.post(format!("{}/ops/api/migration/start", application.url));
    let again = again.bearer_auth(ship.token(&[]).await).header("idempotency-key", "once").header("prefer", "wait=60");
    let again = tokio::spawn(Answer::to(again.json(&order)));
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;
    gate.open().await;

    let answer = again.await.expect("an answer");
    assert_eq!((answer.status, &answer.body["state"]), (200, &json!("succeeded")), "{:#}", answer.body);
    assert_eq!(answer.body["id"], job.as_str());
    application.ends().await;
}

fn unlimited(ship: &Ship) -> windlass::config::Config {
    let mut config = settings(ship);
    config.server.rate_limit_exempt = vec!["127.0.0.0/8".parse().expect("a network")];
    config
}

/// Goal: the page, the banner's script and the API reference work under a prefix, with a slash at its end and without.
/// Method: a real browser on an application that has windlass under `/ops`, and one that has it under `/ops/`.
#[tokio::test]
async fn its_pages_work_under_a_prefix() {
    let ship = with_two_releases(On::Sqlite).await;
    for (prefix, page) in [("/ops", "/ops"), ("/ops/", "/ops/")] {
        let application = Application::serves(opened(unlimited(&ship)), prefix).await;
        let browser = Browser::opens("en").await;
        let windlass = opened(settings(&ship));

        browser.goes(&format!("{}{page}", application.url)).await;
        browser.sees("its style", "getComputedStyle(document.querySelector('.unseen')).position === 'absolute'").await;
        browser.sees("its state", "document.querySelector('#headline').textContent.length > 0").await;
        let links = "return [...document.querySelectorAll('nav a')].map((a) => new URL(a.href).pathname).join(' ')";
        assert_eq!(browser.script(links).await, "/ops/api/docs /ops/api/system/health");
        if windlass.compatibility().await.expect("an answer").migration_needed {
            browser.sees("what is pending", "document.querySelector('#public').dataset.condition === 'behind'").await;
            windlass.migrate(&Migrate::default()).await.expect("a run");
        }
        browser.sees("the new state", "document.querySelector('#public').dataset.condition === 'ready'").await;
        browser.goes(&format!("{}/ops/api/docs", application.url)).await;
        browser.sees("the operations", "document.querySelectorAll('.opblock').length > 10").await;
        browser.had_no_complaint().await;
        browser.closes().await;
        application.ends().await;
    }
}
