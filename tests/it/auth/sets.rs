//! Public keys of every kind, as files, as sets, and as somebody else publishes them; and tokens that are denied.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
};

use serde_json::{Value, json};
use windlass::{
    auth::{AuthError, Keys},
    config::{Auth, Key, KeyAlgorithm},
};

use super::{
    Answer::{Admin, Unauthorised},
    SECRET, answer, hs256, load, now, write,
};
use crate::harness::signer::{Signer, admin_claims, set};

fn claims() -> Value {
    admin_claims(now().timestamp())
}

fn with_set(path: &Path) -> Auth {
    Auth { jwks: Some(path.display().to_string()), ..Auth::default() }
}

fn all_kinds() -> [Signer; 3] {
    [Signer::ed25519("e"), Signer::p256("p"), Signer::rsa("r")]
}

#[test]
fn tokens_of_every_public_key_are_believed_by_pem_and_by_set() {
    let folder = tempfile::tempdir().unwrap();
    let signers = all_kinds();
    let key = |signer: &Signer, algorithm| {
        let path = folder.path().join(&signer.id);
        write(&path, &signer.pem(), 0o600);
        Key { id: signer.id.clone(), algorithm, file: Some(path), secret: None }
    };
    let algorithms = [KeyAlgorithm::EdDSA, KeyAlgorithm::ES256, KeyAlgorithm::RS256];
    let by_pem =
        load(signers.iter().zip(algorithms).map(|(signer, algorithm)| key(signer, algorithm)).collect()).unwrap();
    let path = folder.path().join("set.json");
    write(&path, &set(&signers.each_ref()), 0o644);
    let by_set = Keys::load(&with_set(&path), Path::new("/nowhere")).unwrap();

    for keys in [&by_pem, &by_set] {
        for signer in &signers {
            assert_eq!(answer(keys, &signer.token(&claims())), Admin, "{}", signer.id);
            for other in &signers {
                // Another key's signature, name or algorithm is of no use.
                let header = |alg: &str, kid: &str| json!({"alg": alg, "typ": "JWT", "kid": kid}).to_string();
                let is_own = signer.id == other.id;
                let forged = other.sign(&header(signer.algorithm(), &signer.id), &claims().to_string());
                assert_eq!(answer(keys, &forged) == Admin, is_own, "{} as {}", other.id, signer.id);
                let renamed = signer.sign(&header(other.algorithm(), &signer.id), &claims().to_string());
                assert_eq!(answer(keys, &renamed) == Admin, is_own, "{} by {}", other.algorithm(), signer.id);
            }
        }
        assert!(
            keys.mint("ada", 1, &[], std::time::Duration::from_mins(1), now()).is_err(),
            "a public key signs nothing"
        );
    }
}

#[test]
fn a_file_with_another_kind_of_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [ed25519, p256, rsa] = all_kinds();
    let refused = |algorithm, text: &str| {
        let path = folder.path().join("key");
        write(&path, text, 0o600);
        let key = Key { id: "k".to_owned(), algorithm, file: Some(path), secret: None };
        load(vec![key]).map(|_| ()).expect_err("the key should have been refused")
    };
    for (algorithm, wrong) in [(KeyAlgorithm::ES256, &rsa), (KeyAlgorithm::RS256, &p256)] {
        for text in [wrong.pem(), ed25519.pem(), SECRET.to_owned(), wrong.pem().replace("PUBLIC", "PRIVATE")] {
            assert!(matches!(refused(algorithm, &text), AuthError::NotPublic { .. }), "{text}");
        }
        let with_secret = Key { algorithm, ..hs256("k", SECRET) };
        assert!(matches!(load(vec![with_secret]), Err(AuthError::Material { .. })));
    }
}

