//! What differs from run to run, replaced by what it is: ids are numbered as they come up, so that one id is the same everywhere in a
//! transcript.

use std::collections::BTreeMap;

use crate::cli::house::House;

/// Beginnings of ids and keys in bech32, and what they are; the longer ones first.
const BECH32: [(&str, &str); 9] = [
    ("dmpcchannel1", "CHANNEL"),
    ("dmpcissue1", "ISSUE"),
    ("dmpcnode1", "NODE"),
    ("dmpclane1", "LANE"),
    ("dmpcsign1", "SIGNING KEY"),
    ("dmpckey1", "EPOCH"),
    ("dmpcop1", "OPERATION"),
    ("dmpc1", "USER"),
    ("age1", "ENCRYPTION KEY"),
];
/// Letters behind them at least.
const BECH32_LETTERS_MIN: usize = 32;
/// Digits of what is a number in hex.
const HEX_DIGITS_MIN: usize = 32;
/// Digits of what is a time in milliseconds.
const MILLIS_DIGITS_MIN: usize = 13;
/// What stands before a value that differs, up to the end of its digits.
const NUMBERS: [&str; 9] = [
    "\"counter\":",
    "\"content_bytes\":",
    "content_bytes: ",
    "\"seconds\":",
    "\"operations_per_second\":",
    "\"issued_at_ms\":",
    "issued_at_ms: ",
    "\"latest\":",
    "ready in ",
];
/// What stands before bytes in base64, up to the quote that ends them.
const BYTES: [&str; 2] = ["\"bytes\":\"", "\"ciphertext\":\""];

/// Replaces what differs.
pub(super) struct Redaction {
    fixed: Vec<(String, &'static str)>,
    numbered: BTreeMap<&'static str, Vec<String>>,
}

impl Redaction {
    pub(super) fn new(house: &House) -> Self {
        let folder = house.path("desk").display().to_string();
        let house_folder = house.path("").display().to_string();
        let fixed = vec![
            (folder, "[DESK]"),
            (house_folder.trim_end_matches('/').to_owned(), "[HOUSE]"),
            (house.grpc().to_owned(), "[GRPC]"),
            (house.ws().to_owned(), "[WS]"),
        ];
        Self { fixed, numbered: BTreeMap::new() }
    }

    pub(super) fn redact(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.fixed {
            text = text.replace(from, to);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let in_word = out.ends_with(|last: char| last.is_ascii_alphanumeric());
            let found = self.labelled(rest).or_else(|| if in_word { None } else { self.word(rest) });
            let (taken, replacement) = found.unwrap_or_else(|| {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                (length, rest[..length].to_owned())
            });
            out.push_str(&replacement);
            rest = &rest[taken..];
        }
        out
    }

    /// Values that their label gives away.
    fn labelled(&self, rest: &str) -> Option<(usize, String)> {
        if let Some(label) = BYTES.iter().find(|label| rest.starts_with(**label)) {
            let length = rest[label.len()..].find('"')?;
            return Some((label.len() + length, format!("{label}[BYTES]")));
        }
        let label = NUMBERS.iter().find(|label| rest.starts_with(**label))?;
        let length = run(&rest[label.len()..], |digit| digit.is_ascii_digit() || digit == '.');
        (length > 0).then(|| (label.len() + length, format!("{label}[NUMBER]")))
    }

    /// Words that their form gives away.
    fn word(&mut self, rest: &str) -> Option<(usize, String)> {
        let length = run(rest, |letter| letter.is_ascii_alphanumeric());
        for (prefix, what) in BECH32 {
            if rest.starts_with(prefix) && length >= prefix.len() + BECH32_LETTERS_MIN {
                return Some((length, self.number(what, &rest[..length])));
            }
        }
        let hex = run(rest, |digit| digit.is_ascii_digit() || ('a'..='f').contains(&digit));
        if hex == length && hex >= HEX_DIGITS_MIN {
            return Some((hex, "[HEX]".to_owned()));
        }
        let number = run(rest, |digit| digit.is_ascii_digit() || digit == '.');
        if number >= MILLIS_DIGITS_MIN {
            return Some((number, "[NUMBER]".to_owned()));
        }
        time(rest).map(|length| (length, "[TIME]".to_owned())).or_else(|| self.random_end(rest))
    }

    /// `ops-1f0a4c22`, as `channel generate --prefix` makes names.
    fn random_end(&self, rest: &str) -> Option<(usize, String)> {
        let name = run(rest, |letter| letter.is_ascii_lowercase());
        let end = rest[name..].strip_prefix('-')?;
        let hex = run(end, |digit| digit.is_ascii_digit() || ('a'..='f').contains(&digit));
        let ends = !end[hex..].starts_with(|next: char| next.is_ascii_alphanumeric());
        (name > 0 && hex == 8 && ends).then(|| (name + 9, format!("{}-[RANDOM]", &rest[..name])))
    }

    fn number(&mut self, what: &'static str, word: &str) -> String {
        let known = self.numbered.entry(what).or_default();
        let number = known.iter().position(|known| known == word).unwrap_or_else(|| {
            known.push(word.to_owned());
            known.len() - 1
        });
        format!("[{what} {}]", number + 1)
    }
}

/// Bytes of ASCII that a text begins with.
fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.chars().take_while(|character| fits(*character)).count()
}

/// The length of a time: `2026-03-14 08:02:11`, `2026-03-14T08:02:11.123Z`.
fn time(rest: &str) -> Option<usize> {
    let form = "dddd-dd-dd?dd:dd";
    let fits = |(form, actual): (char, char)| match form {
        'd' => actual.is_ascii_digit(),
        '?' => matches!(actual, 'T' | ' '),
        form => form == actual,
    };
    let is_time = rest.len() >= form.len() && form.chars().zip(rest.chars()).all(fits);
    is_time
        .then(|| form.len() + run(&rest[form.len()..], |next| next.is_ascii_digit() || matches!(next, ':' | '.' | 'Z')))
}
