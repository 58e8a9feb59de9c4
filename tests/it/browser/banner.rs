//! `<system-alert>` in an application's page of another origin.

use std::time::Duration;

use serde_json::{Value, json};

use super::{before_a_gate, behind};
use crate::harness::{
    browser::{Browser, ENTER, TAB},
    database::On,
    embedder::Embedder,
    eventually,
    gate::Gate,
    outage::Outage,
    ship::Ship,
};

/// As often as the banner lets itself be told to ask.
const OFTEN: &str = "interval=\"2\"";

/// What a part of the banner says; nothing while it is not shown.
fn part(name: &str) -> String {
    format!("document.querySelector('system-alert').shadowRoot.querySelector('[part~={name}]').textContent")
}

fn says(name: &str, text: &str) -> String {
    format!("{} === {}", part(name), json!(text))
}

/// When the page asked for health, in milliseconds of its own clock, and what it was answered.
async fn questions(browser: &Browser) -> Vec<(f64, u64)> {
    let asked = browser
        .script(
            "return performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/api/system/health'))\
             .map((e) => [e.startTime, e.responseStatus])",
        )
        .await;
    let pair = |entry: &Value| (entry[0].as_f64().expect("a time"), entry[1].as_u64().expect("a status"));
    asked.as_array().expect("entries").iter().map(pair).collect()
}

