//! The layers and their directions, read from the `use` lines of the three crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The api's layers from top to bottom. What is listed may use only what is listed below it; the parts of one
/// module (`plan.rs`, `plan/view.rs`) may use each other, but not in a circle.
const API: &[&str] = &[
    "main", "lib", "server", "demo", // start and stop; everything
    "account", "check_in", "craving", "recovery", "plan", "coping", "program", "question", "trend",
    "reminder", "audit", // modules
    "http",  // what all routes share
    "app",   // needs neither HTTP nor a module
];

/// Files of one crate, each with the files of the same crate that its `use` lines name.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn sources(crate_name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_name).join("src")
}

fn files(folder: &Path, root: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, root, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = path.strip_prefix(root).unwrap().with_extension("");
            found.push(name.to_string_lossy().replace('/', "::"));
        }
    }
}

/// The code of a file that is not compiled for tests alone.
fn code(text: &str) -> String {
    let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    shipped.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The paths that a `use` tree names: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut parts, mut depth, mut start) = (vec![], 0, 0);
    for (place, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let named = parts.into_iter().filter(|part| !part.trim().is_empty());
    named.flat_map(|part| expand(part.trim())).map(|part| format!("{}{part}", head.trim())).collect()
}

fn graph(crate_name: &str) -> Graph {
    let root = sources(crate_name);
    let mut names = vec![];
    files(&root, &root, &mut names);
    names.retain(|name| !name.split("::").any(|part| part == "tests" || part == "test_database"));
    let known: BTreeSet<String> = names.iter().cloned().collect();
    let mut graph = Graph::new();
    for name in &names {
        let text = std::fs::read_to_string(root.join(name.replace("::", "/")).with_extension("rs")).unwrap();
        let code = code(&text);
        let mut used = BTreeSet::new();
        let pieces: Vec<&str> = code.split("use ").collect();
        for pair in pieces.windows(2) {
            let statement = pair[1].split(';').next().unwrap_or_default();
            // A module that re-exports its own parts is their front, not their user.
            let is_front = pair[0].trim_end().ends_with("pub");
            let own = format!("{name}::");
            for path in expand(&statement.split_whitespace().collect::<Vec<_>>().join(" ")) {
                let target = target(name, &path, &known);
                used.extend(target.filter(|used| used != name && !(is_front && used.starts_with(&own))));
            }
        }
        graph.insert(name.clone(), used);
    }
    graph
}

/// The file of this crate that a path names, seen from a file.
fn target(from: &str, path: &str, known: &BTreeSet<String>) -> Option<String> {
    let mut at: Vec<&str> = if from == "lib" || from == "main" { vec![] } else { from.split("::").collect() };
    let mut rest = path.split("::").peekable();
    match rest.peek().copied()? {
        "crate" => {
            at.clear();
            rest.next();
        }
        "self" => {
            rest.next();
        }
        "super" => {
            while rest.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        // A name without a prefix is a part of this file, or of another crate.
        first => {
            let own = at.iter().copied().chain([first]).collect::<Vec<_>>().join("::");
            if !known.contains(&own) {
                return None;
            }
        }
    }
    at.extend(rest);
    while !at.is_empty() {
        let name = at.join("::");
        if known.contains(&name) {
            return Some(name);
        }
        at.pop();
    }
    known.contains("lib").then(|| "lib".to_owned())
}

/// A circle of files, if there is one.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    for start in graph.keys() {
        let mut way: Vec<(String, Vec<String>)> =
            vec![(start.clone(), graph[start].iter().cloned().collect())];
        while let Some((name, left)) = way.last_mut() {
            let Some(next) = left.pop() else {
                done.insert(name.clone());
                way.pop();
                continue;
            };
            if let Some(place) = way.iter().position(|(name, _)| *name == next) {
                return Some(way[place..].iter().map(|(name, _)| name.clone()).chain([next]).collect());
            }
            if !done.contains(&next) {
                let uses = graph.get(&next).into_iter().flatten().cloned().collect();
                way.push((next, uses));
            }
        }
    }
    None
}

#[test]
fn no_file_uses_itself_by_way_of_others() {
    for name in ["domain", "persistence", "api"] {
        assert_eq!(circle(&graph(name)), None, "a circle in {name}");
    }
}

#[test]
fn each_layer_of_the_api_uses_only_what_is_below_it() {
    let layer = |file: &str| {
        let first = file.split("::").next().unwrap_or_default();
        API.iter().position(|layer| *layer == first).unwrap_or_else(|| panic!("{file} is in no layer"))
    };
    let mut wrong = vec![];
    for (file, used) in graph("api") {
        for used in used {
            // Items that lib.rs re-exports for other crates have homes of their own.
            if layer(&used) < layer(&file) || used == "lib" && file != "main" {
                wrong.push(format!("{file} uses {used}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_crate_uses_one_above_it() {
    for (name, above) in [
        ("domain", &["evenkeel_persistence", "evenkeel::", "diesel", "actix_web", "tokio"][..]),
        ("persistence", &["evenkeel::", "actix_web", "tokio"]),
        ("api", &["diesel::"]),
    ] {
        let root = sources(name);
        let mut names = vec![];
        files(&root, &root, &mut names);
        for file in names {
            let text =
                std::fs::read_to_string(root.join(file.replace("::", "/")).with_extension("rs")).unwrap();
            let code = code(&text);
            for path in above {
                let uses = code.contains(&format!("use {path}")) || code.contains(&format!("({path}"));
                assert!(!uses || file == "main", "{name}/src/{file}.rs uses {path}");
            }
        }
    }
}

#[test]
fn a_circle_is_found_and_a_use_tree_is_read() {
    assert_eq!(expand("crate::a::{b, c::{d, self}}"), ["crate::a::b", "crate::a::c::d", "crate::a::c::self"]);
    let graph: Graph = [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["b"])]
        .into_iter()
        .map(|(name, used)| (name.to_owned(), used.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(circle(&graph).unwrap(), ["b", "c", "b"]);
}
