//! The status page, as everybody sees it: what public health tells, and nothing beyond.

use std::{borrow::Cow, fmt::Write};

use chrono::{DateTime, SecondsFormat, Utc};
use semver::Version;

use crate::{
    model::health::{Condition, Health, PendingMigration},
    monitor::Sample,
};

const TEMPLATE: &str = include_str!("assets/status.html");

/// Pending migrations that are shown one by one; the others are counted.
const PENDING_SHOWN_MAX: usize = 50;

/// What is told of a database that was never reached.
const NOT_KNOWN: &str = "not known";

/// How a condition is told.
struct Told {
    /// The word that stands in the document: its colours depend on it.
    word: &'static str,
    /// In a few words.
    headline: Cow<'static, str>,
    /// The outline of its sign, in a square of 24 by 24.
    sign: &'static str,
}

impl Told {
    fn of(condition: Condition, health: &Health) -> Self {
        let (word, headline, sign) = match condition {
            Condition::Ready => ("ready", "The database is up to date", "M5 12.5l4.5 4.5L19 7.5"),
            Condition::Migrating => {
                ("migrating", "The database is being worked on", "M20 12a8 8 0 1 1-2.4-5.7L20 8.5M20 4v4.5h-4.5")
            }
            Condition::Behind => ("behind", "The database is older than required", "M12 19V5M5.5 11.5 12 5l6.5 6.5"),
            Condition::Ahead => {
                ("ahead", "The database is newer than the application", "M12 5v14M5.5 12.5 12 19l6.5-6.5")
            }
            Condition::Interrupted => ("interrupted", "A migration was interrupted", "M12 5v9M12 18.6v.1"),
            Condition::Unreachable => ("unreachable", "The database does not answer", "M6 6l12 12M18 6 6 18"),
        };
        let headline = match (condition, health.pending_count) {
            (Condition::Behind, 1) => "A migration is waiting".into(),
            (Condition::Behind, pending @ 2..) => format!("{pending} migrations are waiting").into(),
            (Condition::Ahead, _) if health.migration_running => format!("{headline}, and is being worked on").into(),
            _ => headline.into(),
        };
        Self { word, headline, sign }
    }
}

/// The page. Its times are told to the minute: the same look a second later makes the same page.
#[must_use]
pub fn page(sample: &Sample, environment: Option<&str>) -> String {
    let health = &sample.health;
    let told = Told::of(sample.condition, health);
    let known = |told: String| if sample.is_known() { told } else { NOT_KNOWN.to_owned() };
    let verdict = if health.compatible { "Compatible" } else { "Not compatible" };
    let available = sample.version.database.total_migrations_available;
    let environment = environment.map_or_else(String::new, |name| {
        format!("<p class=\"environment\"><span class=\"unseen\">Environment: </span>{}</p>", escaped(name))
    });
    let mut page = TEMPLATE.to_owned();
    for (name, text) in [
        ("environment", environment),
        ("condition", told.word.to_owned()),
        ("headline", told.headline.into_owned()),
        ("sign", told.sign.to_owned()),
        ("reason", escaped(&health.compatibility_reason)),
        ("application", version(Some(&health.backend_version))),
        ("required", version(Some(&health.required_db_version))),
        ("database", known(version(health.actual_db_version.as_ref()))),
        ("verdict", known(verdict.to_owned())),
        ("applied", known(format!("{} of {available}", sample.figures.executed))),
        ("last", known(last(health))),
        ("checked", moment(health.checked_at)),
        ("pending", if sample.is_known() { pending(health) } else { String::new() }),
    ] {
        page = page.replace(&format!("{{{{{name}}}}}"), &text);
    }
    page
}

fn last(health: &Health) -> String {
    health.last_migration.as_ref().map_or_else(
        || "none yet".to_owned(),
        |last| format!("{} <small>#{}, {}</small>", escaped(&last.description), last.number, moment(last.applied_at)),
    )
}

fn pending(health: &Health) -> String {
    let all = &health.pending_migrations;
    if all.is_empty() {
        return String::new();
    }
    let mut html = format!(
        "<section class=\"card\" aria-labelledby=\"pending\">\n<h2 id=\"pending\">Pending migrations \
         <span class=\"count\">{}</span></h2>\n<ol class=\"pending\">\n",
        all.len()
    );
    for PendingMigration { number, version, description } in all.iter().take(PENDING_SHOWN_MAX) {
        let _ = writeln!(
            html,
            "<li><span class=\"number\">{number}</span> <span>{}</span> <span class=\"tag\">{version}</span></li>",
            escaped(description)
        );
    }
    html.push_str("</ol>\n");
    if let Some(more @ 1..) = all.len().checked_sub(PENDING_SHOWN_MAX) {
        let _ = writeln!(html, "<p class=\"soft\">and {more} more</p>");
    }
    html.push_str("</section>\n");
    html
}

fn version(version: Option<&Version>) -> String {
    version.map_or_else(|| "empty".to_owned(), |version| escaped(&version.to_string()))
}

/// To the minute, for a person and for a program.
fn moment(at: DateTime<Utc>) -> String {
    let minute = at.timestamp() / 60 * 60;
    let at = DateTime::from_timestamp(minute, 0).unwrap_or(at);
    let exact = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("<time datetime=\"{exact}\">{}</time>", at.format("%-d %b %Y, %H:%M UTC"))
}

/// As text in a document, between tags or in quotes.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, c| {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // What was put in is never taken for a place to put something in.
            '{' => html.push_str("&#123;"),
            c => html.push(c),
        }
        html
    })
}
