//! The way in, and what is said when it is shut.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const SECRET: &str = "hunter2-s3cret";

/// Where the private server is, with the given user, password and database.
fn url(target: &Target, user: &str, database: &str) -> String {
    let server = target.url.rsplit_once('@').expect("a user").1.rsplit_once('/').expect("a database").0;
    format!("postgres://{user}:{SECRET}@{server}/{database}")
}

async fn is_unreachable(url: &str, expected: &str) {
    let engine = at(url);
    let Err(error) = engine.open().await else { panic!("{} let us in", engine.address()) };
    assert!(matches!(error, EngineError::Unreachable { .. }), "{error}");
    for text in [error.to_string(), format!("{error:?}"), engine.address().to_owned()] {
        assert!(!text.contains(SECRET), "{text}");
    }
    assert!(error.to_string().contains(expected), "{error}");
}

/// Goal: a door that is shut says why, and never the password.
#[tokio::test]
async fn a_shut_door_says_why_and_keeps_the_secret() {
    let target = Target::empty().await;
    is_unreachable(&url(&target, "postgres", "no_such_database"), "no_such_database").await;
    is_unreachable(&url(&target, "nobody_here", "postgres"), "nobody_here").await;
    is_unreachable(&format!("postgres://postgres:{SECRET}@127.0.0.1:1/postgres"), "refused").await;
}

/// Goal: the server's own words are scrubbed as well.
/// Method: a server that refuses the password by repeating it (PostgreSQL manual, "Message Formats", `ErrorResponse`).
#[tokio::test]
async fn a_wrong_password_is_not_repeated() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("it works");
    let port = listener.local_addr().expect("it works").port();
    tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.expect("it works");
        let _ = peer.read(&mut [0; 1024]).await.expect("it works");
        let fields = format!("SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed: {SECRET}\0\0");
        let length = u32::try_from(fields.len() + 4).expect("it works").to_be_bytes();
        peer.write_all(&[b"E", &length[..], fields.as_bytes()].concat()).await.expect("it works");
    });
    let url = format!("postgres://app:{SECRET}@127.0.0.1:{port}/app?sslmode=disable");
    is_unreachable(&url, "password authentication failed: ***").await;
}

/// Goal: an address is shown without its secrets, and one that is not understood is refused without them.
#[tokio::test]
async fn an_address_is_shown_without_secrets() {
    let engine = at("postgres://app:s%40cret%3A@db.internal:6000/shop?sslmode=require");
    assert_eq!(engine.address(), "postgres://app@db.internal:6000/shop");

    let url = "postgres://u@h/app?pasword=hidden".to_owned();
    let Err(error) = windlass::engine::at(&url.into()) else { panic!("accepted") };
    assert_eq!(error.to_string(), "target.url is not usable: the parameter pasword is not understood");
}

/// What a server without TLS hears from us after it said so.
async fn heard_without_tls(host: &str, parameters: &str) -> usize {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.expect("it works");
    let port = listener.local_addr().expect("it works").port();
    let hearing = tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.expect("it works");
        peer.read_exact(&mut [0; 8]).await.expect("a request for TLS");
        peer.write_all(b"N").await.expect("it works");
        peer.read(&mut [0; 1024]).await.unwrap_or(0)
    });
    let opened = at(&format!("postgres://app:{SECRET}@{host}:{port}/app{parameters}")).open().await;
    assert!(matches!(opened, Err(EngineError::Unreachable { .. })));
    hearing.await.expect("it works")
}

/// Goal: a server elsewhere is not spoken to in the clear unless the URL allows it; one on this machine is.
/// Method: a server that has no TLS, at an address that is no loopback (0.0.0.0 reaches this machine all the same).
#[tokio::test]
async fn a_server_elsewhere_is_not_spoken_to_in_the_clear() {
    assert_eq!(heard_without_tls("0.0.0.0", "").await, 0);
    assert_eq!(heard_without_tls("0.0.0.0", "?sslmode=require").await, 0);
    assert!(heard_without_tls("0.0.0.0", "?sslmode=prefer").await > 0);
    assert!(heard_without_tls("127.0.0.1", "").await > 0);
}

/// Goal: a target that cannot be written is refused for work, and not for looking.
#[tokio::test]
async fn a_read_only_target_is_only_for_looking() {
    let target = Target::empty().await;
    let database = target.url.rsplit_once('/').expect("it works").1;
    let mut session = target.session().await;
    session
        .execute(&format!("ALTER DATABASE {database} SET default_transaction_read_only = on"))
        .await
        .expect("it works");

    assert!(matches!(target.engine.open().await, Err(EngineError::ReadOnly { .. })));
    let mut looking = target.engine.open_to_read().await.expect("it works");
    assert_eq!(number(&mut looking, "SELECT 1").await, 1);
}

/// Goal: a session for looking cannot write.
#[tokio::test]
async fn looking_writes_nothing() {
    let target = Target::empty().await;
    let mut looking = target.engine.open_to_read().await.expect("it works");
    let failure = looking.execute("CREATE TABLE t (id INT)").await.expect_err("read-only");
    assert!(matches!(failure.error, EngineError::Refused { ref code, .. } if code == "25006"), "{failure}");
}

/// Goal: a session says who answers, and notices a client that is gone.
#[tokio::test]
async fn a_session_knows_its_server_and_has_its_settings() {
    let target = Target::empty().await;
    let mut session = target.session().await;
    assert_eq!(session.server().product, "PostgreSQL");
    assert!(session.server().number.0 >= 13, "{:?}", session.server());
    assert_eq!(number(&mut session, "SELECT pg_backend_pid()").await.to_string(), session.connection_id());
    let set = "SELECT count(*) FROM pg_settings WHERE (name, setting) IN (('client_connection_check_interval', '1000'), \
               ('tcp_user_timeout', '25000'), ('application_name', 'windlass'))";
    assert_eq!(number(&mut session, set).await, 3);
    session.close().await;
}