/// Goal: users are warned in their language while a migration is pending, told when it is over, and then left alone.
/// Method: a real run, beside a page of another origin whose policy allows no inline style, no inline script and no markup
/// that is made of text.
#[tokio::test]
async fn it_warns_changes_its_language_and_goes_with_a_word_of_success() {
    let ship = behind().await;
    let application = Embedder::of(ship.url(), "en", OFTEN).await;
    let browser = Browser::opens("en").await;

    browser.goes(&application.url).await;
    browser
        .sees("the warning", &says("message", "Database migration required. Please contact the administrator."))
        .await;
    browser.sees("both versions", &says("versions", "Backend: v0.5.0 | Database: v0.4.0")).await;
    assert_eq!(
        browser.script("return document.querySelector('system-alert').shadowRoot.querySelector('p').role").await,
        "status"
    );

    browser.script("document.documentElement.lang = 'de-CH'").await;
    let german = "Datenbank-Migration erforderlich. Bitte kontaktieren Sie den Administrator.";
    browser.sees("the page's language", &says("message", german)).await;
    browser.sees("both versions", &says("versions", "Backend: v0.5.0 | Datenbank: v0.4.0")).await;
    browser.script("document.querySelector('system-alert').lang = 'en'").await;
    browser.sees("its own language", &says("versions", "Backend: v0.5.0 | Database: v0.4.0")).await;
    browser.script("document.querySelector('system-alert').lang = 'de'").await;

    browser
        .script(
            "addEventListener('system-alert', (e) => { window.told = e.detail.kind + ' ' + e.detail.health.status })",
        )
        .await;
    let job = ship.admin().await.start("0.5.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    browser.sees("success", &says("message", "System aktualisiert auf Version 0.5.0")).await;
    assert_eq!(browser.script("return window.told").await, "updated ok");
    browser.sees("nothing any more", &format!("!{}", part("message"))).await;
    assert_eq!(browser.script("return document.querySelector('system-alert').offsetHeight").await, 0);
    let parts = "return document.querySelector('system-alert').shadowRoot.firstElementChild.part.length";
    assert_eq!(browser.script(parts).await, 0);
    browser.had_no_complaint().await;
    browser.closes().await;
}

/// Goal: a page that does not say its language is spoken to in the browser's; while a run is at work, that is told.
#[tokio::test]
async fn it_speaks_the_browsers_language_and_tells_of_a_run() {
    let ship = before_a_gate().await;
    let application = Embedder::of(ship.url(), "", OFTEN).await;
    let browser = Browser::opens("de").await;

    browser.goes(&application.url).await;
    browser.sees("the warning", &says("versions", "Backend: v1.1.0 | Datenbank: v1.0.0")).await;
    let gate = Gate::shut(&ship.database).await;
    let job = ship.admin().await.start("1.1.0").await.accepted();
    browser.sees("the run", &says("message", "Das System wird gerade aktualisiert.")).await;
    gate.open().await;
    ship.job_ends_as(&job, "succeeded").await;
    browser.sees("success", &says("message", "System aktualisiert auf Version 1.1.0")).await;
    browser.closes().await;
}

/// Goal: after an outage that hid the version, users are told that the system is there again, not that it was updated.
/// Method: windlass is started again under the page, with the way to the database cut; then the way is mended.
#[tokio::test]
async fn what_comes_back_unchanged_was_not_updated() {
    let mut ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship.cli(&["up"]).await.exits(0);
    ship.serve().await;
    ship.anybody().health_becomes("as required", |health| health.body["status"] == "ok").await;
    let application = Embedder::of(ship.url(), "en", OFTEN).await;
    let browser = Browser::opens("en").await;
    browser.goes(&application.url).await;
    browser.sees("an answer", "document.querySelector('system-alert').health?.status === 'ok'").await;
    let listens = "window.told = []; addEventListener('system-alert', (e) => window.told.push(e.detail.kind))";
    browser.script(listens).await;

    let address = ship.url().trim_start_matches("http://").to_owned();
    ship.set("server.listen", &address);
    ship.kill().await;
    let outage = Outage::begins(&mut ship).await;
    ship.serve().await;
    browser.sees("the outage", &says("message", "The database cannot be reached. Please try later.")).await;
    assert_eq!(browser.script(&format!("return {}", part("versions"))).await, "", "nothing is known of the database");
    let _way = outage.ends();

    browser.sees("its end", "window.told.length > 1").await;
    assert_eq!(browser.script("return window.told").await, json!(["down", "back"]));
    browser.closes().await;
}

/// Goal: who wants to be asked for hardly ever is not asked for all the time.
/// Method: intervals that no timer of a browser can hold, beside the page's own clock.
#[tokio::test]
async fn an_interval_beyond_every_timer_is_a_long_one() {
    let ship = behind().await;
    let browser = Browser::opens("en").await;
    for interval in ["1e9", "Infinity"] {
        let application = Embedder::of(ship.url(), "en", &format!("interval=\"{interval}\"")).await;
        browser.goes(&application.url).await;
        browser.sees("the warning", &says("versions", "Backend: v0.5.0 | Database: v0.4.0")).await;
        browser.script("return new Promise((passed) => setTimeout(passed, 1000))").await;
        assert_eq!(questions(&browser).await.len(), 1, "{interval}");
    }
    browser.closes().await;
}

/// Goal: what cannot be told any more is not forgotten, and what is too much is asked for more and more seldom.
/// Method: take the address's whole allowance away from the page, so that it is answered 429; look at its own record.
#[tokio::test]
async fn told_to_wait_it_waits_longer_each_time_and_keeps_what_it_knew() {
    let mut ship = Ship::with_sample(On::Sqlite).await;
    ship.cli(&["up", "--to", "0.4.0"]).await.exits(0);
    ship.set("server.rate_limit_exempt", "192.0.2.0/24");
    ship.set("server.rate_limit_burst", "1");
    ship.serve().await;
    let application = Embedder::of(ship.url(), "en", OFTEN).await;
    let browser = Browser::opens("en").await;
    browser.goes(&application.url).await;
    browser.sees("the warning", &says("versions", "Backend: v0.5.0 | Database: v0.4.0")).await;

    let anybody = ship.anybody();
    let greedy = tokio::spawn(async move {
        let mut often = tokio::time::interval(Duration::from_millis(20));
        loop {
            often.tick().await;
            anybody.health().await;
        }
    });
    let (first, second, third) = eventually("two refusals, and a question after them", async || {
        let asked = questions(&browser).await;
        let at = asked.windows(3).find(|three| three[0].1 == 429 && three[1].1 == 429)?;
        Some((at[0].0, at[1].0, at[2].0))
    })
    .await;
    greedy.abort();

    assert!(second - first >= 4_000.0, "{}", second - first);
    assert!(third - second >= 8_000.0, "{}", third - second);
    assert_eq!(browser.script(&format!("return {}", part("versions"))).await, "Backend: v0.5.0 | Database: v0.4.0");
    browser.closes().await;
}

/// Goal: a tab that nobody looks at asks nothing, and knows the newest state as soon as somebody does.
/// Method: hide it, and let its own clock run for three intervals; migrate meanwhile.
#[tokio::test]
async fn a_hidden_tab_asks_nothing() {
    let ship = behind().await;
    let application = Embedder::of(ship.url(), "en", OFTEN).await;
    let browser = Browser::opens("en").await;
    browser.goes(&application.url).await;
    browser.sees("the warning", &says("versions", "Backend: v0.5.0 | Database: v0.4.0")).await;

    let noted = "document.addEventListener('visibilitychange', () => { window.hidden_at ??= performance.now() })";
    browser.script(noted).await;
    browser.is_hidden(true).await;
    let hidden_at = browser.script("return window.hidden_at").await.as_f64().expect("a time");
    let asked_since = async || questions(&browser).await.iter().filter(|(at, _)| *at > hidden_at).count();
    browser.script("return new Promise((passed) => setTimeout(passed, 7500))").await;
    assert_eq!(asked_since().await, 0);
    let job = ship.admin().await.start("0.5.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    assert_eq!(asked_since().await, 0);

    browser.is_hidden(false).await;
    browser.sees("success", &says("message", "System updated to version 0.5.0")).await;
    browser.closes().await;
}

/// Goal: nobody is kept from reading it, or from putting it away.
/// Method: axe-core in both colour schemes; the keyboard alone.
#[tokio::test]
async fn it_is_accessible_and_is_put_away_by_the_keyboard() {
    let ship = behind().await;
    let browser = Browser::opens("en").await;
    for (scheme, language) in [("light", "en"), ("dark", "de")] {
        let application = Embedder::of(ship.url(), language, "").await;
        browser.prefers(scheme).await;
        browser.goes(&application.url).await;
        browser.sees("the warning", &part("message")).await;
        browser.is_accessible(&format!("the banner, {scheme}")).await;
    }
    browser.presses(TAB).await;
    browser.sees("the focus", "document.activeElement.shadowRoot?.activeElement?.ariaLabel === 'Schließen'").await;
    browser.presses(ENTER).await;
    browser.sees("nothing any more", &format!("!{}", part("message"))).await;
    browser.closes().await;
}
