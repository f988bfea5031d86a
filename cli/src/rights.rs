//! `USER:RIGHTS` on the command line.

use std::str::FromStr;

use dmpc::Rights;

/// A member as it is written on the command line: a user, a colon, and letters (`rwcm`) or names of rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberArg {
    /// A user: an id, the beginning of one, or a name.
    pub user: String,
    /// What it may do.
    pub rights: Rights,
}

impl FromStr for MemberArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (user, rights) = text.rsplit_once(':').ok_or("write it as USER:RIGHTS, for example alice:rw")?;
        Ok(Self { user: user.to_owned(), rights: parse(rights)? })
    }
}

fn parse(text: &str) -> Result<Rights, String> {
    let letters: Option<Vec<Rights>> = text.chars().map(from_letter).collect();
    let rights = match letters {
        Some(letters) => letters.into_iter().fold(Rights::NONE, Rights::union),
        None => text.parse().map_err(|error| format!("{error}, nor letters of rwcm"))?,
    };
    if rights.is_empty() {
        return Err("a member has at least one right; letters are r, w, c, m".to_owned());
    }
    Ok(rights)
}

const fn from_letter(letter: char) -> Option<Rights> {
    match letter {
        'r' => Some(Rights::READ),
        'w' => Some(Rights::WRITE),
        'c' => Some(Rights::CLOSE),
        'm' => Some(Rights::MANAGE),
        _ => None,
    }
}
