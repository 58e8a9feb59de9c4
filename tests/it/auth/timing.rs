//! How long a refusal takes tells nothing of how near a token came, and its words tell nothing either.
//!
//! Tokens of several classes take turns in an order made by chance. Of each two classes Welch's t says whether their times are those of
//! one class; beyond 4.5 they are not. What came late, by whatever the machine had to do meanwhile, is left out of both alike. A class
//! that must be told apart shows that this time a difference would have been seen. `WINDLASS_TEST_TIMING_SAMPLES` says how many of each class
//! are sent.

use std::{
    hint::black_box,
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{SECRET, hs256, load, now};
use crate::harness::{database::On, ship::Ship};

/// Beyond it two classes are told apart (Goodwill and others, "A testing methodology for side-channel resistance validation").
const T_MAX: f64 = 4.5;
/// A machine has bad moments; a difference that is there shows each time, and one that once did not is none.
const TRIES: usize = 5;
/// The part of all times that is kept, the shortest.
const KEPT: f64 = 0.7;
/// How many bytes longer the subject of the token is that must be told apart.
const LONGER_BYTES: usize = 2_000;

/// Refused tokens, each the example of a class.
type Classes = Vec<(&'static str, String)>;

/// Of a token that would be believed: the same but for its signature.
fn wrongly_signed(good: &str) -> Classes {
    vec![
        ("wrong in the first byte", flipped(good, 0)),
        ("wrong in the middle", flipped(good, 15)),
        ("wrong in the last byte", flipped(good, 31)),
    ]
}

/// With other words, of the same length. What the check makes of its caller's own words takes some nanoseconds more or less, which is
/// seen from within and is nobody's secret.
fn otherwise_wrong(good: &str) -> Classes {
    vec![
        ("signed for another", forged(good, |_, claims| claims["sub"] = json!("grape"))),
        ("of no key here", forged(good, |header, _| header["kid"] = another(&header["kid"]))),
    ]
}

/// The one that must be told apart.
fn longer(good: &str) -> String {
    forged(good, |_, claims| claims["sub"] = json!("x".repeat(LONGER_BYTES)))
}

/// A name of the same length.
fn another(name: &Value) -> Value {
    let name = name.as_str().expect("a name");
    let last = if name.ends_with('x') { "y" } else { "x" };
    json!(format!("{}{last}", &name[..name.len() - 1]))
}

fn part(token: &str, nth: usize) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(nth).expect("a part")).expect("base64url")
}

