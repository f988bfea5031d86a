//! A peer that means harm: what it sends is refused, bounded and counted against it; others go on.

use std::time::{Duration, Instant};

use bytes::Bytes;
use dmpc::{
    Permissions,
    peer::{Frame, Head, Operations, OutcomeKind},
};
use tokio::io::AsyncWriteExt;

use super::{
    nodes::{Node, guest, until},
    stranger::{Stranger, Talk},
};
use crate::support::operations::{Cast, at};

/// Operations of the flood, and in one frame of it.
const FLOOD: usize = 2_000;
const PACK: usize = 100;

/// Alice's node with mallory for a peer.
struct Scene {
    alice: Node,
    mallory: Stranger,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    fn new(settings: &[(&'static str, &'static str)]) -> Self {
        let (alice, mallory) = (Node::new_with(settings), Stranger::new(7));
        alice.peer(&["add", "mallory", "--key", &mallory.key().to_string()]).expect_success();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { alice, mallory, runtime }
    }

    /// A link on which mallory said its terms and heard those of alice.
    async fn talk(&self) -> Talk {
        let mut talk = self.mallory.talk(self.alice.address(), self.alice.key().parse().unwrap()).await;
        assert!(talk.say(self.mallory.terms()).await);
        let terms = talk.hear().await.unwrap();
        assert!(matches!(Frame::decode(&terms.freeze()), Ok(Frame::Terms(_))));
        talk
    }

    /// What counts against mallory, of a reason.
    fn refused(&self, reason: &str) -> u64 {
        self.alice.status("mallory")["refused"][reason].as_u64().unwrap_or_default()
    }

    /// That alice's node serves a person, and a peer that means well.
    fn goes_on(&self) {
        let bob = Node::beside(&self.alice);
        super::nodes::introduce(&self.alice, &bob);
        let (person, _) = self.alice.house.user("carol", "grpc", "channel.add,user.read");
        let channel = self.alice.house.run(&person, &["channel", "open", "tea"]).expect_success().line();
        bob.sync("alice");
        let person = guest(&bob, "carol", &person);
        bob.house.run(&person, &["channel", "read", &channel]).expect_success();
        assert_eq!(self.alice.digests(), bob.digests());
    }
}

fn operations(operations: Vec<Bytes>) -> Bytes {
    Frame::Operations(Operations { operations, want: None, last: false }).encode().unwrap()
}

#[test]
fn bytes_that_are_no_operations_end_the_exchange_and_count() {
    let scene = Scene::new(&[]);
    scene.runtime.block_on(async {
        let mut talk = scene.talk().await;
        assert!(talk.say(operations(vec![Bytes::from_static(b"no operation"); 17])).await);
        assert_eq!(talk.end().await.as_deref(), Some("bad_operations"));
    });
    until("it counts", || scene.refused("malformed") == 17 && scene.refused("bad_operations") == 1);
    assert!(scene.alice.status("mallory")["problem"].as_str().unwrap().contains("bad_operations"));
    scene.goes_on();
}

#[test]
fn forged_operations_end_the_exchange_and_count() {
    let scene = Scene::new(&[]);
    let mut cast = Cast::new(1);
    let forged = (0..17).map(|number| {
        let mut bytes = cast.create("root", "alice", Permissions::NONE, "", at(1_000 + number)).bytes().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        Bytes::from(bytes)
    });
    let forged: Vec<Bytes> = forged.collect();
    scene.runtime.block_on(async {
        let mut talk = scene.talk().await;
        assert!(talk.say(operations(forged)).await);
        assert_eq!(talk.end().await.as_deref(), Some("bad_operations"));
    });
    until("it counts", || scene.refused("bad_signature") == 17);
    assert_eq!(scene.alice.info().operations, 0);
    scene.goes_on();
}

