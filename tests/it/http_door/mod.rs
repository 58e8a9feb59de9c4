//! The HTTP door, as far as it answers by itself: who comes in, what is refused, what is told from memory.

mod admission;
mod at_once;
mod crafted;
mod crowd;
mod headers;
mod heads;
mod limits;
mod matrix;
mod nested;
mod one_party;
mod openapi;
mod pages;
mod problems;
mod public;
mod shutdown;
mod tls;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, request::Builder},
};
use chrono::{DateTime, Utc};
use semver::Version;
use serde_json::Value;
use tower::ServiceExt;
use windlass::{
    api,
    app::App,
    auth::Keys,
    clock::Clock,
    config::{Auth, Config, Key, KeyAlgorithm, Server},
    model::health::{Condition, Health, HealthStatus, LastMigration, PendingMigration},
    monitor::{DatabaseVersion, Figures, Sample, VersionAnswer},
};

/// Every route for administrators, with the methods it knows.
const ADMIN_ROUTES: [(Method, &str); 18] = [
    (Method::GET, "/api/migration/plan"),
    (Method::GET, "/api/migration/progress"),
    (Method::GET, "/api/migration/status"),
    (Method::GET, "/api/migration/analytics"),
    (Method::GET, "/api/migration/logs"),
    (Method::GET, "/api/migration/snapshots"),
    (Method::GET, "/api/migration/snapshots/01J9Z3M8T6W1X0Y5V4Q2N7KCBD"),
    (Method::GET, "/api/migration/snapshots/status"),
    (Method::POST, "/api/migration/snapshots/01J9Z3M8T6W1X0Y5V4Q2N7KCBD/verify"),
    (Method::POST, "/api/migration/snapshots/01J9Z3M8T6W1X0Y5V4Q2N7KCBD/restore"),
    (Method::POST, "/api/migration/snapshots/prune"),
    (Method::POST, "/api/migration/snapshot"),
    (Method::POST, "/api/migration/start"),
    (Method::POST, "/api/migration/stop"),
    (Method::POST, "/api/migration/validate"),
    (Method::POST, "/api/migration/verify-upgrade"),
    (Method::POST, "/api/migration/rehearse"),
    (Method::POST, "/api/migration/rollback"),
];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A healthy target at 0.5.0.
fn healthy() -> Sample {
    let last = LastMigration {
        number: 5,
        description: "Add learning_category".to_owned(),
        applied_at: now(),
        applied_by: Some("http:ada".to_owned()),
    };
    Sample {
        health: Health {
            status: HealthStatus::Ok,
            backend_version: Version::new(0, 5, 0),
            required_db_version: Version::new(0, 5, 0),
            actual_db_version: Some(Version::new(0, 5, 0)),
            migrations_pending: false,
            pending_count: 0,
            pending_migrations: Vec::new(),
            compatible: true,
            migration_needed: false,
            compatibility_reason: "Versions match".to_owned(),
            last_migration: Some(last.clone()),
            migration_running: false,
            checked_at: now(),
            timestamp: now() + Duration::from_secs(3),
        },
        condition: Condition::Ready,
        figures: Figures { connection_ms: 7, query_ms: 2, tables: 9, executed: 5, valid: true },
        version: VersionAnswer {
            database: DatabaseVersion {
                version: Some(Version::new(0, 5, 0)),
                migration_number: 5,
                last_migration: Some(last),
                total_migrations_available: 5,
            },
            compatible: true,
            reason: "Versions match".to_owned(),
        },
    }
}

/// One that a newer application waits for.
fn behind() -> Sample {
    let mut sample = healthy();
    (sample.health.status, sample.condition) = (HealthStatus::Warning, Condition::Behind);
    sample.health.migrations_pending = true;
    sample.health.pending_count = 1;
    sample.health.pending_migrations =
        vec![PendingMigration { number: 6, version: Version::new(0, 6, 0), description: "Add a field".to_owned() }];
    sample
}

/// A door with a healthy target behind it.
struct Door {
    app: App,
    router: Router,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{:?} is not JSON", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// It must be the problem of this name, whole and well.
    fn must_be_problem(&self, name: &str, status: u16) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:windlass:problem:{name}"), "{problem}");
        assert_eq!((self.status.as_u16(), &problem["status"]), (status, &Value::from(status)), "{problem}");
        for member in ["title", "detail", "next_step"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {problem}");
        }
        problem
    }
}

impl Door {
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Server)) -> Self {
        Self::at(Path::new("data"), change)
    }

    /// With everything that is ever written in this folder.
    fn at(folder: &Path, change: impl FnOnce(&mut Server)) -> Self {
        let key = Key {
            id: "a".to_owned(),
            algorithm: KeyAlgorithm::HS256,
            file: None,
            secret: Some("0123456789abcdef0123456789abcdef".to_owned().into()),
        };
        let mut config = Config { auth: Auth { keys: vec![key], ..Auth::default() }, ..Config::default() };
        config.store.path = folder.join("windlass.db");
        config.snapshots.path = folder.join("snapshots");
        config.target.url = format!("sqlite:{}", folder.join("app.db").display()).into();
        change(&mut config.server);
        let mut app = App::open(config, Clock::fixed(now())).unwrap();
        app.keys = Arc::new(Keys::load(&app.config.auth, Path::new("/nowhere")).unwrap());
        app.health.show(healthy());
        let router = api::router(app.clone());
        Self { app, router }
    }

    /// A valid token of this level and these permissions.
    fn token(&self, level: i64, permissions: &[&str]) -> String {
        let permissions: Vec<_> = permissions.iter().map(ToString::to_string).collect();
        self.app.keys.mint("ada", level, &permissions, Duration::from_mins(10), now()).unwrap()
    }

    /// A request with an administrator's token.
    fn admin(&self, method: Method, path: &str) -> Builder {
        request(method, path).header("authorization", format!("Bearer {}", self.token(1, &["system"])))
    }

    async fn ask(&self, request: Builder) -> Answer {
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(request(Method::GET, path)).await
    }

    /// A request that came over a socket from `peer`.
    async fn ask_from(&self, peer: &str, request: Builder) -> Answer {
        let peer = SocketAddr::new(peer.parse().unwrap(), 40_000);
        self.ask(request.extension(ConnectInfo(peer))).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

fn request(method: Method, path: &str) -> Builder {
    Request::builder().method(method).uri(path)
}
