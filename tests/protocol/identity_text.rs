//! The text of an identity: it round trips, and no error shows a secret.

use dmpc::{
    Identity,
    identity::{FORMER_KEYS_MAX, IdentityError},
    keys::{DecryptionKey, SigningKey},
};

use crate::support::operations::{Cast, Seeded};

fn text(cast: &Cast) -> String {
    cast.identity("alice").to_text().unwrap().to_string()
}

/// The two secrets, without the prefixes that say what they are.
fn secrets(text: &str) -> Vec<String> {
    let value = |name| text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let data = |value: &str| value.rsplit_once('1').unwrap().1.to_lowercase();
    vec![data(value("signing: ")), data(value("encryption: "))]
}

/// Whether a text shows eight letters in a row of a secret.
fn shows(shown: &str, secrets: &[String]) -> bool {
    let shown = shown.to_lowercase();
    secrets
        .iter()
        .flat_map(|secret| secret.as_bytes().windows(8))
        .any(|part| shown.as_bytes().windows(8).any(|window| window == part))
}

fn refusal(text: &str) -> IdentityError {
    Identity::from_text(text).map(|identity| identity.user).unwrap_err()
}

#[test]
fn an_identity_round_trips() {
    let cast = Cast::new(1);
    let again = Identity::from_text(&text(&cast)).unwrap();
    assert_eq!(again.public(), cast.identity("alice").public());
    assert_eq!(again.to_text().unwrap().as_str(), text(&cast));
}

#[test]
fn the_user_outlives_its_keys() {
    let mut cast = Cast::new(1);
    let user = cast.user("alice");
    cast.rotate("alice", "alice", "former", crate::support::operations::at(0));
    let again = Identity::from_text(&text(&cast)).unwrap();
    assert_eq!((again.user, again.public()), (user, cast.identity("alice").public()));
}

#[test]
fn encryption_keys_of_before_are_kept_up_to_a_bound() {
    let mut rng = Seeded::new(1, "keys");
    let mut identity = Identity::generate(&mut rng).unwrap();
    let mut keys = Vec::new();
    for _ in 0..FORMER_KEYS_MAX + 3 {
        keys.push(identity.encryption.encryption_key().unwrap());
        identity = identity.with_keys(None, Some(DecryptionKey::generate(&mut rng).unwrap()));
    }
    keys.push(identity.encryption.encryption_key().unwrap());
    let signing = SigningKey::generate(&mut rng);
    let again = Identity::from_text(&identity.with_keys(Some(signing), None).to_text().unwrap()).unwrap();
    // The present one first, then the others, newest first; the oldest are gone.
    let openers: Vec<_> = again.openers().map(|key| key.encryption_key().unwrap()).collect();
    keys.reverse();
    assert_eq!(openers, keys[..FORMER_KEYS_MAX + 1]);
    assert_eq!(again.user, identity.user);
    assert_ne!(again.signing.verifying_key(), identity.signing.verifying_key());

    let text = again.to_text().unwrap();
    let one_more = format!("{}former: {}\n", *text, *again.encryption.to_text());
    assert_eq!(refusal(&one_more), IdentityError::TooManyFormer);
}

#[test]
fn comments_empty_lines_and_spaces_do_not_matter() {
    let plain = text(&Cast::new(1));
    let spaced = format!("\n# a comment\n\n  {}\r\n", plain.replace('\n', "  \r\n\t").replace(": ", ":"));
    assert_eq!(Identity::from_text(&spaced).unwrap().public(), Identity::from_text(&plain).unwrap().public());
    let reversed: Vec<&str> = plain.lines().rev().collect();
    assert!(Identity::from_text(&reversed.join("\n")).is_ok());
}

#[test]
fn missing_double_and_foreign_lines_are_refused() {
    let plain = text(&Cast::new(1));
    for name in ["user", "signing", "encryption"] {
        let line = plain.lines().find(|line| line.starts_with(name)).unwrap();
        assert_eq!(refusal(&plain.replace(line, "")), IdentityError::Missing(name));
        assert_eq!(refusal(&format!("{plain}{line}\n")), IdentityError::Twice(name));
    }
    assert_eq!(refusal(&format!("{plain}name: alice\n")), IdentityError::Line { line: 5 });
    assert_eq!(refusal(&format!("hello\n{plain}")), IdentityError::Line { line: 1 });
    assert_eq!(refusal(""), IdentityError::Missing("user"));
}

/// Texts that are wrong in ways that people make: lines exchanged, cut off, mistyped, joined.
fn wrong(plain: &str) -> Vec<String> {
    let lines: Vec<&str> = plain.lines().collect();
    let names = ["user", "signing", "encryption", "secret", ""];
    let mut texts = Vec::new();
    for (place, line) in lines.iter().enumerate().skip(1) {
        let (_, value) = line.split_once(": ").unwrap();
        let mut replacements: Vec<String> = names.iter().map(|name| format!("{name}: {value}")).collect();
        replacements.extend([value.to_owned(), format!("{value}: {value}"), value.to_lowercase()]);
        replacements.extend([&line[..line.len() - 1], &line[1..]].map(str::to_owned));
        replacements.extend([line.replace(": ", "="), line.replace("Q", "P"), line.replace("q", "p")]);
        replacements.extend([format!("{line}{}", lines[lines.len() - 1]), format!("user: {value}{value}")]);
        for replacement in replacements {
            let mut changed: Vec<&str> = lines.clone();
            changed[place] = &replacement;
            texts.push(changed.join("\n"));
        }
    }
    texts
}

#[test]
fn no_error_shows_a_secret() {
    let plain = text(&Cast::new(1));
    let secrets = secrets(&plain);
    let mut refused = 0;
    for text in wrong(&plain) {
        let Err(error) = Identity::from_text(&text) else { continue };
        assert!(!shows(&error.to_string(), &secrets), "the message of {} shows one", name_of(&error));
        assert!(!shows(&format!("{error:?}"), &secrets), "the debug form of {} shows one", name_of(&error));
        refused += 1;
    }
    assert!(refused > 30, "{refused}");
}

/// The variant, without what it carries.
fn name_of(error: &IdentityError) -> String {
    format!("{error:?}").split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

#[test]
fn the_debug_form_shows_no_secret() {
    let cast = Cast::new(1);
    let identity = cast.identity("alice");
    let shown = format!("{identity:?} {identity:#?} {:?}", identity.public());
    assert!(!shows(&shown, &secrets(&text(&cast))));
    assert!(shown.contains(&identity.user.to_string()));
    assert!(shows(&text(&cast), &secrets(&text(&cast))), "the text does, so the check can fail");
}

#[test]
fn the_text_of_secrets_has_all_of_its_room_from_the_beginning() {
    let mut identity = Cast::new(1).identity("alice").with_keys(None, None);
    let signing = identity.signing.to_text().unwrap();
    assert_eq!(signing.capacity(), signing.len(), "a text that grew has more room than it needs");
    for former in [0, 1, FORMER_KEYS_MAX] {
        identity.former = vec![identity.encryption.clone(); former];
        let text = identity.to_text().unwrap();
        // What is written for none, and at most 96 bytes a key.
        assert!(text.capacity() <= 448 + former * 96, "{} for {former} former keys", text.capacity());
    }
}
