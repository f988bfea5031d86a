//! Bytes of age. age draws its own randomness, so they are kept and used again, as long as they hold what they are to.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use dmpc::{
    keys::EncryptionKey,
    seal::{require_plain_x25519, seal_age},
};

use super::json::{Json, hex};

/// One sealed text: what it holds, for whom, and the bytes. All in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    recipients: Vec<String>,
    plain: String,
    sealed: Vec<u8>,
}

/// Sealed bytes by name.
#[derive(Debug)]
pub(crate) struct Sealed {
    kept: BTreeMap<String, Entry>,
    used: BTreeMap<String, Entry>,
    seals: bool,
}

impl Sealed {
    /// Reads what [`Sealed::to_text`] writes. What is not kept is sealed if it `seals`, and otherwise an error.
    pub(crate) fn parse(bytes: &[u8], seals: bool) -> Result<Self> {
        let whole: serde_json::Value = serde_json::from_slice(bytes)?;
        let mut kept = BTreeMap::new();
        for entry in whole["sealed"].as_array().context("no list 'sealed'")? {
            let text = |name: &str| entry[name].as_str().map(str::to_owned).context(format!("no text '{name}'"));
            let recipients = entry["recipients"].as_array().context("no list 'recipients'")?;
            let recipients = recipients.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect();
            let sealed = unhex(&text("sealed")?).context("'sealed' is not hexadecimal")?;
            kept.insert(text("name")?, Entry { recipients, plain: text("plain")?, sealed });
        }
        Ok(Self { kept, seals, used: BTreeMap::new() })
    }

    /// The bytes with this name: those that are kept if they are for these recipients and hold `plain`.
    pub(crate) fn seal(&mut self, name: &str, plain: &[u8], recipients: &[EncryptionKey]) -> Result<Vec<u8>> {
        let plain_hex = hex(plain);
        let to: Vec<String> = recipients.iter().map(|key| hex(key.as_bytes())).collect();
        let kept = self.kept.get(name).filter(|entry| entry.plain == plain_hex && entry.recipients == to);
        let entry = match kept {
            Some(entry) => entry.clone(),
            None => {
                ensure!(self.seals, "'{name}' is not among the sealed bytes that are kept, or holds something else");
                let sealed = seal_age(plain, recipients)?;
                require_plain_x25519(&sealed, recipients.len())?;
                Entry { recipients: to, plain: plain_hex, sealed }
            }
        };
        let sealed = entry.sealed.clone();
        ensure!(self.used.insert(name.to_owned(), entry).is_none(), "two sealed texts are called {name}");
        Ok(sealed)
    }

    /// All that was asked for.
    pub(crate) fn to_text(&self) -> String {
        let entries = self.used.iter().map(|(name, entry)| {
            Json::Object(vec![
                ("name", name.as_str().into()),
                ("recipients", Json::list(entry.recipients.iter().map(String::as_str))),
                ("plain", entry.plain.as_str().into()),
                ("sealed", Json::hex(&entry.sealed)),
            ])
        });
        let description =
            "Bytes of age that the vectors use. age draws randomness, so nobody makes the same bytes again.";
        let whole = Json::Object(vec![
            ("format", "dmpc vectors 1".into()),
            ("description", description.into()),
            ("sealed", Json::List(entries.collect())),
        ]);
        let mut text = String::new();
        whole.write(0, &mut text);
        text.push('\n');
        text
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|letter| letter.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
}
