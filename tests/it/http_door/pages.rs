//! The status page, its files and the banner, as they are served.

use axum::http::{Method, StatusCode};
use semver::Version;
use windlass::model::health::{Condition, HealthStatus, PendingMigration};

use super::{Door, behind, healthy, now, request};

/// What the page loads.
const FILES: [(&str, &str); 3] = [
    ("/status.css", "text/css; charset=utf-8"),
    ("/status.js", "text/javascript; charset=utf-8"),
    ("/icon.svg", "image/svg+xml"),
];

#[tokio::test]
async fn every_condition_has_its_headline_and_its_colour() {
    let door = Door::open();
    let cases = [
        (Condition::Ready, "ready", "The database is up to date"),
        (Condition::Migrating, "migrating", "The database is being worked on"),
        (Condition::Behind, "behind", "The database is older than required"),
        (Condition::Ahead, "ahead", "The database is newer than the application"),
        (Condition::Interrupted, "interrupted", "A migration was interrupted"),
        (Condition::Unreachable, "unreachable", "The database does not answer"),
    ];
    let style = door.get("/status.css").await.text();
    for (condition, word, headline) in cases {
        let mut sample = healthy();
        sample.condition = condition;
        sample.health.status = HealthStatus::Error;
        door.app.health.show(sample);
        let page = door.get("/").await;
        assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
        let text = page.text();
        assert!(text.contains(&format!("data-condition=\"{word}\"")), "{text}");
        assert!(text.contains(&format!("<h1 id=\"headline\">{headline}</h1>")), "{text}");
        assert!(condition == Condition::Ready || style.contains(&format!("[data-condition=\"{word}\"]")), "{word}");
        assert!(!text.contains("{{"), "a place was left empty: {text}");
    }
}

/// Goal: everybody sees what public health tells, and nothing beyond it.
#[tokio::test]
async fn the_page_tells_what_waits_and_no_more_than_health() {
    let door = Door::open();
    let mut sample = behind();
    let waiting = |number: i64| PendingMigration {
        number,
        version: Version::new(0, 6, 0),
        description: format!("Change {number}"),
    };
    sample.health.pending_migrations = (6..=60).map(waiting).collect();
    sample.health.pending_count = 55;
    door.app.health.show(sample);

    let page = door.get("/").await.text();

    for told in [
        "55 migrations are waiting",
        "Change 6<",
        "Change 55<",
        "and 5 more",
        "#5, ",
        "15 Jan 2027, 08:00 UTC",
        "5 of 5",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
    for kept in ["Change 56<", "ada", "sqlite", "127.0.0.1"] {
        assert!(!page.contains(kept), "{kept} in {page}");
    }
}

/// Goal: what was seen last stays while the database is away; of one that was never reached nothing is claimed.
#[tokio::test]
async fn of_a_database_that_was_never_reached_nothing_is_claimed() {
    let door = Door::open();
    let mut away = behind();
    away.condition = Condition::Unreachable;
    door.app.health.show(away.clone());
    let page = door.get("/").await.text();
    for told in ["<dd>0.5.0</dd>", "5 of 5", "#5, ", "Add a field"] {
        assert!(page.contains(told), "{told} in {page}");
    }
    assert!(!page.contains("not known"), "{page}");

    (away.health.actual_db_version, away.health.last_migration) = (None, None);
    door.app.health.show(away);
    let page = door.get("/").await.text();
    assert_eq!(page.matches("<dd>not known</dd>").count(), 4, "{page}");
    for claimed in ["empty", " of 5", "none yet", "Add a field", "id=\"pending\"", "Compatible", "Not compatible"] {
        assert!(!page.contains(claimed), "{claimed} in {page}");
    }
}

/// Goal: nothing that a migration's author wrote becomes markup.
#[tokio::test]
async fn what_is_told_is_text() {
    let door = Door::open();
    let mut sample = behind();
    let hostile = "</span><script>alert(1)</script>\"'&{{reason}}";
    sample.health.pending_migrations[0].description = hostile.to_owned();
    sample.health.compatibility_reason = hostile.to_owned();
    sample.health.last_migration.as_mut().unwrap().description = hostile.to_owned();
    door.app.health.show(sample);

    let page = door.get("/").await.text();

    let escaped = "&lt;/span&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&#123;&#123;reason}}";
    assert_eq!(page.matches(escaped).count(), 3, "{page}");
    assert_eq!(page.matches("<script").count(), 1, "{page}");
}

/// Goal: the page, its style and its script come from here alone, and nothing stands inline.
#[tokio::test]
async fn the_page_keeps_a_strict_policy() {
    let door = Door::open();
    let page = door.get("/").await;
    let policy = page.header("content-security-policy");
    for rule in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let text = page.text();
    for inline in [" style=", "<style", " onclick=", "//"] {
        assert!(!text.contains(inline), "{inline} in {text}");
    }
    for (path, content_type) in FILES {
        let file = door.get(path).await;
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, content_type), "{path}");
        let text = file.text().replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http:") && !text.contains("https:"), "an outside address in {path}");
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again_and_a_later_minute_is() {
    let door = Door::open();
    for path in ["/", "/status.css", "/status.js", "/icon.svg", "/system-alert.js"] {
        let tag = door.get(path).await.header("etag").to_owned();
        let again = door.ask(request(Method::GET, path).header("if-none-match", &tag)).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        let head = door.ask(request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0), "{path}");
    }
    let tag = door.get("/").await.header("etag").to_owned();
    for (seconds, is_same) in [(59, true), (60, false)] {
        let mut later = healthy();
        later.health.checked_at = now() + std::time::Duration::from_secs(seconds);
        door.app.health.show(later);
        assert_eq!(door.get("/").await.header("etag") == tag, is_same, "{seconds} s later");
    }
}

#[tokio::test]
async fn the_banner_is_small_and_may_be_loaded_by_any_page() {
    let banner = Door::open().get("/system-alert.js").await;

    assert_eq!(banner.header("content-type"), "text/javascript; charset=utf-8");
    assert!(banner.body.len() < 6_000, "{} bytes", banner.body.len());
    assert!(banner.header("cache-control").starts_with("public, max-age=3600"));
    assert_eq!(banner.header("access-control-allow-origin"), "*");
    assert_eq!(banner.header("cross-origin-resource-policy"), "cross-origin");
    let text = banner.text();
    for forbidden in ["innerHTML", "eval(", "http:", "https:", "Function("] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
}

/// Goal: a page of any origin may read what is polled, also that it is to wait, and nothing of what needs a token.
#[tokio::test]
async fn other_origins_read_what_is_polled_and_nothing_else() {
    let door = Door::with(|server| server.rate_limit_burst = 5);
    let polled =
        ["/api/system/health", "/api/system/version", "/api/health", "/api/health/database", "/api/health/migrations"];
    for path in polled {
        let answer =
            door.ask_from("192.0.2.1", request(Method::GET, path).header("origin", "https://app.example")).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("access-control-expose-headers"), "retry-after");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    }
    let refused = door.ask_from("192.0.2.1", request(Method::GET, polled[0])).await;
    refused.must_be_problem("too-many-requests", 429);
    assert_eq!(refused.header("access-control-allow-origin"), "*");

    for path in ["/", "/status.js", "/livez", "/api/docs", "/api/migration/status", "/api/migration/logs", "/nowhere"] {
        for asked in [request(Method::GET, path), door.admin(Method::GET, path)] {
            let answer = door.ask(asked.header("origin", "https://app.example")).await;
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
        }
    }
}
