//! Crafted tokens, each with its answer.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Answer::{Admin, Forbidden, Unauthorised},
    GOOD_HEADER, SECRET, and, answer, good_claims, hold, hs256, load, now, part, token, with,
};

#[test]
fn algorithms_cannot_be_chosen_by_the_token() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let claims = good_claims().to_string();
    let spellings = [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " ",
        "hs256",
        "Hs256",
        "HS256 ",
        "HS384",
        "HS512",
        "RS256",
        "PS256",
        "ES256",
        "EdDSA",
        "HS256\\u0000",
    ];
    for alg in spellings {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"a"}}"#);
        let signed = token(&header, &claims);
        let unsigned = format!("{}.", signed.rsplit_once('.').unwrap().0);
        assert_eq!(answer(&keys, &signed), Unauthorised, "{alg} signed");
        assert_eq!(answer(&keys, &unsigned), Unauthorised, "{alg} unsigned");
    }
}

#[test]
fn a_header_says_which_key_and_nothing_else() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let claims = good_claims().to_string();
    let header = |text: &str| token(text, &claims);
    let long = "a".repeat(65);
    hold(
        &keys,
        &[
            ("as it must be", header(GOOD_HEADER), Admin),
            ("no kid, one key", header(r#"{"alg":"HS256"}"#), Admin),
            ("lower-case typ", header(r#"{"alg":"HS256","typ":"jwt"}"#), Admin),
            ("spaces", header(r#" { "alg" : "HS256" } "#), Admin),
            ("other typ", header(r#"{"alg":"HS256","typ":"at+jwt"}"#), Unauthorised),
            ("typ null", header(r#"{"alg":"HS256","typ":null}"#), Unauthorised),
            ("typ number", header(r#"{"alg":"HS256","typ":1}"#), Unauthorised),
            ("kid null", header(r#"{"alg":"HS256","kid":null}"#), Unauthorised),
            ("kid empty", header(r#"{"alg":"HS256","kid":""}"#), Unauthorised),
            ("kid number", header(r#"{"alg":"HS256","kid":1}"#), Unauthorised),
            ("kid list", header(r#"{"alg":"HS256","kid":["a"]}"#), Unauthorised),
            ("kid unknown", header(r#"{"alg":"HS256","kid":"b"}"#), Unauthorised),
            ("kid path", header(r#"{"alg":"HS256","kid":"../../dev/null"}"#), Unauthorised),
            ("kid sql", header(r#"{"alg":"HS256","kid":"a' OR '1'='1"}"#), Unauthorised),
            ("kid url", header(r#"{"alg":"HS256","kid":"https://example.org/k"}"#), Unauthorised),
            ("kid with a line break", header(r#"{"alg":"HS256","kid":"a\n"}"#), Unauthorised),
            ("kid too long", header(&format!(r#"{{"alg":"HS256","kid":"{long}"}}"#)), Unauthorised),
            ("crit", header(r#"{"alg":"HS256","kid":"a","crit":["exp"]}"#), Unauthorised),
            ("crit empty", header(r#"{"alg":"HS256","kid":"a","crit":[]}"#), Unauthorised),
            ("b64", header(r#"{"alg":"HS256","kid":"a","b64":false}"#), Unauthorised),
            ("jwk", header(r#"{"alg":"HS256","kid":"a","jwk":{"kty":"oct","k":"AAAA"}}"#), Unauthorised),
            ("jku", header(r#"{"alg":"HS256","kid":"a","jku":"https://example.org"}"#), Unauthorised),
            ("x5u", header(r#"{"alg":"HS256","kid":"a","x5u":"https://example.org"}"#), Unauthorised),
            ("x5c", header(r#"{"alg":"HS256","kid":"a","x5c":["AAAA"]}"#), Unauthorised),
            ("cty", header(r#"{"alg":"HS256","kid":"a","cty":"JWT"}"#), Unauthorised),
            ("zip", header(r#"{"alg":"HS256","kid":"a","zip":"DEF"}"#), Unauthorised),
            ("alg twice", header(r#"{"alg":"none","alg":"HS256"}"#), Unauthorised),
            ("alg twice by an escape", header(r#"{"alg":"HS256","\u0061lg":"HS256"}"#), Unauthorised),
            ("kid twice", header(r#"{"alg":"HS256","kid":"a","kid":"a"}"#), Unauthorised),
            ("no alg", header(r#"{"kid":"a"}"#), Unauthorised),
            ("alg null", header(r#"{"alg":null}"#), Unauthorised),
            ("alg list", header(r#"{"alg":["HS256"]}"#), Unauthorised),
            ("Alg", header(r#"{"Alg":"HS256"}"#), Unauthorised),
            ("a list", header(r#"["HS256","JWT","a"]"#), Unauthorised),
            ("a text", header(r#""HS256""#), Unauthorised),
            ("empty", header(""), Unauthorised),
            ("two objects", header(r#"{"alg":"HS256"}{}"#), Unauthorised),
            ("deep", header(&format!(r#"{{"alg":{}"#, "[".repeat(3000))), Unauthorised),
        ],
    );
}

#[test]
fn the_shape_of_a_token_is_exact() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let good = token(GOOD_HEADER, &good_claims().to_string());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let other = token(GOOD_HEADER, &with("sub", json!("eve")));
    hold(
        &keys,
        &[
            ("good", good.clone(), Admin),
            ("empty", String::new(), Unauthorised),
            ("dots", "..".to_owned(), Unauthorised),
            ("one part", header.to_owned(), Unauthorised),
            ("two parts", signed.to_owned(), Unauthorised),
            ("four parts", format!("{good}.x"), Unauthorised),
            ("five parts", format!("{good}.x.y"), Unauthorised),
            ("trailing dot", format!("{good}."), Unauthorised),
            ("no signature", format!("{signed}."), Unauthorised),
            ("padded", format!("{header}.{claims}.{signature}="), Unauthorised),
            ("space before", format!(" {good}"), Unauthorised),
            ("line break after", format!("{good}\n"), Unauthorised),
            ("Bearer inside", format!("Bearer {good}"), Unauthorised),
            ("signature of another", format!("{signed}.{}", other.rsplit_once('.').unwrap().1), Unauthorised),
            ("signature cut", format!("{signed}.{}", &signature[..40]), Unauthorised),
            ("claims changed", good.replace(claims, &part(&with("level", json!(1.5)))), Unauthorised),
            ("standard base64", format!("{signed}.{}", STANDARD.encode("\u{ff}\u{fe}\u{ff}?>")), Unauthorised),
            ("not ASCII", format!("{signed}.ä"), Unauthorised),
            ("as large as may be", token(GOOD_HEADER, &and(&format!(r#""x":"{}""#, "x".repeat(5800)))), Admin),
            ("too large", token(GOOD_HEADER, &and(&format!(r#""x":"{}""#, "x".repeat(8192)))), Unauthorised),
            ("far too large", "a".repeat(200_000), Unauthorised),
        ],
    );
}

#[test]
fn every_last_bit_of_the_signature_counts() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let good = token(GOOD_HEADER, &good_claims().to_string());
    let last = good.chars().last().unwrap();
    let others = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).filter(|c| *c != last);
    for other in others {
        let bent = format!("{}{other}", &good[..good.len() - 1]);
        assert_eq!(answer(&keys, &bent), Unauthorised, "{bent}");
    }
}

#[test]
fn claims_have_one_type_each_and_hold_now() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let at = now().timestamp();
    let claims = |text: &str| token(GOOD_HEADER, text);
    let mut cases = vec![
        ("unknown claims", claims(&and(r#""azp":"x","scope":{"a":[1]}"#)), Admin),
        ("expired 6 s ago", claims(&with("exp", json!(at - 6))), Unauthorised),
        ("iss twice", claims(&and(r#""iss":"windlass""#)), Unauthorised),
        ("level twice", claims(&and(r#""level":1"#)), Unauthorised),
        ("permissions twice by an escape", claims(&and(r#""permission\u0073":["system"]"#)), Unauthorised),
        ("unknown twice", claims(&and(r#""x":1,"x":2"#)), Unauthorised),
        ("half a character", claims(&and(r#""x":"\ud800""#)), Unauthorised),
        ("half a character, within", claims(&and(r#""x":[{"y":"\ud800"}]"#)), Unauthorised),
        ("a list", claims("[]"), Unauthorised),
        (
            "a list in order",
            claims(r#"["windlass","windlass","ada",1800000000,null,1800000600,null,1,["system"]]"#),
            Unauthorised,
        ),
        ("empty", claims(""), Unauthorised),
        ("null", claims("null"), Unauthorised),
        ("two objects", claims(&format!("{}{{}}", good_claims())), Unauthorised),
        ("deep", claims(&and(&format!(r#""x":{}"#, "[".repeat(3000)))), Unauthorised),
        ("infinite", claims(&and(r#""nbf":1e999"#)), Unauthorised),
        ("subject with a line break", claims(&with("sub", json!("a\nb"))), Unauthorised),
        ("subject empty", claims(&with("sub", json!(""))), Unauthorised),
        ("subject long", claims(&with("sub", json!("x".repeat(257)))), Unauthorised),
        ("issuer other", claims(&with("iss", json!("Windlass"))), Unauthorised),
        ("audience other", claims(&with("aud", json!("other"))), Unauthorised),
        ("audience in a list", claims(&with("aud", json!(["windlass"]))), Unauthorised),
        ("issuer in a list", claims(&with("iss", json!(["windlass"]))), Unauthorised),
        ("nbf null", claims(&with("nbf", json!(null))), Unauthorised),
        ("jti number", claims(&with("jti", json!(1))), Unauthorised),
    ];
    for name in ["iss", "aud", "sub", "iat", "exp"] {
        cases.push((name, claims(&with(name, None)), Unauthorised));
        cases.push((name, claims(&with(name, json!(null))), Unauthorised));
    }
    for name in ["iat", "exp", "nbf"] {
        for value in [json!("never"), json!("1800000000"), json!(true), json!([at]), json!({}), json!(1e30)] {
            cases.push((name, claims(&with(name, value)), Unauthorised));
        }
        let fraction = format!("{at}.0");
        cases.push((name, claims(&with(name, json!("@")).replace("\"@\"", &fraction)), Unauthorised));
    }
    for value in [json!(-1), json!(0), json!(i64::MAX), json!(u64::MAX), json!(i64::MIN)] {
        cases.push(("exp", claims(&with("exp", value.clone())), Unauthorised));
        if value.as_i64().is_none_or(|value| value > at || value < 1) {
            cases.push(("iat", claims(&with("iat", value)), Unauthorised));
        }
    }
    hold(&keys, &cases);
}

/// Goal: clocks may differ by 5 s, and by no second more.
/// Method: each time claim on both sides of its boundary.
#[test]
fn the_clock_may_differ_by_five_seconds() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let at = now().timestamp();
    let old =
        |exp: i64| token(GOOD_HEADER, &with("iat", json!(at - 600)).replace(&(at + 600).to_string(), &exp.to_string()));
    let iat = |iat: i64| token(GOOD_HEADER, &with("iat", json!(iat)));
    let nbf = |nbf: i64| token(GOOD_HEADER, &with("nbf", json!(nbf)));
    let life = |exp: i64| token(GOOD_HEADER, &with("exp", json!(exp)));
    hold(
        &keys,
        &[
            ("exp -6", old(at - 6), Unauthorised),
            ("exp -5", old(at - 5), Unauthorised),
            ("exp -4", old(at - 4), Admin),
            ("exp 0", old(at), Admin),
            ("iat +4", iat(at + 4), Admin),
            ("iat +5", iat(at + 5), Admin),
            ("iat +6", iat(at + 6), Unauthorised),
            ("nbf +5", nbf(at + 5), Admin),
            ("nbf +6", nbf(at + 6), Unauthorised),
            ("nbf long ago", nbf(0), Admin),
            ("the longest life", life(at + 3600), Admin),
            ("a second longer", life(at + 3601), Unauthorised),
            ("no life", life(at), Unauthorised),
            ("life backwards", life(at - 1), Unauthorised),
        ],
    );
}

#[test]
fn an_administrator_is_level_one_with_the_permission_and_nothing_near_it() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let level = |raw: &str| token(GOOD_HEADER, &with("level", json!("@")).replace("\"@\"", raw));
    let permissions = |value: Value| token(GOOD_HEADER, &with("permissions", value));
    hold(
        &keys,
        &[
            ("1", level("1"), Admin),
            ("0", level("0"), Forbidden),
            ("-1", level("-1"), Forbidden),
            ("2", level("2"), Forbidden),
            ("11", level("11"), Forbidden),
            ("largest", level("9223372036854775807"), Forbidden),
            ("too large", level("18446744073709551617"), Unauthorised),
            ("1.0", level("1.0"), Unauthorised),
            ("1e0", level("1e0"), Unauthorised),
            ("01", level("01"), Unauthorised),
            ("+1", level("+1"), Unauthorised),
            ("text", level("\"1\""), Unauthorised),
            ("true", level("true"), Unauthorised),
            ("null", level("null"), Unauthorised),
            ("list", level("[1]"), Unauthorised),
            ("object", level("{\"value\":1}"), Unauthorised),
            ("missing", token(GOOD_HEADER, &with("level", None)), Forbidden),
            ("one of many", permissions(json!(["read", "system", "write"])), Admin),
            ("twice", permissions(json!(["system", "system"])), Admin),
            ("none", permissions(json!([])), Forbidden),
            ("missing", token(GOOD_HEADER, &with("permissions", None)), Forbidden),
            ("System", permissions(json!(["System"])), Forbidden),
            ("system with a space", permissions(json!(["system "])), Forbidden),
            ("systems", permissions(json!(["systems"])), Forbidden),
            ("system*", permissions(json!(["system*", "*"])), Forbidden),
            ("a look-alike", permissions(json!(["ѕystem"])), Forbidden),
            ("joined", permissions(json!(["read,system"])), Forbidden),
            ("text", permissions(json!("system")), Unauthorised),
            ("nested", permissions(json!([["system"]])), Unauthorised),
            ("object", permissions(json!({"system": true})), Unauthorised),
            ("with a number", permissions(json!(["system", 1])), Unauthorised),
            ("null", permissions(json!(null)), Unauthorised),
        ],
    );
}

#[test]
fn every_refused_token_gets_one_answer() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let tokens =
        [String::new(), token("{}", "{}"), token(GOOD_HEADER, &with("exp", json!(1))), token(GOOD_HEADER, "{}")];
    let errors: Vec<_> = tokens.iter().map(|token| keys.verify(token, now()).unwrap_err()).collect();

    assert!(errors.iter().all(|error| error.to_string() == errors[0].to_string()));
    assert!(errors.iter().any(|error| error.reason() != errors[0].reason()));
}