/// Goal: of a set only what is a public key for signatures is taken, and what is no set keeps the service from starting.
#[test]
fn what_does_not_belong_into_a_set_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.json");
    let (good, bad) = (Signer::p256("good"), Signer::p256("bad"));
    let but = |change: &dyn Fn(&mut Value)| {
        let mut jwk = bad.jwk();
        change(&mut jwk);
        jwk
    };
    let left_out = [
        json!({"kty": "oct", "kid": "bad", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"}),
        but(&|jwk| jwk["use"] = json!("enc")),
        but(&|jwk| jwk["key_ops"] = json!(["encrypt"])),
        but(&|jwk| jwk["alg"] = json!("ES384")),
        but(&|jwk| jwk["alg"] = json!("none")),
        but(&|jwk| jwk["crv"] = json!("P-384")),
        but(&|jwk| jwk["d"] = json!("AAAA")),
        but(&|jwk| jwk["kid"] = json!("../bad")),
        but(&|jwk| jwk["kid"] = json!(1)),
        but(&|jwk| drop(jwk.as_object_mut().unwrap().remove("kid"))),
        but(&|jwk| jwk["x"] = json!("AAAA")),
        but(&|jwk| jwk["y"] = jwk["x"].clone()),
        json!({"kty": "RSA", "kid": "bad", "n": "w".repeat(171), "e": "AQAB"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "bad", "x": "A".repeat(43)}),
        json!("text"),
        json!(null),
    ];
    for jwk in left_out {
        write(&path, &json!({"keys": [jwk, good.jwk()]}).to_string(), 0o644);
        let keys = Keys::load(&with_set(&path), Path::new("/nowhere")).unwrap_or_else(|error| panic!("{jwk}: {error}"));
        assert_eq!(answer(&keys, &good.token(&claims())), Admin, "{jwk}");
        assert_eq!(answer(&keys, &bad.token(&claims())), Unauthorised, "{jwk}");
    }
    let many: Vec<Value> = (0..65).map(|n| but(&|jwk| jwk["kid"] = json!(format!("k{n}")))).collect();
    let large = format!("{}{}", set(&[&good]), " ".repeat(64 * 1024));
    let none = [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        json!({"keys": [good.jwk(), good.jwk()]}).to_string(),
        json!({"keys": many}).to_string(),
        large,
    ];
    for text in none {
        write(&path, &text, 0o644);
        let refused = Keys::load(&with_set(&path), Path::new("/nowhere")).map(|_| ());
        assert!(matches!(refused, Err(AuthError::Set { .. } | AuthError::Public { .. })), "{text:.80}");
    }
    write(&path, &set(&[&good]), 0o666);
    assert!(matches!(Keys::load(&with_set(&path), Path::new("/nowhere")), Err(AuthError::Public { .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(Keys::load(&with_set(&path), Path::new("/nowhere")), Err(AuthError::Public { .. })));
}

#[test]
fn a_set_is_fetched_only_from_an_address_that_nobody_can_pretend_to_be() {
    let at = |url: &str| Keys::load(&Auth { jwks: Some(url.to_owned()), ..Auth::default() }, Path::new("/nowhere"));
    for url in
        ["https://id.example.org/keys", "http://127.0.0.1:9/keys", "http://[::1]:9/keys", "http://localhost/keys"]
    {
        assert!(at(url).is_ok(), "{url}");
    }
    for url in [
        "http://id.example.org/keys",
        "http://127.0.0.1.example.org/keys",
        "http://2130706433.example.org/",
        "ftp://id.example.org/keys",
        "file:///etc/keys.json",
        "https://ada:secret@id.example.org/keys",
        "https://",
        "http://169.254.169.254/keys",
        "http://0.0.0.0/keys",
    ] {
        let refused = at(url).map(|_| ()).expect_err(url);
        assert!(matches!(refused, AuthError::Address { .. }), "{url}");
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}

/// Goal: what is denied is refused at once, and nothing else. Method: one token by name, one subject by time, to the second.
#[test]
fn what_the_deny_list_names_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denied");
    let signer = Signer::ed25519("e");
    let sets = folder.path().join("set.json");
    write(&sets, &set(&[&signer]), 0o644);
    let text = "# lost on a train\n\njti T1\n  jti   T2  \nsubject ada 2027-01-15T07:59:50Z\nsubject ada 2027-01-15T07:00:00Z\n\
                subject a b 2027-01-15T08:00:00+00:00\n";
    write(&path, text, 0o600);
    let keys = Keys::load(&Auth { deny_list: Some(path.clone()), ..with_set(&sets) }, Path::new("/nowhere")).unwrap();
    let at = now().timestamp();
    let token = |sub: &str, iat: i64, jti: Option<&str>| {
        let mut claims = claims();
        (claims["sub"], claims["iat"]) = (json!(sub), json!(iat));
        if let Some(jti) = jti {
            claims["jti"] = json!(jti);
        }
        signer.token(&claims)
    };
    for (sub, iat, jti, expected) in [
        ("grace", at, Some("T1"), Unauthorised),
        ("grace", at, Some("T2"), Unauthorised),
        ("grace", at, Some("T3"), Admin),
        ("grace", at, Some("t1"), Admin),
        ("grace", at, None, Admin),
        ("ada", at - 11, None, Unauthorised),
        ("ada", at - 10, None, Admin),
        ("ada", at, Some("T1"), Unauthorised),
        ("a b", at - 1, None, Unauthorised),
        ("a b", at, None, Admin),
        ("Ada", at - 11, None, Admin),
    ] {
        assert_eq!(answer(&keys, &token(sub, iat, jti)), expected, "{sub} {iat} {jti:?}");
    }

    for (line, text) in
        [(1, "jti"), (1, "jti a b"), (2, "\nT1"), (1, "subject ada"), (1, "subject ada yesterday"), (3, "#\n\nJTI x")]
    {
        write(&path, text, 0o600);
        let refused = Keys::load(&Auth { deny_list: Some(path.clone()), ..with_set(&sets) }, Path::new("/nowhere"));
        assert!(matches!(refused, Err(AuthError::DenyList { line: found, .. }) if found == line), "{text}");
    }
    fs::remove_file(&path).unwrap();
    let refused = Keys::load(&Auth { deny_list: Some(path), ..with_set(&sets) }, Path::new("/nowhere"));
    assert!(matches!(refused, Err(AuthError::Public { setting: "auth.deny_list", .. })));
}

/// Goal: a file that changes is taken over, one that is damaged is not, and one that is mended is again.
#[test]
fn files_are_read_again_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let (sets, denied) = (folder.path().join("set.json"), folder.path().join("denied"));
    let (one, two) = (Signer::ed25519("one"), Signer::p256("two"));
    write(&sets, &set(&[&one]), 0o644);
    write(&denied, "", 0o600);
    let keys = Keys::load(&Auth { deny_list: Some(denied.clone()), ..with_set(&sets) }, Path::new("/nowhere")).unwrap();
    let mut told = claims();
    told["jti"] = json!("T1");
    let must_be = |expected: [super::Answer; 2], what: &str| {
        keys.reload();
        assert_eq!([answer(&keys, &one.token(&told)), answer(&keys, &two.token(&claims()))], expected, "{what}");
    };
    must_be([Admin, Unauthorised], "at first");
    write(&sets, &set(&[&one, &two]), 0o644);
    must_be([Admin, Admin], "one is added");
    write(&sets, "{", 0o644);
    must_be([Admin, Admin], "damaged");
    write(&denied, "jti T1\n", 0o600);
    must_be([Unauthorised, Admin], "a damaged set keeps its keys, and holds up no denial");
    write(&sets, &set(&[&one, &two]), 0o644);
    must_be([Unauthorised, Admin], "mended");
    write(&denied, "# nobody\n", 0o600);
    write(&sets, &set(&[&two]), 0o644);
    must_be([Unauthorised, Admin], "one is taken away");
    fs::remove_file(&sets).unwrap();
    must_be([Unauthorised, Admin], "the file is gone");
}

/// Goal: what is written while the files are read is not missed. Method: one thread reads all the time; again and again what is
/// damaged is written, and at once what is good.
#[test]
fn what_is_written_while_files_are_read_is_not_missed() {
    const ROUNDS: usize = 500;
    let folder = tempfile::tempdir().unwrap();
    let (path, aside) = (folder.path().join("set.json"), folder.path().join("aside"));
    let publish = |text: &str| {
        write(&aside, text, 0o644);
        fs::rename(&aside, &path).unwrap();
    };
    let signers = [Signer::ed25519("one"), Signer::p256("two")];
    let sets = signers.each_ref().map(|signer| (set(&[signer]), signer.token(&claims())));
    publish(&sets[1].0);
    let keys = Keys::load(&with_set(&path), Path::new("/nowhere")).unwrap();
    let (read, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut missed = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(SeqCst) {
                keys.reload();
                read.fetch_add(1, SeqCst);
            }
        });
        for (set, token) in sets.iter().cycle().take(ROUNDS) {
            publish("{");
            publish(set);
            // The second one from here on began after it was written.
            let before = read.load(SeqCst);
            while read.load(SeqCst) < before + 2 {
                thread::yield_now();
            }
            missed += usize::from(answer(&keys, token) != Admin);
        }
        is_over.store(true, SeqCst);
    });
    assert_eq!(missed, 0, "of {ROUNDS}");
}