#[test]
fn a_flood_of_operations_of_nobody_is_bounded_and_counts() {
    let scene = Scene::new(&[("DMPC_LIMITS_WAITING_OPERATIONS", "10")]);
    let mut cast = Cast::with_blank_wraps(2);
    let useless: Vec<Bytes> = (0..FLOOD)
        .map(|number| cast.create("root", "alice", Permissions::NONE, "", at(1_000 + number as u64)).bytes().clone())
        .collect();
    scene.runtime.block_on(async {
        let mut talk = scene.talk().await;
        let mut told = [0; OutcomeKind::ALL.len() + 1];
        for pack in useless.chunks(PACK) {
            assert!(talk.say(operations(pack.to_vec())).await);
            let mut heard = 0;
            while heard < pack.len() {
                let frame = talk.hear().await.unwrap();
                let Ok(Frame::Outcomes(outcomes)) = Frame::decode(&frame.freeze()) else { continue };
                heard += outcomes.outcomes.len();
                outcomes.outcomes.iter().for_each(|(kind, _)| told[usize::from(kind.code())] += 1);
            }
        }
        let of = |kind: OutcomeKind| told[usize::from(kind.code())];
        assert_eq!((of(OutcomeKind::Waiting), of(OutcomeKind::Refused)), (10, FLOOD - 10));
    });
    assert_eq!(scene.refused("overloaded"), u64::try_from(FLOOD - 10).unwrap());
    assert_eq!(scene.alice.info().operations, 0);
    scene.goes_on();
}

#[test]
fn frames_that_are_none_end_the_link_and_count() {
    let scene = Scene::new(&[]);
    scene.runtime.block_on(async {
        let mut talk = scene.talk().await;
        assert!(talk.say(Bytes::from_static(b"\xff\xff\xff no frame")).await);
        assert_eq!(talk.end().await.as_deref(), Some("violation"));
        let begin = Instant::now();
        let mut talk = scene.talk().await;
        assert!(begin.elapsed() >= Duration::from_millis(800), "it is heard again only after a while");
        assert!(talk.say(scene.mallory.terms()).await);
        assert_eq!(talk.end().await.as_deref(), Some("violation"), "terms are said once");
    });
    until("both count", || scene.refused("violation") == 2);
    scene.runtime.block_on(async {
        let mut stream = scene.talk().await.into_stream();
        // Four bytes of length: more than a frame has.
        stream.write_all(&0x0010_0001_u32.to_be_bytes()).await.unwrap();
        let mut rest = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await.ok();
    });
    until("the oversized one counts", || scene.refused("broken_frame") == 1);
    scene.goes_on();
}

#[test]
fn a_peer_that_does_not_say_what_it_has_shows() {
    let scene = Scene::new(&[]);
    scene.runtime.block_on(async {
        let mut talk = scene.talk().await;
        // Its log has another digest, and it asks nothing and says nothing of it.
        let head = Head { operations: 9, latest: at(1_000), log_digest: [7; 32], state_digest: [7; 32] };
        assert!(talk.say(Frame::Reconciled(head).encode().unwrap()).await);
        while !matches!(Frame::decode(&talk.hear().await.unwrap().freeze()), Ok(Frame::Reconciled(_))) {}
        until("it is seen", || scene.alice.status("mallory")["same_log"] == false);
        let mallory = scene.alice.status("mallory");
        assert!(mallory["missing_here"] == 0 && mallory["logs_differ_since_ms"].is_u64(), "{mallory}");
        let text = scene.alice.peer(&["status"]).expect_success().stdout;
        assert!(text.contains("differs") && text.contains("the logs differ since"), "{text}");
    });
}

#[test]
fn a_peer_that_is_limited_to_few_operations_a_second_is_not_read_from_faster() {
    let scene = Scene::new(&[]);
    scene.alice.peer(&["remove", "mallory"]).expect_success();
    let key = scene.mallory.key().to_string();
    let limits = ["--operations-per-second", "100", "--bytes-per-second", "1000000"];
    scene.alice.peer(&[&["add", "mallory", "--key", &key], &limits[..]].concat()).expect_success();
    let mut cast = Cast::with_blank_wraps(3);
    let useless: Vec<Bytes> = (0..456)
        .map(|number| cast.create("root", "alice", Permissions::NONE, "", at(1_000 + number)).bytes().clone())
        .collect();
    let begin = Instant::now();
    scene.runtime.block_on(async {
        let mut talk = scene.talk().await;
        for pack in useless.chunks(PACK) {
            assert!(talk.say(operations(pack.to_vec())).await);
        }
        let mut heard = 0;
        while heard < useless.len() {
            let frame = talk.hear().await.unwrap();
            if let Ok(Frame::Outcomes(outcomes)) = Frame::decode(&frame.freeze()) {
                heard += outcomes.outcomes.len();
            }
        }
    });
    // A frame's worth of 256 at once, then 100 a second.
    assert!(begin.elapsed() >= Duration::from_millis(1_900), "{:?}", begin.elapsed());
}
