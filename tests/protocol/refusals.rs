//! docs/REFUSALS.md and the errors of docs/PROTOCOL.md, held to the code, to the vectors, and to the specifications.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use dmpc::error::ErrorClass;
use dmpc_storage::Refusal;

pub(crate) type Refused = (String, String);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every class and reason of the list in PROTOCOL.md: list items that begin with a class.
pub(crate) fn listed() -> BTreeSet<Refused> {
    let page = page("PROTOCOL.md");
    let list = page.split_once("\nReasons, by class.").unwrap().1.split_once("\n## ").unwrap().0;
    let mut found = BTreeSet::new();
    for item in list.split("\n- ").skip(1) {
        let item = item.split("\n\n").next().unwrap();
        let (class, reasons) = item.split_once(':').unwrap();
        let class = quoted(class).concat();
        assert!(ErrorClass::ALL.iter().any(|known| known.word() == class), "{class} is no class");
        found.extend(quoted(reasons).into_iter().map(|reason| (class.clone(), reason)));
    }
    found
}

/// The class of a reason.
pub(crate) fn class_of(reason: &str) -> ErrorClass {
    let listed = listed();
    let (class, _) = listed.iter().find(|(_, known)| known == reason).unwrap_or_else(|| panic!("no reason {reason}"));
    *ErrorClass::ALL.iter().find(|known| known.word() == class).unwrap()
}

/// Rows of the tables in REFUSALS.md, without their heads: class, reason, vector, specification.
fn rows() -> Vec<[String; 4]> {
    let page = page("REFUSALS.md");
    let rows = page.lines().filter(|line| line.starts_with('|')).map(|line| {
        let mut cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        // The first table says in words what is refused.
        if cells.len() == 5 {
            cells.remove(0);
        }
        <[String; 4]>::try_from(cells).unwrap()
    });
    rows.filter(|[class, ..]| class.starts_with('`')).map(|row| row.map(|cell| cell.replace('`', ""))).collect()
}

/// Every source file below folders of the repository.
fn sources(folders: &[&str]) -> Vec<String> {
    fn walk(folder: &Path, texts: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, texts);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut texts = Vec::new();
    folders.iter().for_each(|folder| walk(&root().join(folder), &mut texts));
    texts
}

/// Every reason that the code can give: the words in functions called `reason`, the words of classes, and those of the
/// log's refusals.
fn reasons_of_the_code() -> BTreeSet<String> {
    let mut found: BTreeSet<String> = ErrorClass::ALL.iter().map(|class| class.word().to_owned()).collect();
    found.extend(Refusal::ALL.iter().map(|refusal| refusal.word().to_owned()));
    for text in sources(&["proto", "storage/src", "node/src"]) {
        for function in text.split("fn reason(&self) -> &'static str {").skip(1) {
            let body = function.split("\n    }\n").next().unwrap();
            let words = body.split('"').skip(1).step_by(2).map(str::to_owned);
            found.extend(words);
        }
    }
    found
}

/// The outcomes that a file of vectors expects.
fn refusals_of(vector: &str) -> Vec<Refused> {
    let bytes = fs::read(root().join("tests/vectors").join(vector));
    let bytes = bytes.unwrap_or_else(|error| panic!("{vector}: {error}"));
    let whole: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let mut found = Vec::new();
    let mut collect = |outcome: &serde_json::Value| {
        if let (Some(class), Some(reason)) = (outcome["class"].as_str(), outcome["reason"].as_str()) {
            found.push((class.to_owned(), reason.to_owned()));
        }
    };
    for case in whole["cases"].as_array().unwrap() {
        collect(&case["expected"]);
        case["expected"]["steps"].as_array().into_iter().flatten().for_each(&mut collect);
    }
    found
}

#[test]
fn every_reason_of_the_code_is_in_the_protocol_and_the_reverse() {
    let listed = listed();
    let reasons: BTreeSet<String> = listed.iter().map(|(_, reason)| reason.clone()).collect();
    let of_the_code = reasons_of_the_code();
    let classes: BTreeSet<String> = ErrorClass::ALL.iter().map(|class| class.word().to_owned()).collect();
    let undocumented: Vec<_> = of_the_code.difference(&reasons).filter(|reason| !classes.contains(*reason)).collect();
    assert!(undocumented.is_empty(), "in the code and not in PROTOCOL.md: {undocumented:?}");
    let unknown: Vec<_> = reasons.difference(&of_the_code).collect();
    assert!(unknown.is_empty(), "in PROTOCOL.md and not in the code: {unknown:?}");
    assert!(reasons.len() > 90, "{}", reasons.len());
}

#[test]
fn every_reason_of_the_protocol_is_shown_by_a_vector_or_a_specification() {
    let rows = rows();
    let shown: BTreeSet<Refused> = rows.iter().map(|[class, reason, ..]| (class.clone(), reason.clone())).collect();
    assert_eq!(shown, listed());
    let bare: Vec<_> =
        rows.iter().filter(|[_, _, vector, specification]| [vector, specification] == ["-", "-"]).collect();
    assert!(bare.is_empty(), "shown by nothing: {bare:?}");
}

#[test]
fn every_vector_and_specification_that_the_page_names_is_there_and_shows_it() {
    let specifications: String = sources(&["tests"]).concat();
    for [class, reason, vector, specification] in rows() {
        if vector != "-" {
            let refused = (class.clone(), reason.clone());
            assert!(refusals_of(&vector).contains(&refused), "{vector} does not show {class}, {reason}");
        }
        if specification != "-" {
            let is_there = [format!("fn {specification}()"), format!("\n    {specification} \"")];
            let is_there = is_there.iter().any(|text| specifications.contains(text));
            assert!(is_there, "no specification {specification}");
        }
    }
}

#[test]
fn every_refusal_of_the_vectors_is_in_the_protocol() {
    let listed = listed();
    let mut paths = Vec::new();
    super::project_vectors::case::collect(&super::project_vectors::case::folder(), &mut paths);
    let mut count = 0;
    for path in paths.iter().filter(|path| !path.ends_with("sealed.json")) {
        for refused in refusals_of(path.strip_prefix(root().join("tests/vectors")).unwrap().to_str().unwrap()) {
            assert!(listed.contains(&refused), "{}: {refused:?}", path.display());
            count += 1;
        }
    }
    assert!(count > 800, "{count}");
}
