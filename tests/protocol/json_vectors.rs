//! JSONTestSuite, run against the scanner: what must be JSON is accepted, what must not be is refused, and what parsers
//! may choose is decided and pinned.

use std::{collections::BTreeMap, fs};

use dmpc::{error::Classified, wire::json};

use super::{public_vectors::Row, vectors::folder};

/// A file: its name, and why the scanner refuses it.
struct Vector {
    name: String,
    refused: Option<&'static str>,
}

impl Vector {
    /// Whether the name says that it must (`y`), must not (`n`) or may (`i`) be accepted.
    fn is(&self, choice: &str) -> bool {
        self.name.split('_').next() == Some(choice)
    }
}

fn vectors() -> Option<Vec<Vector>> {
    let folder = folder("json")?;
    let mut names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let vector = |name: String| {
        let bytes = fs::read(folder.join(&name)).unwrap();
        let refused = json::scan(&bytes).err().map(|error| error.reason());
        Vector { name, refused }
    };
    Some(names.into_iter().map(vector).collect())
}

pub(super) fn row() -> Option<Row> {
    let mut row = Row::new("JSONTestSuite");
    for vector in vectors()? {
        match vector.refused {
            None => row.accepted += 1,
            Some(reason) if vector.is("y") => row.refused_by_rule(reason),
            Some(_) => row.refused += 1,
        }
    }
    Some(row)
}

#[test]
fn what_must_be_json_is_accepted_but_for_keys_that_stand_twice() {
    let Some(vectors) = vectors() else { return };
    let must: Vec<&Vector> = vectors.iter().filter(|vector| vector.is("y")).collect();
    let refused = must.iter().filter_map(|vector| vector.refused.map(|reason| (vector.name.as_str(), reason)));
    let expected = [
        ("y_object_duplicated_key.json", "duplicate_key"),
        ("y_object_duplicated_key_and_value.json", "duplicate_key"),
    ];
    assert_eq!(refused.collect::<Vec<_>>(), expected);
    assert_eq!(must.len(), 95);
}

#[test]
fn what_must_not_be_json_is_refused() {
    let Some(vectors) = vectors() else { return };
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for vector in vectors.iter().filter(|vector| vector.is("n")) {
        let reason = vector.refused.unwrap_or_else(|| panic!("{} is accepted", vector.name));
        *reasons.entry(reason).or_default() += 1;
    }
    assert_eq!(reasons.values().sum::<usize>(), 188);
    for reason in ["not_json", "not_utf8", "trailing_bytes", "truncated", "too_deep", "lone_surrogate"] {
        assert!(reasons.contains_key(reason), "{reason}: {reasons:?}");
    }
}

#[test]
fn what_parsers_may_choose_is_decided() {
    let Some(vectors) = vectors() else { return };
    let mut decided: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for vector in vectors.iter().filter(|vector| vector.is("i")) {
        let name = vector.name.trim_start_matches("i_").trim_end_matches(".json");
        decided.entry(vector.refused).or_default().push(name);
    }
    let expected = BTreeMap::from([
        (
            None,
            vec![
                "number_double_huge_neg_exp",
                "number_real_underflow",
                "number_too_big_neg_int",
                "number_too_big_pos_int",
                "number_very_big_negative_int",
            ],
        ),
        (
            Some("bad_value"),
            vec![
                "number_huge_exp",
                "number_neg_int_huge_exp",
                "number_pos_double_huge_exp",
                "number_real_neg_overflow",
                "number_real_pos_overflow",
            ],
        ),
        (
            Some("lone_surrogate"),
            vec![
                "object_key_lone_2nd_surrogate",
                "string_1st_surrogate_but_2nd_missing",
                "string_1st_valid_surrogate_2nd_invalid",
                "string_incomplete_surrogate_and_escape_valid",
                "string_incomplete_surrogate_pair",
                "string_incomplete_surrogates_escape_valid",
                "string_invalid_lonely_surrogate",
                "string_invalid_surrogate",
                "string_inverted_surrogates_U+1D11E",
                "string_lone_second_surrogate",
            ],
        ),
        (Some("not_json"), vec!["structure_UTF-8_BOM_empty_object"]),
        (
            Some("not_utf8"),
            vec![
                "string_UTF-16LE_with_BOM",
                "string_UTF-8_invalid_sequence",
                "string_UTF8_surrogate_U+D800",
                "string_invalid_utf-8",
                "string_iso_latin_1",
                "string_lone_utf8_continuation_byte",
                "string_not_in_unicode_range",
                "string_overlong_sequence_2_bytes",
                "string_overlong_sequence_6_bytes",
                "string_overlong_sequence_6_bytes_null",
                "string_truncated-utf-8",
                "string_utf16BE_no_BOM",
                "string_utf16LE_no_BOM",
            ],
        ),
        (Some("too_deep"), vec!["structure_500_nested_arrays"]),
    ]);
    assert_eq!(decided, expected);
}
