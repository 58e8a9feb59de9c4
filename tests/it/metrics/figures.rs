//! Prometheus's text format, read strictly.

use std::collections::{BTreeMap, BTreeSet};

/// A name with its labels, as they stand in the text.
type Series = (String, BTreeMap<String, String>);

/// What was told, once it was found to be well-formed.
pub struct Figures {
    pub types: BTreeMap<String, String>,
    samples: BTreeMap<Series, f64>,
}

impl Figures {
    /// Reads a text; whatever is not exactly as it must be fails the test.
    pub fn of(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let (mut helped, mut types, mut samples) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        let mut family = String::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').expect("words of help");
                assert!(!words.is_empty() && helped.insert(name.to_owned()), "{line}");
            } else if let Some(told) = line.strip_prefix("# TYPE ") {
                let (name, kind) = told.split_once(' ').expect("a type");
                assert!(helped.contains(name), "no help: {line}");
                assert!(name.starts_with("windlass_"), "{line}");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
                name.clone_into(&mut family);
            } else {
                let (series, value) = sample(line);
                let own = match types[&family].as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"].iter().any(|end| series.0 == format!("{family}{end}")),
                    _ => series.0 == family,
                };
                assert!(own, "{line} under {family}");
                assert!(series.1.contains_key("target"), "no target: {line}");
                assert!(samples.insert(series, value).is_none(), "twice: {line}");
            }
        }
        let figures = Self { types, samples };
        figures.histograms_must_add_up();
        figures
    }

    /// Buckets grow, and the last one is the count.
    fn histograms_must_add_up(&self) {
        for ((name, labels), count) in &self.samples {
            let Some(family) = name.strip_suffix("_count") else { continue };
            let mut buckets: Vec<(f64, f64)> = self
                .samples
                .iter()
                .filter(|((other, _), _)| *other == format!("{family}_bucket"))
                .filter(|((_, own), _)| labels.iter().all(|(key, value)| own.get(key) == Some(value)))
                .map(|((_, own), value)| (own["le"].parse().expect("an upper end"), *value))
                .collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.len() > 2 && buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{family} {buckets:?}");
            let last = buckets.last().expect("buckets");
            assert!(last.0.is_infinite() && (last.1 - count).abs() < f64::EPSILON, "{family} {last:?} {count}");
        }
    }

    /// The value of the one series of this name that has these labels.
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.maybe(name, labels).unwrap_or_else(|| panic!("no {name} {labels:?} in {:#?}", self.samples))
    }

    /// The same, where it may be missing.
    pub fn maybe(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |own: &BTreeMap<String, String>| {
            labels.iter().all(|(key, value)| own.get(*key).is_some_and(|own| own == value))
        };
        let mut found = self.samples.iter().filter(|((own, all), _)| own == name && fits(all));
        let value = found.next().map(|(_, value)| *value);
        assert!(found.next().is_none(), "{name} {labels:?} is not one series");
        value
    }

    /// It must have this value exactly.
    #[track_caller]
    pub fn must_be(&self, name: &str, labels: &[(&str, &str)], expected: f64) {
        let value = self.value(name, labels);
        assert!((value - expected).abs() < f64::EPSILON, "{name} {labels:?} is {value}, not {expected}");
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// The values that a label has, anywhere.
    pub fn label(&self, key: &str) -> BTreeSet<String> {
        self.samples.keys().filter_map(|(_, labels)| labels.get(key).cloned()).collect()
    }
}

/// `name{key="value",…} 1`.
fn sample(line: &str) -> (Series, f64) {
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    assert!(is_name(name), "{line}");
    let mut rest = labels.strip_suffix('}').expect("the end of the labels");
    let mut found = BTreeMap::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_once("=\"").expect("a label");
        let end = (0..after.len()).find(|at| after.as_bytes()[*at] == b'"' && !after[..*at].ends_with('\\'));
        let (value, left) = after.split_at(end.expect("the end of a label"));
        assert!(is_name(key) && found.insert(key.to_owned(), value.to_owned()).is_none(), "{line}");
        rest = left[1..].strip_prefix(',').unwrap_or(&left[1..]);
    }
    ((name.to_owned(), found), value.parse().expect("a number"))
}
