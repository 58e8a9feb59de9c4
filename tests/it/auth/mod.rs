//! Tokens: every way to cheat that we know, and every boundary, each with its answer.

mod keys;
mod published;
mod reloaded;
mod sets;
mod timing;
mod tokens;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use tempfile::TempDir;
use windlass::{
    auth::{AuthError, Keys},
    config::{Auth, Key, KeyAlgorithm},
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// RFC 8032, section 7.1, test 1.
const ED_SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const ED_PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
/// RFC 8410, section 7: what stands before the seed of a private key, and section 4 for a public one.
const ED_PRIVATE_PREFIX: &str = "302e020100300506032b657004220420";
const ED_PUBLIC_PREFIX: &str = "302a300506032b6570032100";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn pem(label: &str, prefix: &str, key: &str) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(hex(&format!("{prefix}{key}"))))
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn hs256(id: &str, secret: &str) -> Key {
    Key { id: id.to_owned(), algorithm: KeyAlgorithm::HS256, file: None, secret: Some(secret.to_owned().into()) }
}

fn eddsa(folder: &TempDir, id: &str, text: &str) -> Key {
    let path = folder.path().join(id);
    write(&path, text, 0o600);
    Key { id: id.to_owned(), algorithm: KeyAlgorithm::EdDSA, file: Some(path), secret: None }
}

fn load(keys: Vec<Key>) -> Result<Keys, AuthError> {
    Keys::load(&Auth { keys, ..Auth::default() }, Path::new("/nowhere"))
}

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// A token of any header and claims, signed with the secret under HS256 whatever the header says.
fn token(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(SECRET.as_bytes()), Algorithm::HS256);
    format!("{signed}.{}", signature.unwrap())
}

const GOOD_HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"a"}"#;

fn good_claims() -> Value {
    let at = now().timestamp();
    json!({"iss": "windlass", "aud": "windlass", "sub": "ada", "iat": at, "exp": at + 600,
           "level": 1, "permissions": ["system"]})
}

/// The good claims with one of them changed, or taken away by `null` as a Rust `None`.
fn with(name: &str, value: impl Into<Option<Value>>) -> String {
    let mut claims = good_claims();
    match value.into() {
        Some(value) => claims[name] = value,
        None => drop(claims.as_object_mut().unwrap().remove(name)),
    }
    claims.to_string()
}

/// The good claims with raw text added, for what a JSON value cannot hold.
fn and(raw: &str) -> String {
    let claims = good_claims().to_string();
    format!("{},{raw}}}", claims.strip_suffix('}').unwrap())
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Answer {
    Admin,
    Forbidden,
    Unauthorised,
}
use Answer::{Admin, Forbidden, Unauthorised};

fn answer(keys: &Keys, token: &str) -> Answer {
    match keys.verify(token, now()) {
        Ok(principal) if principal.is_admin() => Admin,
        Ok(_) => Forbidden,
        Err(_) => Unauthorised,
    }
}

fn hold(keys: &Keys, cases: &[(&str, String, Answer)]) {
    for (name, token, expected) in cases {
        assert_eq!(answer(keys, token), *expected, "{name}: {token}");
    }
}