/// Goal: the last key can be taken away. Method: the set is empty; then it holds only what is of no use, which is a mistake.
#[test]
fn the_last_key_of_a_set_can_be_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.json");
    let (one, two) = (Signer::ed25519("one"), Signer::p256("two"));
    write(&path, &set(&[&one]), 0o644);
    let keys = Keys::load(&with_set(&path), Path::new("/nowhere")).unwrap();
    let must_be = |expected: [super::Answer; 2], what: &str| {
        keys.reload();
        assert_eq!([answer(&keys, &one.token(&claims())), answer(&keys, &two.token(&claims()))], expected, "{what}");
    };
    must_be([Admin, Unauthorised], "at first");
    write(&path, r#"{"keys": []}"#, 0o644);
    must_be([Unauthorised, Unauthorised], "nobody is believed");
    write(&path, &set(&[&two]), 0o644);
    must_be([Unauthorised, Admin], "another one is");
    write(&path, r#"{"keys": [{"kty": "oct", "kid": "one", "k": "AAAA"}]}"#, 0o644);
    must_be([Unauthorised, Admin], "a set of what is of no use");
    write(&path, r#"{"keys": [ ]}"#, 0o644);
    must_be([Unauthorised, Unauthorised], "nobody again");
    let again =
        Keys::load(&with_set(&path), Path::new("/nowhere")).expect("a service that starts now believes nobody too");
    assert_eq!(answer(&again, &one.token(&claims())), Unauthorised);
    assert!(again.mint("ada", 1, &[], std::time::Duration::from_mins(1), now()).is_err(), "no secret was made instead");
}

#[test]
fn a_deny_list_may_have_a_mebibyte_and_no_more() {
    const BYTES_MAX: usize = 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let (sets, denied) = (folder.path().join("set.json"), folder.path().join("denied"));
    let signer = Signer::ed25519("e");
    write(&sets, &set(&[&signer]), 0o644);
    let load = |bytes: usize| {
        let last = "jti LAST\n";
        write(&denied, &format!("{}\n{last}", "#".repeat(bytes - last.len() - 1)), 0o600);
        Keys::load(&Auth { deny_list: Some(denied.clone()), ..with_set(&sets) }, Path::new("/nowhere"))
    };
    let mut told = claims();
    told["jti"] = json!("LAST");

    let keys = load(BYTES_MAX).unwrap();
    assert_eq!(answer(&keys, &signer.token(&told)), Unauthorised);
    assert_eq!(answer(&keys, &signer.token(&claims())), Admin);
    let refused = load(BYTES_MAX + 1).map(|_| ()).expect_err("too large");
    assert!(refused.to_string().contains("auth.deny_list") && refused.to_string().contains("1024 KiB"), "{refused}");
}
