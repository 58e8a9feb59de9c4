//! Every way to cheat with a token that we can make up, on every route for administrators.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use windlass::{
    api,
    auth::Keys,
    config::{Auth, Key, KeyAlgorithm},
};

use super::{ADMIN_ROUTES, Door, now, request};
use crate::harness::signer::{Signer, admin_claims, set};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The fewest that count.
const CRAFTED_MIN: usize = 10_000;

/// A door with a key of every kind, and what signs for them.
struct Target {
    door: Door,
    signers: [Signer; 3],
}

impl Target {
    fn open(folder: &Path) -> Self {
        let signers = [Signer::ed25519("e"), Signer::p256("p"), Signer::rsa("r")];
        let path = folder.join("set.json");
        std::fs::write(&path, set(&signers.each_ref())).unwrap();
        let secret = Key {
            id: "a".to_owned(),
            algorithm: KeyAlgorithm::HS256,
            file: None,
            secret: Some(SECRET.to_owned().into()),
        };
        let auth = Auth { keys: vec![secret], jwks: Some(path.display().to_string()), ..Auth::default() };
        let mut door = Door::with(|server| server.rate_limit_exempt = vec!["127.0.0.1/32".parse().unwrap()]);
        door.app.keys = Arc::new(Keys::load(&auth, Path::new("/nowhere")).unwrap());
        door.router = api::router(door.app.clone());
        Self { door, signers }
    }

