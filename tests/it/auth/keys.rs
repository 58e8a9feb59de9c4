//! Keys: which are safe, which sign, and the secret we make ourselves.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use windlass::{
    auth::{AuthError, Keys, MintError},
    config::{Auth, Key},
};

use super::{
    Answer::{Admin, Unauthorised},
    ED_PRIVATE_PREFIX, ED_PUBLIC, ED_PUBLIC_PREFIX, ED_SEED, GOOD_HEADER, SECRET, answer, eddsa, good_claims, hex,
    hold, hs256, load, now, part, pem, token, write,
};

#[test]
fn what_we_mint_is_believed_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    let private = pem("PRIVATE KEY", ED_PRIVATE_PREFIX, ED_SEED);
    for key in [hs256("a", SECRET), eddsa(&folder, "e", &private)] {
        let keys = load(vec![key]).unwrap();
        let token = keys.mint("ada", 1, &["system".to_owned()], Duration::from_mins(1), now()).unwrap();

        let principal = keys.verify(&token, now()).unwrap();
        assert_eq!((principal.subject.as_str(), principal.level, principal.is_admin()), ("ada", 1, true));
        assert!(keys.verify(&token, now() + TimeDelta::seconds(64)).is_ok());
        assert!(keys.verify(&token, now() + TimeDelta::seconds(65)).is_err());
        assert!(keys.verify(&token, now() - TimeDelta::seconds(6)).is_err());
    }
}

