//! Any text as a proof of equivocation: one proof has one text, and proves what it says.

use dmpc::equivocation::Equivocation;

pub(super) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(proof) = Equivocation::from_text(text) else { return false };
    assert_eq!(proof.to_text(), text, "two texts of one proof");
    let [one, other] = proof.operations();
    assert!(one.id() < other.id());
    for operation in [one, other] {
        assert_eq!((operation.certifier(), operation.certifier_key()), (proof.user(), proof.key()));
        assert_eq!((operation.link().lane, operation.link().seq), (proof.link().lane, proof.link().seq));
        assert!((**operation).clone().verify().is_ok());
    }
    let swapped = Equivocation::decode(other.bytes().clone(), one.bytes().clone()).expect("in any order");
    assert_eq!(swapped.to_text(), text);
    true
}
