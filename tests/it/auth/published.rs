//! Keys that are published at an address, by a server that behaves and by ones that do not.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::harness::{
    PATIENCE,
    database::On,
    eventually,
    ship::Ship,
    signer::{Signer, admin_claims, set},
};

/// How the publisher answers.
#[derive(Clone)]
enum Manner {
    Set(String),
    /// Once it is told to.
    SetWhen(String, Arc<Notify>),
    Status(u16),
    RedirectsTo(String),
    Endless,
    Hangs,
}

/// A publisher of keys on this machine.
struct Publisher {
    address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<AtomicUsize>,
}

impl Publisher {
    async fn of(text: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (manner, asked) = (Arc::new(Mutex::new(Manner::Set(text))), Arc::<AtomicUsize>::default());
        let (shown, counted) = (manner.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream, shown.lock().unwrap().clone()));
            }
        });
        Self { address, manner, asked }
    }

    fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    fn becomes(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: TcpStream, manner: Manner) {
    let mut head = [0; 4096];
    let _ = stream.read(&mut head).await;
    let whole = |status: &str, more: &str, body: &str| {
        format!("HTTP/1.1 {status} x\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    let text = match manner {
        Manner::Set(text) => whole("200", "", &text),
        Manner::SetWhen(text, told) => {
            told.notified().await;
            whole("200", "", &text)
        }
        Manner::Status(status) => whole(&status.to_string(), "", "{}"),
        Manner::RedirectsTo(url) => whole("302", &format!("location: {url}\r\n"), ""),
        Manner::Hangs => return std::future::pending().await,
        Manner::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 x\r\n\r\n{\"keys\": [").await;
            while stream.write_all(&[b' '; 8192]).await.is_ok() {}
            return;
        }
    };
    let _ = stream.write_all(text.as_bytes()).await;
}

fn token(signer: &Signer) -> String {
    signer.token(&admin_claims(windlass::clock::Clock::system().now().timestamp()))
}

async fn status(ship: &Ship, token: &str) -> u16 {
    ship.caller(Some(token)).get("/api/migration/logs").await.status
}

async fn served(publisher: &Publisher, refresh: &str) -> Ship {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("auth.jwks", &publisher.url());
    ship.set("auth.jwks_refresh", refresh);
    ship.serve().await;
    ship
}

/// Goal: a new key is believed with the first token that names it, and a key that was taken away is not for long.
#[tokio::test]
async fn keys_come_and_go_as_they_are_published() {
    let (old, new) = (Signer::rsa("old"), Signer::p256("new"));
    let publisher = Publisher::of(set(&[&old])).await;
    let ship = served(&publisher, "1s").await;
    eventually("the old key is here", async || (status(&ship, &token(&old)).await == 200).then_some(())).await;
    assert_eq!(status(&ship, &token(&new)).await, 401);

    publisher.becomes(Manner::Set(set(&[&old, &new])));
    eventually("the new key is here", async || (status(&ship, &token(&new)).await == 200).then_some(())).await;
    publisher.becomes(Manner::Set(set(&[&new])));
    eventually("the old key is gone", async || (status(&ship, &token(&old)).await == 401).then_some(())).await;
    assert_eq!(status(&ship, &token(&new)).await, 200);
}

/// Goal: a token with a new key is believed although nobody has fetched it yet; and nobody makes the service ask the
/// publisher more than once a minute. Method: a refresh that never comes, then a hundred tokens of keys that are nowhere.
#[tokio::test]
async fn an_unknown_key_is_asked_for_once_a_minute_at_most() {
    let (old, new, stranger) = (Signer::ed25519("old"), Signer::ed25519("new"), Signer::ed25519("stranger"));
    let publisher = Publisher::of(set(&[&old])).await;
    let ship = served(&publisher, "1h").await;
    eventually("the old key is here", async || (status(&ship, &token(&old)).await == 200).then_some(())).await;
    let before = publisher.asked();
    publisher.becomes(Manner::Set(set(&[&old, &new])));

    let many: Vec<_> = (0..20).map(|_| token(&new)).collect();
    let answers = futures_util::future::join_all(many.iter().map(|token| status(&ship, token))).await;

    assert_eq!(answers, [200; 20], "the first token that names it, and those that came with it");
    for _ in 0..100 {
        assert_eq!(status(&ship, &token(&stranger)).await, 401);
    }
    assert!(publisher.asked() - before <= 1, "{} times", publisher.asked() - before);
}

