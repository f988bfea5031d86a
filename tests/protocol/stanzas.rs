//! age as the protocol has it: binary, X25519 alone, grease ignored. Every other form is refused with its reason.

use dmpc::{
    error::{Classified, ErrorClass},
    seal::{ForeignStanza, SealError, open_age, require_plain_x25519, seal_age},
};

use crate::support::operations::Cast;

const X25519: &str =
    "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\nhjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n";
const END: &str = "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n";

fn header(stanzas: &str) -> Result<(), SealError> {
    require_plain_x25519(format!("age-encryption.org/v1\n{stanzas}{END}payload").as_bytes(), 2)
}

#[test]
fn from_one_to_as_many_recipients_as_allowed_are_accepted() {
    assert_eq!(header(X25519), Ok(()));
    assert_eq!(header(&X25519.repeat(2)), Ok(()));
    assert_eq!(header(""), Err(SealError::RecipientCount { actual: 0, allowed: 2 }));
    assert_eq!(header(&X25519.repeat(3)), Err(SealError::RecipientCount { actual: 3, allowed: 2 }));
}

#[test]
fn passphrases_are_refused() {
    foreign(ForeignStanza::Scrypt, "scrypt_stanza", &["-> scrypt cGVwcGVyIGFuZCBzYWx0 18\n"]);
}

#[test]
fn keys_of_ssh_are_refused() {
    let stanzas = ["-> ssh-ed25519 Xyg06A rH24zuz7XHFc1lRyQmMrekpLrcKrJupohEh/YjvQCxs\n", "-> ssh-rsa mhir0Q\n"];
    foreign(ForeignStanza::Ssh, "ssh_stanza", &stanzas);
}

#[test]
fn post_quantum_recipients_are_refused() {
    let stanzas = ["-> mlkem768x25519 NfLcgAbz\n", "-> mlkem768p256tag AAAA\n"];
    foreign(ForeignStanza::PostQuantum, "post_quantum_stanza", &stanzas);
}

#[test]
fn recipients_of_plugins_and_unknown_ones_are_refused() {
    let stanzas = [
        "-> piv-p256 N2M/8g A0Yl\n",
        "-> yubikey AAAA\n",
        "-> p256tag AAAA BBBB\n",
        "-> x25519 TEiF0ypq\n",
        "-> X25519x TEiF0ypq\n",
        "-> grease AAAA\n",
        "-> \n",
    ];
    foreign(ForeignStanza::Other, "foreign_stanza", &stanzas);
}

/// Refused alone and beside X25519, for a reason of its own.
fn foreign(kind: ForeignStanza, reason: &str, stanzas: &[&str]) {
    let error = SealError::ForeignStanza(kind);
    assert_eq!((error.reason(), error.class()), (reason, ErrorClass::CannotUnseal));
    for stanza in stanzas {
        let stanza = format!("{stanza}AAAA\n");
        assert_eq!(header(&stanza), Err(error.clone()), "{stanza}");
        assert_eq!(header(&format!("{X25519}{stanza}")), Err(error.clone()), "{stanza}");
        assert_eq!(header(&format!("{stanza}{X25519}")), Err(error.clone()), "{stanza}");
    }
}

#[test]
fn grease_is_ignored_and_is_no_recipient() {
    let grease = "-> %k-grease a b\nAAAA\n";
    assert_eq!(header(&format!("{X25519}{grease}")), Ok(()));
    assert_eq!(header(&format!("{grease}{X25519}{grease}")), Ok(()));
    assert_eq!(header(grease), Err(SealError::RecipientCount { actual: 0, allowed: 2 }));
}

#[test]
fn armor_is_refused() {
    let armored =
        "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCg==\n-----END AGE ENCRYPTED FILE-----\n";
    assert_eq!(require_plain_x25519(armored.as_bytes(), 2), Err(SealError::Armored));
}

#[test]
fn other_versions_and_cut_headers_are_not_age_as_the_protocol_has_it() {
    let whole = format!("age-encryption.org/v1\n{X25519}{END}");
    let others = [
        String::new(),
        whole.replace("/v1", "/v2"),
        whole.replace("/v1\n", "/v1\r\n"),
        format!(" {whole}"),
        format!("age-encryption.org/v1\n{X25519}"),
        "age-encryption.org/v1\n".to_owned(),
        "age-encryption.org/v1".to_owned(),
    ];
    for bytes in others {
        assert_eq!(require_plain_x25519(bytes.as_bytes(), 2), Err(SealError::NotAge), "{bytes}");
    }
}

#[test]
fn what_stands_after_the_header_is_not_read_as_header() {
    let bytes = format!("age-encryption.org/v1\n{X25519}{END}-> scrypt AAAA 18\nAAAA\n");
    assert_eq!(require_plain_x25519(bytes.as_bytes(), 2), Ok(()));
}

#[test]
fn whatever_is_sealed_here_is_accepted_here_grease_and_all() {
    let cast = Cast::new(1);
    for _ in 0..200 {
        let sealed = seal_age(b"hello", &[cast.encryption_key("alice")]).unwrap();
        assert_eq!(require_plain_x25519(&sealed, 1), Ok(()));
        let opened = open_age(&sealed, &cast.identity("alice").encryption, 1, 5).unwrap();
        assert_eq!(opened.as_slice(), b"hello");
    }
}

#[test]
fn what_is_sealed_to_nobody_is_not_sealed() {
    assert_eq!(seal_age(b"hello", &[]), Err(SealError::BadRecipient));
}

#[test]
fn opened_bytes_are_bounded() {
    let cast = Cast::new(1);
    let sealed = seal_age(&[7; 70_000], &[cast.encryption_key("alice")]).unwrap();
    let open = |max| open_age(&sealed, &cast.identity("alice").encryption, 1, max).map(|plain| plain.len());
    assert_eq!(open(70_000), Ok(70_000));
    assert_eq!(open(69_999), Err(SealError::TooLarge(69_999)));
    assert_eq!(open(0), Err(SealError::TooLarge(0)));
    assert_eq!(SealError::TooLarge(0).class(), ErrorClass::TooLarge);
}

#[test]
fn sealed_bytes_that_are_cut_off_are_refused() {
    let cast = Cast::new(1);
    let alice = &cast.identity("alice").encryption;
    let sealed = seal_age(&[7; 66_000], &[cast.encryption_key("alice")]).unwrap();
    for cut in [1, 15, 16, 17, 464, 465, 1_000, 65_000, 66_000] {
        let outcome = open_age(&sealed[..sealed.len() - cut], alice, 1, 100_000);
        assert!(outcome.is_err(), "{cut} bytes cut off");
    }
    let longer = [sealed, vec![0]].concat();
    assert_eq!(open_age(&longer, alice, 1, 100_000).map(|plain| plain.len()), Err(SealError::Tampered));
}