/// The same with one bit of its signature turned over.
fn flipped(good: &str, byte: usize) -> String {
    let mut signature = part(good, 2);
    signature[byte] ^= 1;
    let (signed, _) = good.rsplit_once('.').expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The same with other words and the signature that it had.
fn forged(good: &str, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let [mut header, mut claims] = [0, 1].map(|nth| serde_json::from_slice::<Value>(&part(good, nth)).expect("JSON"));
    change(&mut header, &mut claims);
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.{}", good.rsplit_once('.').expect("a signature").1)
}

/// Numbers that look like chance, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

/// The times of so many refusals of each token, in nanoseconds.
fn times(tokens: &[&str], samples: usize, chance: &mut Chance, mut refuse: impl FnMut(&str)) -> Vec<Vec<f64>> {
    let mut order: Vec<usize> = (0..tokens.len() * samples).map(|n| n % tokens.len()).collect();
    for n in (1..order.len()).rev() {
        order.swap(n, chance.below(n + 1));
    }
    let mut times = vec![Vec::with_capacity(samples); tokens.len()];
    // All of them lie in the same place: where a text lies shows in the time as well.
    let mut token = String::with_capacity(8 * 1024);
    for class in order {
        token.clear();
        token.push_str(tokens[class]);
        let began = Instant::now();
        refuse(&token);
        times[class].push(began.elapsed().as_secs_f64() * 1e9);
    }
    times
}

/// Welch's t of two classes, of what is no longer than most of both.
fn t(left: &[f64], right: &[f64]) -> f64 {
    let mut all = [left, right].concat();
    all.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
    let longest = all[(all.len() as f64 * KEPT) as usize];
    let [left, right] = [left, right].map(|times| Moments::of(times.iter().copied().filter(|time| *time <= longest)));
    (left.mean - right.mean) / (left.variance / left.count + right.variance / right.count).sqrt()
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(times: impl Iterator<Item = f64> + Clone) -> Self {
        let count = times.clone().map(|_| 1.0).sum::<f64>();
        let mean = times.clone().sum::<f64>() / count;
        let variance = times.map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { count, mean, variance }
    }
}

fn samples() -> usize {
    let given = std::env::var("WINDLASS_TEST_TIMING_SAMPLES");
    given.map_or(2_000, |text| text.parse().expect("a number of samples"))
}

/// No two classes may be told apart each time, while the longer token is.
fn must_not_be_told_apart(classes: &Classes, longer: &str, mut refuse: impl FnMut(&str)) {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let tokens: Vec<&str> = classes.iter().map(|(_, token)| token.as_str()).chain([longer]).collect();
    times(&tokens, samples() / 10, &mut chance, &mut refuse);
    let all = 0..classes.len();
    let mut open: Vec<_> = all.clone().flat_map(|left| (left + 1..all.end).map(move |right| (left, right))).collect();
    let mut told = Vec::new();
    for _ in 0..TRIES {
        let times = times(&tokens, samples(), &mut chance, &mut refuse);
        let control = t(&times[0], &times[classes.len()]);
        let mut apart = Vec::new();
        for (left, right) in open.iter().copied() {
            let t = t(&times[left], &times[right]);
            told.push(format!("{} / {}: {t:.1}", classes[left].0, classes[right].0));
            apart.extend((t.abs() > T_MAX).then_some((left, right)));
        }
        told.push(format!("control: {control:.1}"));
        if control.abs() > T_MAX {
            open = apart;
        }
        if open.is_empty() {
            break;
        }
    }
    eprintln!("{} samples each: {told:#?}", samples());
    assert!(open.is_empty(), "tokens are told apart by their times, or nothing could be: {open:?} {told:#?}");
}

/// Goal: the comparison itself takes the same time wherever two signatures differ. Method: nothing but the check, in this process.
#[test]
fn where_a_signature_is_wrong_does_not_show_in_the_check() {
    let keys = load(vec![hs256("a", SECRET)]).unwrap();
    let good = keys.mint("grace", 1, &["system".to_owned()], std::time::Duration::from_mins(10), now()).unwrap();
    assert!(keys.verify(&good, now()).is_ok());
    must_not_be_told_apart(&wrongly_signed(&good), &longer(&good), |token| {
        assert!(black_box(keys.verify(black_box(token), now())).is_err());
    });
}

/// One answer, without what is its own: its name and the time.
fn answered(stream: &mut TcpStream, token: &str, buffer: &mut [u8]) -> usize {
    let request = format!("GET /api/migration/status HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.read(buffer).unwrap()
}

fn without_its_own(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer).into_owned();
    let own = |line: &&str| !["date:", "x-request-id:"].iter().any(|name| line.to_lowercase().starts_with(name));
    text.lines().filter(own).collect::<Vec<_>>().join("\n")
}

/// Goal: a caller learns by neither words nor time. Method: one connection to the real service.
#[tokio::test]
async fn what_is_wrong_with_a_token_does_not_show_over_http() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.serve().await;
    let good = ship.token(&[]).await;
    let (classes, longer) = ([wrongly_signed(&good), otherwise_wrong(&good)].concat(), longer(&good));
    let mut stream = TcpStream::connect(ship.url().trim_start_matches("http://")).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 16 * 1024];
    let mut words = std::collections::BTreeSet::new();
    for token in classes.iter().map(|(_, token)| token).chain([&longer]) {
        let length = answered(&mut stream, token, &mut buffer);
        words.insert(without_its_own(&buffer[..length]));
    }
    assert_eq!(words.len(), 1, "{words:#?}");
    let words = words.pop_first().unwrap();
    assert!(words.starts_with("HTTP/1.1 401") && words.contains("problem:"), "{words}");

    must_not_be_told_apart(&classes, &longer, |token| {
        let length = answered(&mut stream, token, &mut buffer);
        assert!(buffer.starts_with(b"HTTP/1.1 401"), "{}", without_its_own(&buffer[..length]));
    });
}