/// Goal: who comes before the first keys are here waits for them, has nothing fetched, and takes nobody the fetch that a
/// minute allows. Method: the publisher holds its first answer back until somebody has been seen waiting; then the keys change.
#[tokio::test]
async fn who_comes_before_the_first_keys_waits_for_them() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let (publisher, told) = (Publisher::of(String::new()).await, Arc::<Notify>::default());
    publisher.becomes(Manner::SetWhen(set(&[&old]), Arc::clone(&told)));
    let ship = served(&publisher, "1h").await;
    let of_old = token(&old);
    let asking = status(&ship, &of_old);
    tokio::pin!(asking);

    let early = tokio::time::timeout(Duration::from_millis(200), &mut asking).await;

    assert!(early.is_err(), "no key is here, and {early:?} came");
    // Whoever had asked as well is answered as well, and counted.
    told.notify_waiters();
    told.notify_one();
    assert_eq!((asking.await, publisher.asked()), (200, 1));
    publisher.becomes(Manner::Set(set(&[&old, &new])));
    assert_eq!((status(&ship, &token(&new)).await, publisher.asked()), (200, 2));
}

/// Goal: hanging up buys no second fetch. Method: the publisher hangs; five callers with a key that is nowhere give up after a
/// fifth of a second, and one waits for its answer.
#[tokio::test]
async fn callers_that_hang_up_do_not_have_the_publisher_asked_again() {
    let (old, stranger) = (Signer::ed25519("old"), Signer::ed25519("stranger"));
    let publisher = Publisher::of(set(&[&old])).await;
    let ship = served(&publisher, "1h").await;
    eventually("the old key is here", async || (status(&ship, &token(&old)).await == 200).then_some(())).await;
    let before = publisher.asked();
    publisher.becomes(Manner::Hangs);

    for _ in 0..5 {
        let answer = tokio::time::timeout(Duration::from_millis(200), status(&ship, &token(&stranger))).await;
        assert!(answer.is_err(), "the publisher hangs, and {answer:?} came");
    }
    let answered = status(&ship, &token(&stranger)).await;

    assert_eq!((answered, publisher.asked() - before), (401, 1));
}

/// Goal: a publisher that hangs holds up nothing else. Method: while a fetch is under way, the deny list names the token.
#[tokio::test]
async fn a_token_is_denied_while_the_publisher_hangs() {
    let good = Signer::ed25519("good");
    let publisher = Publisher::of(set(&[&good])).await;
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    let denied = ship.folder().join("denied");
    std::fs::write(&denied, "").unwrap();
    ship.set("auth.jwks", &publisher.url());
    ship.set("auth.jwks_refresh", "1s");
    ship.set("auth.deny_list", &denied.display().to_string());
    ship.serve().await;
    let mut claims = admin_claims(windlass::clock::Clock::system().now().timestamp());
    claims["jti"] = serde_json::json!("T1");
    let token = good.token(&claims);
    eventually("the key is here", async || (status(&ship, &token).await == 200).then_some(())).await;
    publisher.becomes(Manner::Hangs);
    let before = publisher.asked();
    eventually("it is asked again", async || (publisher.asked() > before).then_some(())).await;

    let written = Instant::now();
    let aside = denied.with_extension("aside");
    std::fs::write(&aside, "jti T1\n").unwrap();
    std::fs::rename(&aside, &denied).unwrap();
    eventually("it is denied", async || (status(&ship, &token).await == 401).then_some(())).await;

    assert!(written.elapsed() < Duration::from_secs(2), "{:?}", written.elapsed());
}

