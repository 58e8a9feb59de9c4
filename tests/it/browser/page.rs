//! The status page.

use serde_json::json;

use super::{before_a_gate, behind};
use crate::harness::{browser::Browser, database::On, gate::Gate, proxy::Proxy, ship::Ship};

/// From here on an answer whose address or token has `word` in it is held, until it is let go. `asked` has when the
/// stream was asked for, `signals` what ends it.
const HOLDS: &str = "const ask = window.fetch;
Object.assign(window, { word: null, held: [], read: 0, asked: [], signals: [], nobody: false });
window.fetch = async (path, more) => {
  const token = String(more?.headers?.authorization);
  window.nobody ||= token === 'Bearer null';
  if (path.endsWith('/progress')) {
    window.asked.push(performance.now());
    window.signals.push(more.signal);
  }
  const answer = await ask(path, more);
  if (window.word && `${path} ${token}`.includes(window.word)) {
    await new Promise((go) => window.held.push(go));
    const json = answer.json.bind(answer);
    answer.json = () => json().finally(() => setTimeout(() => window.read++));
  }
  return answer;
};";

/// From now on answers of this kind are held.
async fn holds(browser: &Browser, word: &str) {
    browser.script(&format!("window.word = {}; window.read = 0", json!(word))).await;
}

/// Lets go what is held, once it is `count`, and waits until the page has read it.
async fn lets_go(browser: &Browser, count: usize) {
    browser.sees("answers that are held", &format!("window.held.length >= {count}")).await;
    browser.script("window.word = null; for (const go of window.held.splice(0)) go()").await;
    browser.sees("that they are read", &format!("window.read >= {count}")).await;
}

/// Types a token in, and sees what it opens.
async fn comes_in(browser: &Browser, token: &str) {
    browser.types("#token", token).await;
    browser.clicks("#door button").await;
    browser.sees("the log", "document.querySelectorAll('#log tbody tr').length > 0").await;
}

/// Goal: whoever allows no script sees the state all the same.
#[tokio::test]
async fn without_javascript_the_page_tells_the_state() {
    let ship = behind().await;
    let browser = Browser::opens("en").await;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;

    browser.goes(ship.url()).await;

    let text = browser.text().await;
    for told in [
        "3 migrations are waiting",
        "Database migration required: 0.4.0 → 0.5.0",
        "Not compatible",
        "5 of 8",
        "Look again",
    ] {
        assert!(text.contains(told), "{told} in\n{text}");
    }
    assert!(!text.contains("For administrators"), "what needs a script is not offered:\n{text}");
    browser.closes().await;
}

/// The statement that runs has the focus and is selected.
const READS: &str = "window.reads = document.querySelector('#run .statement');
reads.focus();
getSelection().selectAllChildren(reads);
document.querySelector('#run progress').mine = true;
window.told = document.querySelector('#run .facts').textContent;";

const STATEMENT: &str = "v1.1.0_01_pass/up.sql:1";

