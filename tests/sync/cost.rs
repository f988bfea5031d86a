//! What a reconciliation costs: bytes and round trips by what differs, and not by what the nodes hold.

use super::{pair::Pair, replicas::differing};

fn agrees(pair: &Pair, different: usize) {
    assert_eq!(pair.initiator.ingested.len() + pair.responder.ingested.len(), different);
    for side in [&pair.initiator, &pair.responder] {
        let ended = side.ended.as_ref().unwrap();
        assert_eq!(ended.reason, "done", "{ended:?}");
        assert!(side.exchange.status().agreement.unwrap().logs_agree());
    }
}

#[test]
fn ten_differences_among_a_million_operations_move_under_100_kb_in_under_6_round_trips() {
    let (mut pair, bytes) = differing(1_000_000, 10);
    pair.run();
    agrees(&pair, 10);
    assert!(pair.bytes < 100_000, "{} bytes, of which {bytes} are the operations", pair.bytes);
    assert!(pair.round_trips() < 6.0, "{} round trips", pair.round_trips());
}

#[test]
fn equal_logs_cost_a_few_frames() {
    let (mut pair, _) = differing(100_000, 0);
    pair.run();
    agrees(&pair, 0);
    assert!(pair.bytes < 2_500, "{} bytes", pair.bytes);
    assert!(pair.round_trips() <= 3.0, "{} round trips", pair.round_trips());
}

#[test]
fn ten_thousand_differences_cost_what_differs() {
    let (mut pair, bytes) = differing(100_000, 10_000);
    pair.run();
    agrees(&pair, 10_000);
    assert!(pair.bytes < bytes * 3, "{} bytes, of which {bytes} are the operations", pair.bytes);
}