/// Goal: a publisher that fails, in whichever way, takes nobody's access and nobody's time.
/// Method: it hangs, sends without end, leads elsewhere, says no; meanwhile the good key is used, and health is asked.
#[tokio::test]
async fn a_publisher_that_fails_changes_nothing() {
    let (good, evil) = (Signer::ed25519("good"), Signer::ed25519("evil"));
    let elsewhere = Publisher::of(set(&[&evil])).await;
    let manners = [
        Manner::RedirectsTo(elsewhere.url()),
        Manner::Status(500),
        Manner::Status(404),
        Manner::Set("{\"keys\": []}".to_owned()),
        Manner::Endless,
        Manner::Hangs,
    ];
    let publisher = Publisher::of(set(&[&good])).await;
    let ship = served(&publisher, "1s").await;
    eventually("the good key is here", async || (status(&ship, &token(&good)).await == 200).then_some(())).await;
    for manner in manners {
        publisher.becomes(manner);
        let (before, began) = (publisher.asked(), Instant::now());
        eventually("it was asked again", async || (publisher.asked() > before).then_some(())).await;
        for _ in 0..20 {
            let asked = Instant::now();
            assert_eq!(status(&ship, &token(&good)).await, 200);
            assert_eq!(ship.anybody().health().await.status, 200);
            assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        }
        assert_eq!(status(&ship, &token(&evil)).await, 401);
        assert!(began.elapsed() < PATIENCE);
    }
    assert_eq!(elsewhere.asked(), 0, "a redirect was followed");
    assert!(ship.log().contains("those from before stay"), "{}", ship.log());
    publisher.becomes(Manner::Set(set(&[&good, &evil])));
    eventually("it is good again", async || (status(&ship, &token(&evil)).await == 200).then_some(())).await;
}

/// Goal: a service starts without its publisher, believes nobody until it is there, and then does.
#[tokio::test]
async fn a_publisher_that_comes_later_is_waited_for() {
    let good = Signer::p256("good");
    let publisher = Publisher::of(set(&[&good])).await;
    publisher.becomes(Manner::Status(503));
    let ship = served(&publisher, "1s").await;
    assert_eq!(status(&ship, &token(&good)).await, 401);
    assert_eq!(ship.anybody().get("/livez").await.status, 200);

    publisher.becomes(Manner::Set(set(&[&good])));

    eventually("it is believed", async || (status(&ship, &token(&good)).await == 200).then_some(())).await;
}

/// Goal: rotation by a file hurts nobody. Method: four callers never stop while the set goes from the old key to both to the new
/// one; no token of a key that is in the set is refused, and none of the old key is believed a second after it was gone.
#[tokio::test]
async fn rotation_by_a_file_under_load_refuses_nobody_it_should_not() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    let path = ship.folder().join("set.json");
    let publish = |keys: &[&Signer]| {
        let aside = path.with_extension("aside");
        std::fs::write(&aside, set(keys)).unwrap();
        std::fs::rename(&aside, &path).unwrap();
        Instant::now()
    };
    publish(&[&old]);
    ship.set("auth.jwks", &path.display().to_string());
    ship.serve().await;
    let (of_old, of_new) = (token(&old), token(&new));
    let is_over = Arc::<AtomicBool>::default();
    let asking = |token: &str| {
        let (is_over, caller) = (is_over.clone(), ship.caller(Some(token)));
        tokio::spawn(async move {
            let mut seen = Vec::new();
            while !is_over.load(Ordering::SeqCst) {
                let sent = Instant::now();
                let status = caller.get("/api/migration/logs").await.status;
                seen.push((sent, Instant::now(), status));
            }
            seen
        })
    };
    let callers = [asking(&of_old), asking(&of_old), asking(&of_new), asking(&of_new)];

    publish(&[&old, &new]);
    eventually("both are here", async || (status(&ship, &of_new).await == 200).then_some(())).await;
    let both = Instant::now();
    let taken_away = publish(&[&new]);
    eventually("the old one is gone", async || (status(&ship, &of_old).await == 401).then_some(())).await;
    let gone = Instant::now();
    for _ in 0..50 {
        assert_eq!(status(&ship, &of_new).await, 200);
    }
    is_over.store(true, Ordering::SeqCst);

    let [one, two, three, four] = callers.map(|caller| async { caller.await.unwrap() });
    let (one, two, three, four) = (one.await, two.await, three.await, four.await);
    let (by_old, by_new) = ([one, two].concat(), [three, four].concat());
    assert!(by_old.len() > 50 && by_new.len() > 50, "{} {}", by_old.len(), by_new.len());
    assert!(gone - taken_away < Duration::from_secs(2), "{:?}", gone - taken_away);
    for (sent, answered, status) in by_old {
        assert!(answered >= taken_away || status == 200, "refused while it was in the set");
        assert!(sent <= gone || status == 401, "believed after it was gone");
    }
    assert!(by_new.iter().all(|(sent, _, status)| *sent <= both || *status == 200), "the new one was refused");

    publish(&[]);
    eventually("nobody is believed", async || (status(&ship, &of_new).await == 401).then_some(())).await;
    assert!(ship.log().contains("no token is believed by it"), "{}", ship.log());
}