/// Goal: with a token the page shows a run as it happens, and what came of it, by itself. The token is nowhere but in the tab.
#[tokio::test]
async fn with_a_token_the_page_shows_a_run_live() {
    let ship = before_a_gate().await;
    let token = ship.token(&[]).await;
    let browser = Browser::opens("en").await;
    browser.goes(ship.url()).await;
    browser.sees("what waits", "document.querySelector('h1').textContent === 'A migration is waiting'").await;

    browser.types("#token", &token).await;
    browser.clicks("#door button").await;
    browser.sees("the history", "document.querySelectorAll('.timeline li').length === 1").await;
    let gate = Gate::shut(&ship.database).await;
    let job = ship.admin().await.start("1.1.0").await.accepted();
    browser.sees("the run", "document.querySelector('#run-title').textContent === 'Migrate: v1.1.0_01_pass'").await;
    browser.sees("its state", "document.querySelector('#run-state').textContent === 'running'").await;
    browser.sees("how far it is", "document.querySelector('#run progress')?.value < 100").await;
    browser
        .sees("what it waits for", "document.querySelector('#run .notice')?.textContent.startsWith('It waits for')")
        .await;
    browser.sees("where it is", "document.querySelector('#run .statement')?.textContent").await;
    browser.script(READS).await;
    browser.sees("that time passes", "document.querySelector('#run .facts').textContent !== window.told").await;
    assert_eq!(
        browser.script("return [document.activeElement === reads, `${getSelection()}`]").await,
        json!([true, STATEMENT])
    );
    browser.sees("the state", "document.querySelector('#public').dataset.condition === 'migrating'").await;
    gate.open().await;
    ship.job_ends_as(&job, "succeeded").await;

    browser.sees("its end", "document.querySelector('#run-state').textContent === 'succeeded'").await;
    assert_eq!(browser.script("return document.querySelector('#run progress').mine").await, true, "the bar is another");
    browser.sees("the history", "document.querySelectorAll('.timeline li').length === 2").await;
    browser.sees("the state", "document.querySelector('h1').textContent === 'The database is up to date'").await;
    browser.sees("the validation", "document.querySelector('#validation .badge').textContent === 'passed'").await;
    browser.sees("the snapshot", "document.querySelectorAll('#snapshots li').length > 0").await;
    browser.sees("the log", "document.querySelectorAll('#log tbody tr').length > 2").await;
    browser.clicks("label:has([value=audit])").await;
    browser.sees("the audit trail", "document.querySelector('#log').textContent.includes('http:grace')").await;

    assert!(!browser.address().await.contains(&token));
    let kept = browser.script("return [sessionStorage.length, localStorage.length, document.cookie]").await;
    assert_eq!(kept, json!([1, 0, ""]));
    browser.clicks("#leave").await;
    assert_eq!(browser.script("return sessionStorage.length").await, 0);
    browser.had_no_complaint().await;
    browser.closes().await;
    assert!(!ship.log().contains(&token));
}

/// Goal: a token that is not believed gets a word, and is not kept.
#[tokio::test]
async fn a_wrong_token_is_refused_in_words() {
    let ship = behind().await;
    let browser = Browser::opens("en").await;
    browser.goes(ship.url()).await;

    browser.types("#token", "not.a.token").await;
    browser.clicks("#door button").await;

    browser
        .sees("the refusal", "document.querySelector('#refusal').textContent.includes('A valid token is needed')")
        .await;
    assert_eq!(browser.script("return sessionStorage.length").await, 0);
    assert_eq!(browser.script("return document.querySelector('#inside').hidden").await, true);
    browser.closes().await;
}

/// Goal: told to wait, the page keeps its token, says so, and asks again when it may; a token that is good opens it meanwhile.
/// Method: wrong tokens from this address until it is answered 429, which says nothing of the one that is typed in.
#[tokio::test]
async fn told_to_wait_the_page_keeps_its_token_and_asks_again() {
    let mut ship = Ship::with_sample(On::Sqlite).await;
    ship.cli(&["up", "--to", "0.4.0"]).await.exits(0);
    ship.set("server.rate_limit_exempt", "192.0.2.0/24");
    ship.serve().await;
    let (token, stranger) = (ship.token(&[]).await, ship.caller(Some("not.a.token")));
    let browser = Browser::opens("en").await;
    browser.goes(ship.url()).await;
    while stranger.get("/api/migration/status").await.status != 429 {}

    browser.types("#token", "not.a.token").await;
    browser.clicks("#door button").await;

    let says = |words: &str| format!("document.querySelector('#refusal').textContent.includes('{words}')");
    browser.sees("the word", &says("The page looks again in")).await;
    assert_eq!(browser.script("return sessionStorage.length").await, 1);
    browser.sees("that it asked again", &says("A valid token is needed")).await;
    assert_eq!(browser.script("return sessionStorage.length").await, 0);
    while stranger.get("/api/migration/status").await.status != 429 {}
    browser.types("#token", "not.a.token").await;
    browser.clicks("#door button").await;
    browser.sees("the word", &says("The page looks again in")).await;
    comes_in(&browser, &token).await;
    assert_eq!(browser.script("return document.querySelector('#refusal').textContent").await, "");
    browser.closes().await;
}

