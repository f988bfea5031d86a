//! The multiset hash, and checkpoints. Digests of logs are with the logs.

use anyhow::Result;
use dmpc::{NodeId, hash::Domain};
use dmpc_storage::{checkpoint::Checkpoint, digest::LtHash};

use super::{
    file::{Case, File},
    json::Json,
};

pub(super) fn files() -> Result<Vec<File>> {
    Ok(vec![elements(), sums(), checkpoints(), refused_checkpoints()])
}

fn expansion(element: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 2_048];
    Domain::DigestElement.hasher().update(element).finalize_xof().fill(&mut bytes);
    bytes
}

fn elements() -> File {
    let case = |name: &str, element: &[u8]| {
        let mut hash = LtHash::default();
        hash.add(element);
        Case::new(name, "")
            .input("add", Json::List(vec![Json::hex(element)]))
            .input("remove", Json::List(Vec::new()))
            .value("expansion", Json::hex(expansion(element)))
            .expect("state", Json::hex(hash.to_bytes()))
    };
    File::new("digest/element", "multiset", "One element, expanded to 2,048 bytes: so is the state of the hash.")
        .case(case("an operation id", &[0x0b; 32]))
}

fn sums() -> File {
    let case = |name: &str, add: &[&[u8]], remove: &[&[u8]]| {
        let mut hash = LtHash::default();
        add.iter().for_each(|element| hash.add(element));
        remove.iter().for_each(|element| hash.remove(element));
        let list = |elements: &[&[u8]]| Json::List(elements.iter().map(Json::hex).collect());
        let digest = Domain::LogDigest.hash(&[&hash.to_bytes()]);
        Case::new(name, "")
            .input("add", list(add))
            .input("remove", list(remove))
            .expect("log_digest", Json::hex(digest))
    };
    let [a, b, c] = [b"a".as_slice(), b"b", b"c"];
    File::new("digest/sums", "multiset", "Sums of elements, as the log digest of them.")
        .case(case("nothing", &[], &[]))
        .case(case("three", &[a, b, c], &[]))
        .case(case("three in another order", &[c, a, b], &[]))
        .case(case("one twice", &[a, a], &[]))
        .case(case("three less one", &[a, b, c], &[b]))
        .case(case("removed before it is added", &[a], &[a]))
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        node: NodeId::from_bytes([2; 32]),
        operations: 102_669,
        state_digest: [0xab; 32],
        log_digest: [0x0c; 32],
    }
}

fn checkpoints() -> File {
    let checkpoint = checkpoint();
    let case = Case::new("checkpoint", "")
        .input("text", checkpoint.to_string())
        .accepted()
        .expect("node", Json::hex(checkpoint.node))
        .expect("operations", checkpoint.operations)
        .expect("state_digest", Json::hex(checkpoint.state_digest))
        .expect("log_digest", Json::hex(checkpoint.log_digest));
    File::new("digest/checkpoint", "checkpoint", "The text of a checkpoint.").case(case)
}

fn refused_checkpoints() -> File {
    let good = checkpoint().to_string();
    let case = |name: &str, text: String| Case::new(name, "").input("text", text).expect("result", "refused");
    File::new("digest/flaw/checkpoint", "checkpoint", "Texts that are no checkpoint.").cases([
        case("another version", good.replace("checkpoint 1", "checkpoint 2")),
        case("a line is missing", good.replace("operations 102669\n", "")),
        case("a line too many", format!("{good}more\n")),
        case("a digest is short", good.replace("log 0c", "log ")),
        case("not a number", good.replace("102669", "many")),
        case("empty", String::new()),
    ])
}
