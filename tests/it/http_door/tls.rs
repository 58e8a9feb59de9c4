//! TLS at windlass itself, and tokens that come without it.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use axum::http::{Method, StatusCode};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, tls::Version};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use windlass::lifecycle::Caller;

use super::{Door, request};
use crate::harness::{
    PATIENCE,
    database::On,
    eventually,
    ship::{Called, Ship},
};

/// A certificate of its own making for `localhost`, and its key, both in PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn fresh() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Somebody who trusts this certificate and no other.
    fn client(&self) -> Client {
        let root = Certificate::from_pem(self.certificate.as_bytes()).unwrap();
        Client::builder().tls_certs_only([root]).timeout(PATIENCE).no_proxy().build().unwrap()
    }
}

/// The two files, in the ship's folder.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn of(ship: &mut Ship) -> Self {
        let files = Self { certificate: ship.folder().join("tls.crt"), key: ship.folder().join("tls.key") };
        ship.set("server.tls_certificate", files.certificate.to_str().unwrap());
        ship.set("server.tls_key", files.key.to_str().unwrap());
        files
    }

    fn hold(&self, certificate: &str, key: &str) {
        fs::write(&self.certificate, certificate).unwrap();
        fs::write(&self.key, key).unwrap();
        fs::set_permissions(&self.key, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A service with this certificate.
async fn serving(pair: &Pair) -> (Ship, Files) {
    let mut ship = Ship::with_sample(On::Sqlite).await;
    let files = Files::of(&mut ship);
    files.hold(&pair.certificate, &pair.key);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.serve().await;
    (ship, files)
}

/// Where the service is, by the name that its certificate has.
fn address(ship: &Ship) -> String {
    assert!(ship.url().starts_with("https://127.0.0.1:"), "{}", ship.url());
    ship.url().replace("127.0.0.1", "localhost")
}

#[tokio::test]
async fn whoever_trusts_the_certificate_is_answered_over_tls() {
    let pair = Pair::fresh();
    let (ship, files) = serving(&pair).await;
    let url = address(&ship);

    let answer = pair.client().get(format!("{url}/livez")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000");
    let stranger = Pair::fresh().client().get(format!("{url}/livez")).send().await.unwrap_err();
    assert!(stranger.is_connect(), "{stranger:?}");
    let elsewhere = pair.client().get(format!("{}/livez", ship.url())).send().await.unwrap_err();
    assert!(elsewhere.is_connect(), "a name that the certificate does not have: {elsewhere:?}");

    let token = ship.token(&[]).await;
    let mut far = ship.elsewhere(&url, Some(&token), &["status", "--json"]);
    far.env("SSL_CERT_FILE", &files.certificate);
    let called = Called::of(&far.output().await.unwrap()).exits(0);
    assert_eq!(called.json()["compatibility"], ship.cli(&["status", "--json"]).await.json()["compatibility"]);
}

/// Goal: only versions that are sound. Method: a caller who speaks nothing newer than each of them.
#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let pair = Pair::fresh();
    let (ship, _) = serving(&pair).await;
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let root = Certificate::from_pem(pair.certificate.as_bytes()).unwrap();
        let builder = Client::builder().tls_certs_only([root]).tls_version_min(version).tls_version_max(version);
        let answer = builder.no_proxy().build().unwrap().get(format!("{}/livez", address(&ship))).send().await;
        assert_eq!(answer.unwrap().status(), StatusCode::OK, "{version:?}");
    }
}

#[tokio::test]
async fn plain_http_is_told_to_use_https_and_garbage_is_let_go() {
    let (ship, _) = serving(&Pair::fresh()).await;
    let socket = ship.url().trim_start_matches("https://").to_owned();
    for (sent, expected) in [("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n", "use https"), ("\u{16}\u{3}\u{1}garbage", "")] {
        let mut stream = TcpStream::connect(&socket).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it is let go");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(expected) && !answer.contains("alive"), "{sent:?}: {answer:?}");
    }
}

/// Goal: a certificate is renewed without a restart, and a renewal that is half done, or broken, harms nobody.
#[tokio::test]
async fn a_renewed_certificate_is_used_and_a_broken_one_is_not() {
    let (old, new) = (Pair::fresh(), Pair::fresh());
    let (ship, files) = serving(&old).await;
    let url = format!("{}/livez", address(&ship));
    let asked = async |pair: &Pair| pair.client().get(&url).send().await.is_ok();
    assert!(asked(&old).await && !asked(&new).await);

    files.hold(&new.certificate, &old.key);
    eventually("it says that they are no pair", async || {
        ship.log().contains("server.tls_key does not belong to").then_some(())
    })
    .await;
    assert!(asked(&old).await && !asked(&new).await);

    files.hold(&new.certificate, &new.key);
    eventually("the new one is used", async || asked(&new).await.then_some(())).await;
    assert!(!asked(&old).await);
}

#[tokio::test]
async fn files_that_cannot_be_used_keep_it_from_starting() {
    let pair = Pair::fresh();
    let mut ship = Ship::with_sample(On::Sqlite).await;
    let files = Files::of(&mut ship);
    let missing = ship.cli(&["serve"]).await.exits(78);
    assert!(missing.stderr.contains("tls.crt"), "{missing:?}");
    let cases = [
        ("", pair.key.as_str(), "holds no certificate"),
        (&pair.key, &pair.key, "holds no certificate"),
        (&pair.certificate, "nothing", "holds no private key"),
        (&pair.certificate, &pair.certificate, "holds no private key"),
        (&pair.certificate, &Pair::fresh().key, "does not belong to the first certificate"),
    ];
    for (certificate, key, expected) in cases {
        files.hold(certificate, key);
        let refused = ship.cli(&["serve"]).await.exits(78);
        assert!(refused.stderr.contains(expected), "{expected}: {refused:?}");
        assert!(!refused.stderr.contains(key) || key == "nothing", "a key is told: {refused:?}");
    }
    files.hold(&pair.certificate, &pair.key);
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
    let open = ship.cli(&["serve"]).await.exits(78);
    assert!(open.stderr.contains("tls.key") && open.stderr.contains("644"), "{open:?}");
    ship.set("server.tls_key", "");
    let alone = ship.cli(&["serve"]).await.exits(78);
    assert!(alone.stderr.contains("server.tls_key"), "{alone:?}");
}

/// Goal: a token that others could read on its way is not taken; whoever comes without one learns nothing new.
#[tokio::test]
async fn a_token_over_a_network_needs_tls_or_a_proxy_that_is_known() {
    let door = Door::with(|server| server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()]);
    let token = door.token(1, &["system"]);
    let cases = [
        ("127.0.0.1", false, 200),
        ("::1", false, 200),
        ("::ffff:127.0.0.1", false, 200),
        ("10.1.2.3", false, 200),
        ("192.0.2.1", false, 403),
        ("2001:db8::1", false, 403),
        ("192.0.2.1", true, 200),
    ];
    for (peer, is_private, expected) in cases {
        let caller = Caller { peer: (peer.parse::<std::net::IpAddr>().unwrap(), 4000).into(), is_private };
        let ask = |path: &str| request(Method::GET, path).extension(caller);
        let answer = door.ask(ask("/api/migration/status").header("authorization", format!("Bearer {token}"))).await;
        assert_eq!(answer.status.as_u16(), expected, "{peer} {is_private}");
        if expected == 403 {
            answer.must_be_problem("token-in-clear", 403);
        }
        door.ask(ask("/api/migration/status")).await.must_be_problem("unauthenticated", 401);
        assert_ne!(door.ask(ask("/livez")).await.status, StatusCode::FORBIDDEN, "{peer}");
    }
}
