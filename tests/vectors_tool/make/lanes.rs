//! Lanes: a chain, and two operations at one place.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{OpId, equivocation::Equivocation, hash::Domain, kinds::Kind, v1};
use prost::Message;

use super::{
    file::{Case, File},
    forge::{Parts, at, field, first_link, operation_id},
    json::Json,
    operations::channel,
    people::Person,
    sealed::Sealed,
};

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let alice = Person::called("alice")?;
    let channel = channel()?;
    let close = |time: u64, seq: u64, prev: Option<[u8; 32]>| {
        let link = v1::Link { seq, prev: prev.map(field).unwrap_or_default(), ..first_link() };
        let parts = Parts::new(&alice, Kind::ChannelClose, at(time), Vec::new()).channel(&channel);
        parts.with(|header| header.link = Some(link)).signed(&alice, Domain::SignOperation)
    };
    let first = close(1, 1, None);
    let second = close(2, 2, Some(operation_id(&first)));
    let third = close(3, 3, Some(operation_id(&second)));
    let fork = close(4, 2, Some(operation_id(&first)));
    let mut files = proofs(&alice, &second, &fork, &third)?;
    let case = |name: &str, text: &str, operations: &[&v1::Operation]| {
        let ids = operations.iter().map(|operation| Json::hex(OpId::from_bytes(operation_id(operation))));
        Case::new(name, text)
            .input("issuer", alice.secrets())
            .input(
                "operations",
                Json::List(operations.iter().map(|operation| Json::hex(operation.encode_to_vec())).collect()),
            )
            .value("operation_ids", Json::List(ids.collect()))
    };
    let places = |list: &[u64]| Json::list(list.iter().copied());
    let none = || Json::List(Vec::new());
    files.extend([
        File::of(
            "lane/chain",
            "lane",
            case("chain", "Three places of one lane; each names the one before.", &[&first, &second, &third])
                .expect("seqs", places(&[1, 2, 3]))
                .expect("gaps", none())
                .expect("forks", none()),
        ),
        File::of(
            "lane/gap",
            "lane",
            case("gap", "The second place is withheld. Evidence; no verdict changes.", &[&first, &third])
                .expect("seqs", places(&[1, 3]))
                .expect("gaps", places(&[2]))
                .expect("forks", none()),
        ),
        File::of(
            "lane/equivocation",
            "lane",
            case(
                "fork",
                "Two operations at one place of one lane, signed by one key: a proof that anybody can check.",
                &[&first, &second, &fork],
            )
            .expect("seqs", places(&[1, 2, 2]))
            .expect("gaps", none())
            .expect("forks", places(&[2])),
        ),
    ]);
    Ok(files)
}

/// Proofs of an equivocation, and what proves none.
fn proofs(alice: &Person, one: &v1::Operation, fork: &v1::Operation, later: &v1::Operation) -> Result<Vec<File>> {
    let bytes = |operation: &v1::Operation| Bytes::from(operation.encode_to_vec());
    let proof = Equivocation::decode(bytes(one), bytes(fork))?;
    let case = |name: &str, text: &str, pair: [&v1::Operation; 2]| {
        Case::new(name, text)
            .input("operations", Json::List(pair.map(|operation| Json::hex(bytes(operation))).to_vec()))
    };
    // The same place of the same lane, certified by others.
    let place = |by: &Person, key: &Person| -> Result<v1::Operation> {
        let parts = Parts::new(by, Kind::ChannelClose, at(5), Vec::new()).channel(&channel()?);
        let link = v1::Link { seq: 2, prev: field([7; 32]), ..first_link() };
        let parts = parts.with(|header| {
            header.issuer_key = field(key.identity.signing.verifying_key().as_bytes());
            header.link = Some(link);
        });
        Ok(parts.own(key))
    };
    let bob = Person::called("bob")?;
    let by_bob = place(&bob, &bob)?;
    let other_key = place(alice, &alice.rotated(0x42, 0x52)?)?;
    let text = proof.to_text();
    let from_text = |name: &str, text: String, reason| {
        let case = Case::new(name, "").input("text", text).refused("malformed", reason);
        File::of(&format!("lane/flaw/{name}"), "equivocation_text", case)
    };
    let none = |name: &str, text: &str, other: &v1::Operation, reason| {
        let case = case(name, text, [one, other]).refused("malformed", reason);
        File::of(&format!("lane/flaw/{name}"), "equivocation", case)
    };
    let good = case("proof", "Two operations at one place, and the one text of that.", [one, fork])
        .accepted()
        .expect("user", Json::hex(proof.user()))
        .expect("key", Json::hex(proof.key().as_bytes()))
        .expect("lane", Json::hex(proof.link().lane))
        .expect("seq", proof.link().seq)
        .expect("text", text.as_str());
    Ok(vec![
        File::of("lane/proof", "equivocation", good),
        none("same_operation", "One operation twice.", one, "same_operation"),
        none("other_user", "Another user at the same place.", &by_bob, "other_user"),
        none("other_key", "Another key of the same user.", &other_key, "other_key"),
        none("other_place", "Another place of the lane.", later, "other_place"),
        from_text("not_an_equivocation", text.replace("equivocation 1", "equivocation 2"), "not_an_equivocation"),
        from_text(
            "not_two_operations",
            text.lines().take(8).map(|line| format!("{line}\n")).collect(),
            "not_two_operations",
        ),
        from_text("other_text", text.replace("seq 2", "seq 3"), "other_text"),
    ])
}