/// Goal: the newest word counts. Method: answers are held, something else is wanted, and then they come.
#[tokio::test]
async fn an_answer_that_comes_late_changes_nothing() {
    let ship = behind().await;
    let token = ship.token(&[]).await;
    let browser = Browser::opens("en").await;
    browser.goes(ship.url()).await;
    browser.script(HOLDS).await;
    comes_in(&browser, &token).await;
    browser.sees("the run", "document.querySelector('#run').childElementCount > 0").await;

    // Another log was chosen.
    let marks = "document.querySelector('#log table').mine = true";
    browser.script(marks).await;
    browser.clicks("label:has([value=audit])").await;
    browser.sees("the audit trail", "!document.querySelector('#log table').mine").await;
    holds(&browser, "kind=job").await;
    browser.clicks("label:has([value=job])").await;
    browser.sees("an answer that is held", "window.held.length >= 1").await;
    browser.script(marks).await;
    browser.clicks("label:has([value=audit])").await;
    browser.sees("the audit trail", "!document.querySelector('#log table').mine").await;
    browser.script(marks).await;
    lets_go(&browser, 1).await;
    assert_eq!(browser.script("return document.querySelector('#log table').mine").await, true, "another log came back");

    // The token was forgotten.
    holds(&browser, "api/migration/").await;
    browser.clicks("label:has([value=job])").await;
    browser.sees("answers that are held", "window.held.length >= 2").await;
    browser.clicks("#leave").await;
    lets_go(&browser, 2).await;
    let shown = "return [document.querySelector('#inside').hidden, window.nobody, \
                 ['run', 'history', 'validation', 'snapshots', 'jobs', 'log']\
                 .filter((id) => document.getElementById(id).childNodes.length), sessionStorage.length]";
    assert_eq!(browser.script(shown).await, json!([true, false, [], 0]));

    // Another token was typed in.
    holds(&browser, "not.a.token").await;
    browser.types("#token", "not.a.token").await;
    browser.clicks("#door button").await;
    browser.sees("refusals that are held", "window.held.length >= 2").await;
    comes_in(&browser, &token).await;
    lets_go(&browser, 2).await;
    let kept = "return [document.querySelector('#inside').hidden, sessionStorage.length]";
    assert_eq!(browser.script(kept).await, json!([false, 1]));
    browser.closes().await;
}

/// Goal: a stream that is cut is asked for again, and not at once. Method: a way to windlass that is cut for a moment.
#[tokio::test]
async fn a_stream_that_is_cut_is_asked_for_again_after_a_while() {
    let ship = before_a_gate().await;
    let token = ship.token(&[]).await;
    let way = Proxy::to(ship.url().trim_start_matches("http://").to_owned()).await;
    let browser = Browser::opens("en").await;
    browser.goes(&format!("http://{}/", way.address)).await;
    browser.script(HOLDS).await;
    let gate = Gate::shut(&ship.database).await;
    let job = ship.admin().await.start("1.1.0").await.accepted();
    comes_in(&browser, &token).await;
    browser.sees("the run", "document.querySelector('#run-state').textContent === 'running'").await;

    let cut_at = browser.script("window.asked = []; return performance.now()").await.as_f64().expect("a time");
    way.drops();

    browser.sees("that it is asked for again", "window.asked.length > 0").await;
    let again_at = browser.script("return window.asked[0]").await.as_f64().expect("a time");
    assert!(again_at - cut_at >= 2_000.0, "after {} ms", again_at - cut_at);
    gate.open().await;
    ship.job_ends_as(&job, "succeeded").await;
    browser.sees("its end", "document.querySelector('#run-state').textContent === 'succeeded'").await;
    browser.closes().await;
}

