//! Every requirement of docs/PROTOCOL.md is cited by a test, and every citation means one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where tests stand. `tests` holds those of the published package; `sim` is nothing but tests.
const PLACES: &[&str] = &[
    "protocol/tests",
    "sessions/tests",
    "sessions/src/store/conformance",
    "engine/tests",
    "sim",
    "server/tests",
    "tests",
];
/// What is there and not ours, and this file.
const SKIPPED: &[&str] = &[
    "node_modules",
    "target",
    "pkg",
    "generated.js",
    "requirements.rs",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document() -> String {
    fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap()
}

/// The requirements, in the order of the document: number, and the line that says it.
fn requirements() -> Vec<(u32, String)> {
    let document = document();
    let lines = document.lines();
    lines
        .filter_map(|line| Some((line.strip_prefix("- **P")?.split_once("**")?, line)))
        .map(|((number, _), line)| (number.parse().unwrap(), line.to_owned()))
        .collect()
}

/// The numbers of the requirements in a part of the document, in its order.
fn numbers(part: &str) -> Vec<u32> {
    let lines = part.lines().filter_map(|line| line.strip_prefix("- **P"));
    lines
        .filter_map(|line| line.split_once("**")?.0.parse().ok())
        .collect()
}

/// The numbers that a text cites, as in `[P12]`.
fn cited(text: &str) -> impl Iterator<Item = u32> {
    let after = text.split("[P").skip(1);
    after.filter_map(|rest| rest.split_once(']')?.0.parse().ok())
}

/// Every source file below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let ours = |path: &PathBuf| !SKIPPED.iter().any(|skipped| path.ends_with(skipped));
    let kind = |path: &Path| {
        path.extension()
            .and_then(|it| it.to_str())
            .map(str::to_owned)
    };
    paths
        .filter(ours)
        .flat_map(|path| match kind(&path).as_deref() {
            _ if path.is_dir() => sources(&path),
            Some("rs" | "js" | "mjs" | "ts") => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

/// By number: the files that cite it.
fn citations() -> BTreeMap<u32, BTreeSet<PathBuf>> {
    let mut citations: BTreeMap<u32, BTreeSet<PathBuf>> = BTreeMap::new();
    for file in PLACES.iter().flat_map(|place| sources(&root().join(place))) {
        for number in cited(&fs::read_to_string(&file).unwrap()) {
            citations.entry(number).or_default().insert(file.clone());
        }
    }
    citations
}

#[test]
fn requirements_have_numbers_in_order() {
    let document = document();
    let all = numbers(&document);
    assert!(all.len() > 50, "only {} requirements", all.len());
    let unique: BTreeSet<u32> = all.iter().copied().collect();
    assert_eq!(
        unique.len(),
        all.len(),
        "a number stands for one requirement"
    );
    for section in document.split("\n## ") {
        let numbers = numbers(section);
        assert!(numbers.is_sorted(), "not in order: {numbers:?}");
    }
}

#[test]
fn every_requirement_is_cited_by_a_test() {
    let citations = citations();
    let uncited: Vec<String> = requirements()
        .into_iter()
        .filter(|(number, _)| !citations.contains_key(number))
        .map(|(_, line)| line.chars().take(110).collect())
        .collect();
    assert!(
        uncited.is_empty(),
        "no test cites these as [P…]:\n{}",
        uncited.join("\n")
    );
}

#[test]
fn every_citation_is_of_a_requirement() {
    let known: BTreeSet<u32> = requirements()
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    let unknown: Vec<_> = citations()
        .into_iter()
        .filter(|(number, _)| !known.contains(number))
        .collect();
    assert!(
        unknown.is_empty(),
        "docs/PROTOCOL.md has none of these: {unknown:?}"
    );
    let unknown: Vec<u32> = cited(&document())
        .filter(|number| !known.contains(number))
        .collect();
    assert!(unknown.is_empty(), "the document refers to {unknown:?}");
}
