//! Tokens: nobody gets in by chance, and a signed token of any claims gets in only with the right ones.
//!
//! `./test fuzz token`

#![no_main]

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sha2::Sha256;
use windlass::{
    auth::Keys,
    config::{Auth, Key, KeyAlgorithm},
};

const SECRET: &str = "a secret of more than 32 bytes, only for this";
/// The moment of every check, in seconds since 1970.
const NOW: i64 = 1_700_000_000;
/// How far clocks may be apart, in seconds.
const LEEWAY_S: i64 = 5;

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let key = Key { id: "k".into(), algorithm: KeyAlgorithm::HS256, file: None, secret: Some(SECRET.into()) };
    Keys::load(&Auth { keys: vec![key], ..Auth::default() }, std::path::Path::new(".")).expect("keys")
});

// Three lines: a token that nobody signed, then the header and the claims of one that is signed here.
fuzz_target!(|input: &[u8]| {
    let now = DateTime::<Utc>::from_timestamp(NOW, 0).expect("a moment");
    let mut lines = input.splitn(3, |byte| *byte == b'\n').chain([&b""[..], b""]);
    let (Some(raw), Some(header), Some(claims)) = (lines.next(), lines.next(), lines.next()) else { return };
    assert!(KEYS.verify(&String::from_utf8_lossy(raw), now).is_err(), "a token that nobody signed");
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    if KEYS.verify(&token, now).is_ok() {
        let (header, claims): (Value, Value) =
            (serde_json::from_slice(header).expect("a header"), serde_json::from_slice(claims).expect("claims"));
        assert_eq!(header["alg"], "HS256");
        assert!(header.get("crit").is_none());
        let settings = Auth::default();
        assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(&*settings.issuer), Some(&*settings.audience)));
        assert!(claims["exp"].as_i64().is_some_and(|exp| exp > NOW - LEEWAY_S - 1));
        assert!(claims["iat"].as_i64().is_some_and(|iat| iat <= NOW + LEEWAY_S));
    }
});
