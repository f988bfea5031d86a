//! The vectors of the project, in `tests/vectors`. `committed` holds them to the tool that makes them, byte by byte; all
//! other files read them, as somebody would who has never seen the tool, and hold the code to them.

pub(super) mod case;
mod committed;
mod folds;
mod identities;
mod operations;
mod sealing;
mod transit;

use case::Case;

/// What reads the cases of one check.
type Reader = fn(&Case);

/// Every check that a file can name.
const READERS: [(&str, Reader); 25] = [
    ("hash", identities::hash),
    ("fingerprint", identities::fingerprint),
    ("id_text", identities::id_text),
    ("identity_file", identities::identity_file),
    ("time", identities::time),
    ("tick", identities::tick),
    ("order", identities::order),
    ("public_key", identities::public_key),
    ("signature", identities::signature),
    ("operation", operations::operation),
    ("issue", operations::issue),
    ("lane", operations::lane),
    ("equivocation", operations::equivocation),
    ("equivocation_text", operations::equivocation_text),
    ("wire", operations::wire),
    ("json", transit::json),
    ("open_content", sealing::open_content),
    ("open_wrap", sealing::open_wrap),
    ("age_shape", sealing::age_shape),
    ("sealed_answer", sealing::sealed_answer),
    ("transaction", transit::transaction),
    ("request", transit::request),
    ("multiset", folds::multiset),
    ("checkpoint", folds::checkpoint),
    ("log", folds::log),
];

/// Reads every case of every file below one folder; says how many.
fn read_all(family: &str) {
    let mut count = 0;
    for file in case::files().into_iter().filter(|file| file.path.starts_with(&format!("{family}/"))) {
        let reader = READERS.iter().find(|(check, _)| *check == file.check());
        let (_, read) = reader.unwrap_or_else(|| panic!("{}: nobody reads '{}'", file.path, file.check()));
        for case in file.cases() {
            read(&case);
            count += 1;
        }
    }
    eprintln!("{family}: {count} cases");
    assert!(count > 0, "there are no vectors in {family}");
}

macro_rules! families {
    ($($name:ident $folder:literal;)*) => {
        /// Every folder of vectors that is read.
        const FAMILIES: &[&str] = &[$($folder),*];
        $(#[test] fn $name() { read_all($folder); })*
    };
}

families! {
    hashes_are_those_of_the_vectors "hash";
    ids_and_their_texts_are_those_of_the_vectors "id";
    times_are_those_of_the_vectors "time";
    keys_and_signatures_are_those_of_the_vectors "key";
    operations_are_accepted_and_refused_as_the_vectors_say "operation";
    issues_are_certified_as_the_vectors_say "issue";
    lanes_show_what_the_vectors_say "lane";
    encodings_are_accepted_and_refused_as_the_vectors_say "wire";
    texts_are_accepted_and_refused_as_the_vectors_say "json";
    content_is_opened_and_refused_as_the_vectors_say "content";
    wraps_are_opened_and_refused_as_the_vectors_say "wrap";
    age_has_the_shape_that_the_vectors_say "age";
    transactions_are_opened_and_refused_as_the_vectors_say "transaction";
    requests_are_accepted_and_refused_as_the_vectors_say "request";
    answers_are_opened_and_refused_as_the_vectors_say "answer";
    digests_are_those_of_the_vectors "digest";
    logs_fold_to_the_verdicts_and_digests_of_the_vectors "log";
}

#[test]
fn no_folder_of_vectors_is_left_unread() {
    let families: std::collections::BTreeSet<_> =
        case::files().iter().filter_map(|file| Some(file.path.split_once('/')?.0.to_owned())).collect();
    let sorted = |names: &[&'static str]| names.iter().copied().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(FAMILIES), sorted(&crate::vector_maker::FAMILIES));
    assert!(families.iter().map(String::as_str).eq(sorted(FAMILIES)), "{families:?}");
}