/// Goal: a public key never becomes a secret, and each token names its key when there are several.
#[test]
fn each_key_has_its_own_algorithm() {
    let folder = tempfile::tempdir().unwrap();
    let private = pem("PRIVATE KEY", ED_PRIVATE_PREFIX, ED_SEED);
    let public = pem("PUBLIC KEY", ED_PUBLIC_PREFIX, ED_PUBLIC);
    let private_side = load(vec![eddsa(&folder, "e", &private)]).unwrap();
    let keys = load(vec![eddsa(&folder, "e", &public), hs256("a", SECRET)]).unwrap();

    let good = private_side.mint("ada", 1, &["system".to_owned()], Duration::from_mins(1), now()).unwrap();
    assert_eq!(answer(&keys, &good), Admin, "a public key verifies what its private key signed");

    let claims = good_claims().to_string();
    for secret in [public.as_bytes().to_vec(), hex(ED_PUBLIC), public.trim().as_bytes().to_vec()] {
        let signed = format!("{}.{}", part(r#"{"alg":"HS256","kid":"e"}"#), part(&claims));
        let signature = crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(&secret), Algorithm::HS256).unwrap();
        assert_eq!(answer(&keys, &format!("{signed}.{signature}")), Unauthorised);
    }
    hold(
        &keys,
        &[
            ("the secret under its own name", token(GOOD_HEADER, &claims), Admin),
            ("the secret under the other name", token(r#"{"alg":"HS256","kid":"e"}"#, &claims), Unauthorised),
            ("the other algorithm", token(r#"{"alg":"EdDSA","kid":"a"}"#, &claims), Unauthorised),
            ("no name, two keys", token(r#"{"alg":"HS256"}"#, &claims), Unauthorised),
        ],
    );
    let token = keys.mint("ada", 1, &[], Duration::from_mins(1), now()).unwrap();
    assert!(keys.verify(&token, now()).is_ok(), "the first key that can sign signs");
}

#[test]
fn keys_that_are_not_safe_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |keys| load(keys).map(|_| ()).expect_err("the keys should have been refused");
    let private = pem("PRIVATE KEY", ED_PRIVATE_PREFIX, ED_SEED);

    assert!(matches!(refused(vec![hs256("a", &SECRET[..31])]), AuthError::Short { bytes: 31, needed: 32, .. }));
    assert!(matches!(refused(vec![hs256("a", SECRET), hs256("a", SECRET)]), AuthError::KeyTwice { .. }));
    for id in ["", "a b", "../a", "ä", &"a".repeat(65)] {
        assert!(matches!(refused(vec![hs256(id, SECRET)]), AuthError::KeyName { .. }), "{id}");
    }
    for text in [
        SECRET,
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        &private.replace("PRIVATE KEY", "CERTIFICATE"),
    ] {
        assert!(matches!(refused(vec![eddsa(&folder, "e", text)]), AuthError::NotEd25519 { .. }), "{text}");
    }
    let both = Key { file: Some("x".into()), ..hs256("a", SECRET) };
    assert!(matches!(refused(vec![both]), AuthError::Material { .. }));
    let neither = Key { secret: None, ..hs256("a", SECRET) };
    assert!(matches!(refused(vec![neither]), AuthError::Material { .. }));
    let open = eddsa(&folder, "e", &private);
    fs::set_permissions(open.file.as_ref().unwrap(), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(refused(vec![open]), AuthError::File { .. }));
}

#[test]
fn only_a_key_that_can_sign_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let public = || eddsa(&folder, "e", &pem("PUBLIC KEY", ED_PUBLIC_PREFIX, ED_PUBLIC));
    let auth = |keys, signing: &str| Auth { keys, signing_key: Some(signing.to_owned()), ..Auth::default() };

    let keys = load(vec![public()]).unwrap();
    assert_eq!(keys.mint("ada", 1, &[], Duration::from_mins(1), now()), Err(MintError::NoSigningKey));
    for signing in ["e", "b"] {
        let refused = Keys::load(&auth(vec![public(), hs256("a", SECRET)], signing), Path::new("/nowhere"));
        assert!(matches!(refused, Err(AuthError::SigningKey { .. })));
    }
    let keys = Keys::load(&auth(vec![hs256("a", SECRET), hs256("b", SECRET)], "b"), Path::new("/nowhere")).unwrap();
    let token = keys.mint("ada", 1, &[], Duration::from_mins(1), now()).unwrap();
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap(), json!({"alg": "HS256", "typ": "JWT", "kid": "b"}));
}

#[test]
fn no_token_is_made_that_would_not_be_believed() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let mint = |subject: &str, seconds| keys.mint(subject, 1, &[], Duration::from_secs(seconds), now());

    assert!(mint("ada", 3600).is_ok());
    assert!(matches!(mint("ada", 3601), Err(MintError::Lifetime { .. })));
    assert!(matches!(mint("ada", 0), Err(MintError::Lifetime { .. })));
    assert!(matches!(mint("ada", u64::MAX), Err(MintError::Lifetime { .. })));
    assert!(matches!(mint("", 60), Err(MintError::Subject { .. })));
    assert!(matches!(mint("a\u{1b}[2J", 60), Err(MintError::Subject { .. })));
}

#[test]
fn without_a_key_a_secret_is_made_once_and_is_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let load = || Keys::load(&Auth::default(), &data);

    let token = load().unwrap().mint("ada", 1, &["system".to_owned()], Duration::from_mins(1), now()).unwrap();

    assert_eq!(answer(&load().unwrap(), &token), Admin, "the second start reads what the first one made");
    assert_eq!((mode(&data), mode(&data.join("auth.key"))), (0o700, 0o600));
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing is left aside");
    assert!(fs::read_to_string(data.join("auth.key")).unwrap().trim().len() >= 32);

    for loose in [0o620, 0o604, 0o666] {
        fs::set_permissions(data.join("auth.key"), fs::Permissions::from_mode(loose)).unwrap();
        assert!(matches!(load(), Err(AuthError::File { .. })), "{loose:o}");
    }
}

#[test]
fn a_secret_of_our_own_that_was_tampered_with_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth.key");
    let load = || Keys::load(&Auth::default(), folder.path());

    write(&path, "short\n", 0o600);
    assert!(matches!(load(), Err(AuthError::Short { .. })));
    write(&path, "", 0o600);
    assert!(matches!(load(), Err(AuthError::File { .. })));
    fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
    assert!(matches!(load(), Err(AuthError::File { .. })));
}

#[test]
fn many_first_starts_at_once_end_with_one_secret() {
    let folder = tempfile::tempdir().unwrap();
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let start = || {
            let keys = Keys::load(&Auth::default(), folder.path()).unwrap();
            keys.mint("ada", 1, &["system".to_owned()], Duration::from_mins(1), now()).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let keys = Keys::load(&Auth::default(), folder.path()).unwrap();
    assert!(tokens.iter().all(|token| answer(&keys, token) == Admin));
}

#[test]
fn a_key_is_never_shown() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    assert!(!format!("{keys:?}").contains(SECRET));
    let says = load(vec![hs256("a", "hunter2")]).map(|_| ()).unwrap_err();
    assert!(!format!("{says} {says:?}").contains("hunter2"));
}