    /// Properly signed by each of the four keys, whatever the claims.
    fn signed(&self, claims: &str) -> Vec<String> {
        let by_signers = self.signers.iter().map(|signer| {
            signer.sign(&json!({"alg": signer.algorithm(), "typ": "JWT", "kid": signer.id}).to_string(), claims)
        });
        by_signers.chain([hs256(r#"{"alg":"HS256","typ":"JWT","kid":"a"}"#, claims, SECRET.as_bytes())]).collect()
    }

    fn good(&self) -> Vec<String> {
        self.signed(&claims().to_string())
    }
}

fn claims() -> Value {
    admin_claims(now().timestamp())
}

fn hs256(header: &str, claims: &str, secret: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

/// Each letter of a good token as another one.
fn letters(target: &Target) -> Vec<String> {
    let other = |token: &str, at: usize, with: char| format!("{}{with}{}", &token[..at], &token[at + 1..]);
    let mut found = Vec::new();
    for token in target.good() {
        for at in 0..token.len() {
            found.extend(['A', '_', '.'].map(|with| other(&token, at, with)));
        }
        found.retain(|crafted| *crafted != token);
    }
    found
}

/// Good tokens that are cut short, and ones with something put in.
fn pieces(target: &Target) -> Vec<String> {
    let mut found = Vec::new();
    for token in target.good() {
        found.extend((1..token.len()).map(|at| token[..at].to_owned()));
        found.extend((1..token.len()).map(|at| token[at..].to_owned()));
        found.extend((0..=token.len()).map(|at| format!("{}A{}", &token[..at], &token[at..])));
        found.extend((1..token.len()).map(|at| format!("{}\t{}", &token[..at], &token[at..])));
        found.extend([format!("{token}."), format!(".{token}"), token.replace('.', ".."), token.repeat(2)]);
    }
    found
}

/// Parts of one good token with parts of another.
fn mixed(target: &Target) -> Vec<String> {
    let mut eve = claims();
    eve["sub"] = json!("eve");
    let all = [target.good(), target.signed(&eve.to_string())].concat();
    let parts: Vec<Vec<&str>> = all.iter().map(|token| token.split('.').collect()).collect();
    let mut found = Vec::new();
    for (one, two, three) in parts.iter().flat_map(|one| {
        parts.iter().flat_map(|two| parts.iter().map(|three| (one.clone(), two.clone(), three.clone())))
    }) {
        let token = format!("{}.{}.{}", one[0], two[1], three[2]);
        if !all.contains(&token) {
            found.push(token);
        }
    }
    found
}

/// What a header may not say besides which key.
const EXTRAS: [&str; 13] = [
    r#""crit":["exp"]"#,
    r#""crit":[]"#,
    r#""b64":false"#,
    r#""jwk":{"kty":"oct","k":"AAAA"}"#,
    r#""jku":"https://example.org/keys""#,
    r#""x5u":"https://example.org/cert""#,
    r#""x5c":["AAAA"]"#,
    r#""cty":"JWT""#,
    r#""zip":"DEF""#,
    r#""typ":"at+jwt""#,
    r#""typ":null"#,
    r#""alg":"none""#,
    r#""kid":"a""#,
];

/// Headers that name another algorithm, another key, or say more than which key; signed in every way there is.
fn headers(target: &Target) -> Vec<String> {
    let spellings = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " ",
        "hs256",
        "HS256 ",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "PS256",
        "ES256",
        "ES384",
        "EdDSA",
        "Ed25519",
        "HS256\\u0000",
        "A128KW",
        "dir",
    ];
    let kids = ["a", "e", "p", "r", "x", "", "../../dev/null", "a' OR '1'='1", "https://example.org/k"];
    let text = claims().to_string();
    let natural: BTreeMap<&str, &str> =
        BTreeMap::from([("a", "HS256"), ("e", "EdDSA"), ("p", "ES256"), ("r", "RS256")]);
    let mut headers: Vec<String> = Vec::new();
    for (alg, kid) in spellings.iter().flat_map(|alg| kids.iter().map(move |kid| (alg, kid))) {
        headers.push(format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"{kid}"}}"#));
    }
    for (kid, alg) in &natural {
        headers.extend(EXTRAS.map(|extra| format!(r#"{{"alg":"{alg}","kid":"{kid}",{extra}}}"#)));
        headers.extend([
            format!(r#"["{alg}","JWT","{kid}"]"#),
            format!(r#"{{"alg":["{alg}"],"kid":"{kid}"}}"#),
            format!(r#"{{"alg":"{alg}","kid":["{kid}"]}}"#),
            format!(r#"{{"alg":"{alg}"}}"#),
            format!(r#"{{"alg":"{alg}","kid":"{kid}"}}{{}}"#),
        ]);
    }
    let good: BTreeSet<String> = target.good().into_iter().collect();
    let mut found = Vec::new();
    for header in headers {
        let mut signed: Vec<String> = target.signers.iter().map(|signer| signer.sign(&header, &text)).collect();
        signed.push(hs256(&header, &text, SECRET.as_bytes()));
        // A public key is no secret.
        for signer in &target.signers {
            signed.extend([signer.pem().into_bytes(), signer.der()].map(|public| hs256(&header, &text, &public)));
        }
        signed.push(format!("{}.", signed[0].rsplit_once('.').unwrap().0));
        found.extend(signed);
    }
    // Header and key agree, and nothing is wrong with these.
    found.retain(|token| !good.contains(token) && !is_right(token, &natural));
    found
}

/// Whether the header names a key with its own algorithm and says nothing else; then the signature decides, and a proper one
/// may be among them.
fn is_right(token: &str, natural: &BTreeMap<&str, &str>) -> bool {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let Ok(Value::Object(header)) = serde_json::from_slice(&header) else { return false };
    let (alg, kid) = (header.get("alg").and_then(Value::as_str), header.get("kid").and_then(Value::as_str));
    header.keys().all(|name| ["alg", "typ", "kid"].contains(&name.as_str()))
        && header.get("typ").is_none_or(|typ| typ == "JWT")
        && kid.and_then(|kid| natural.get(kid).copied()) == alg
        && alg.is_some()
}

/// Claims of another kind, another value, or twice; properly signed by each key.
fn claimed(target: &Target) -> Vec<String> {
    let at = now().timestamp();
    let wrong = |name: &str| -> Vec<Value> {
        let of_any =
            [json!(null), json!(true), json!([]), json!({}), json!(1.5), json!("never"), json!(-1), json!(1e30)];
        let own = match name {
            "iss" | "aud" => vec![json!(""), json!("Windlass"), json!("windlass "), json!(["windlass"]), json!(1)],
            "sub" => vec![json!(""), json!("a\nb"), json!("x".repeat(257)), json!(["ada"]), json!(0)],
            "exp" => {
                vec![json!(at - 5), json!(at), json!(at + 3_601), json!(at.to_string()), json!(0), json!(i64::MAX)]
            }
            "iat" => vec![json!(at + 6), json!(at + 601), json!(at - 3_601), json!(0), json!(at.to_string())],
            "nbf" => vec![json!(at + 6), json!(at + 600), json!(i64::MAX), json!(at.to_string())],
            "jti" => vec![json!(1), json!(["x"])],
            "level" => vec![json!("1"), json!(true), json!([1]), json!(1.0), json!("0x1"), json!({"level": 1})],
            _ => vec![json!("system"), json!({"system": true}), json!([["system"]]), json!([1]), json!(true)],
        };
        // A text may be any name, and a number any level; those are another question.
        let fits = |value: &Value| match name {
            "sub" => value != "never",
            "jti" => !value.is_string(),
            "level" | "nbf" => value != &json!(-1),
            "permissions" => value != &json!([]),
            _ => true,
        };
        of_any.into_iter().chain(own).filter(fits).collect()
    };
    let mut found = Vec::new();
    for name in ["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "level", "permissions"] {
        for value in wrong(name) {
            let mut claims = claims();
            claims[name] = value;
            found.extend(target.signed(&claims.to_string()));
        }
        let twice = claims().to_string().replacen('{', &format!("{{\"{name}\":{},", claims()[name]), 1);
        if claims().get(name).is_some() {
            found.extend(target.signed(&twice));
        }
    }
    for name in ["iss", "aud", "sub", "exp", "iat"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        found.extend(target.signed(&claims.to_string()));
    }
    for text in ["", "{}", "[]", "null", "1", "\"x\"", "{", "{}{}", &"[".repeat(3_000), &format!("[{}]", claims())] {
        found.extend(target.signed(text));
    }
    found
}

/// Goal: none of more than ten thousand crafted tokens opens any route for administrators, and none tells more than another.
/// Method: make them by classes, send each to each route through the real router, and compare the answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_crafted_token_opens_any_route() {
    let folder = tempfile::tempdir().unwrap();
    let target = Arc::new(Target::open(folder.path()));
    let classes: [(&str, Vec<String>); 5] = [
        ("letters", letters(&target)),
        ("pieces", pieces(&target)),
        ("mixed", mixed(&target)),
        ("headers", headers(&target)),
        ("claims", claimed(&target)),
    ];
    let counts: Vec<(&str, usize)> = classes.iter().map(|(class, tokens)| (*class, tokens.len())).collect();
    let crafted: Vec<String> =
        classes.into_iter().flat_map(|(_, tokens)| tokens).collect::<BTreeSet<_>>().into_iter().collect();
    eprintln!("{} crafted tokens on {} routes: {counts:?}", crafted.len(), ADMIN_ROUTES.len());
    assert!(crafted.len() >= CRAFTED_MIN && counts.iter().all(|(_, count)| *count > 100), "{counts:?}");
    for token in target.good() {
        let header = format!("Bearer {token}");
        let answer = target
            .door
            .ask(request(axum::http::Method::GET, "/api/migration/logs?x=1").header("authorization", header))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "a good token comes in: {token}");
    }

    let halves =
        crafted.chunks(crafted.len().div_ceil(2)).map(|half| tokio::spawn(sent(target.clone(), half.to_vec())));
    let mut bodies = BTreeSet::new();
    for half in halves.collect::<Vec<_>>() {
        bodies.append(&mut half.await.unwrap());
    }
    assert_eq!(bodies.len(), 1, "one body for every reason");
}

/// Sends each token to each route; every answer must be 401. Gives the bodies.
async fn sent(target: Arc<Target>, tokens: Vec<String>) -> BTreeSet<Vec<u8>> {
    let mut bodies = BTreeSet::new();
    for token in tokens {
        for (method, path) in ADMIN_ROUTES {
            let request = request(method.clone(), path).header("authorization", format!("Bearer {token}"));
            let answer = target.door.ask_from("127.0.0.1", request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} {token}");
            bodies.insert(answer.body);
        }
    }
    bodies
}
