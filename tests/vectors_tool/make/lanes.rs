//! Lanes: a chain, and two operations at one place.

use anyhow::Result;
use dmpc::{OpId, hash::Domain, kinds::Kind, v1};
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
    Ok(vec![
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
    ])
}