/// Goal: a page that nobody looks at takes no place among the streams, and knows what came of the run once somebody does.
#[tokio::test]
async fn a_hidden_page_follows_no_run() {
    let ship = before_a_gate().await;
    let token = ship.token(&[]).await;
    let browser = Browser::opens("en").await;
    browser.goes(ship.url()).await;
    browser.script(HOLDS).await;
    let gate = Gate::shut(&ship.database).await;
    let job = ship.admin().await.start("1.1.0").await.accepted();
    comes_in(&browser, &token).await;
    browser.sees("the run", "document.querySelector('#run-state').textContent === 'running'").await;

    browser.is_hidden(true).await;
    browser.sees("no stream", "window.signals.length > 0 && window.signals.every((signal) => signal.aborted)").await;
    gate.open().await;
    ship.job_ends_as(&job, "succeeded").await;
    let state = browser.script("return document.querySelector('#run-state').textContent").await;
    assert_eq!(state, "running", "it was told while nobody looked");

    browser.is_hidden(false).await;
    browser.sees("its end", "document.querySelector('#run-state').textContent === 'succeeded'").await;
    browser.sees("the history", "document.querySelectorAll('.timeline li').length === 2").await;
    browser.closes().await;
}

/// Goal: a browser that keeps nothing for a page shows as much; the token is then in the page alone.
#[tokio::test]
async fn a_browser_that_keeps_nothing_shows_as_much() {
    let ship = behind().await;
    let token = ship.token(&[]).await;
    let browser = Browser::opens("en").await;
    let refuses = "Object.defineProperty(window, 'sessionStorage', \
                   { get() { throw new DOMException('not here', 'SecurityError'); } })";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": refuses})).await;
    browser.goes(ship.url()).await;

    comes_in(&browser, &token).await;

    browser.clicks("#leave").await;
    browser.sees("the door", "!document.querySelector('#door').hidden").await;
    browser.had_no_complaint().await;
    browser.closes().await;
}

/// Goal: nobody is kept from reading it. Method: axe-core, in both colour schemes, on a phone and on a desk, with and without a token.
#[tokio::test]
async fn the_page_is_accessible_in_both_schemes() {
    let ship = behind().await;
    ship.cli(&["up"]).await.exits(0);
    let token = ship.token(&[]).await;
    let browser = Browser::opens("en").await;
    for (scheme, width) in [("light", 1200), ("dark", 390)] {
        browser.prefers(scheme).await;
        browser.is_sized(width, 900).await;
        browser.goes(ship.url()).await;
        browser.sees("the door", "!document.querySelector('#door').hidden").await;
        browser.is_accessible(&format!("the page, {scheme}")).await;
        comes_in(&browser, &token).await;
        browser.sees("the run", "document.querySelector('#run').childElementCount > 0").await;
        let too_wide = browser.script("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(too_wide.as_i64().is_some_and(|too_wide| too_wide <= 0), "{too_wide} too wide at {width}");
        browser.is_accessible(&format!("the page with a token, {scheme}")).await;
        browser.clicks("#leave").await;
    }
    browser.closes().await;
}

/// Goal: what is old does not pass for new. Method: end the service under the page.
#[tokio::test]
async fn the_page_says_so_when_it_is_not_answered() {
    let mut ship = behind().await;
    let browser = Browser::opens("en").await;
    browser.goes(ship.url()).await;
    assert_eq!(browser.script("return document.querySelector('#stale').hidden").await, true);

    ship.kill().await;

    browser.sees("the word", "!document.querySelector('#stale').hidden").await;
    assert!(browser.text().await.contains("3 migrations are waiting"), "what was told last stays");
    browser.closes().await;
}
