//! A node that lies: what an honest one would say is left out, changed, said twice, or has something beside it.

use bytes::Bytes;
use dmpc::{
    Hlc, OpId, OpKey,
    peer::{End, Frame, Head, Operations, OutcomeKind, Outcomes, Reconcile, Want},
    reconcile::{Bound, Writer},
};
use rand_core::RngCore;

use crate::support::operations::Seeded;

/// A liar.
pub(super) struct Liar {
    rng: Seeded,
    /// Operations of nobody that anybody knows, authentic.
    useless: Vec<Bytes>,
    /// Of so many frames one is a lie.
    one_in: usize,
}

impl Liar {
    pub(super) fn new(seed: u64, useless: Vec<Bytes>) -> Self {
        let mut rng = Seeded::new(seed, "liar");
        let one_in = 2 + rng.below(12);
        Self { rng, useless, one_in }
    }

    /// What is said instead of a frame.
    pub(super) fn say(&mut self, bytes: Bytes) -> Vec<Bytes> {
        if self.rng.below(self.one_in) > 0 {
            return vec![bytes];
        }
        match self.rng.below(8) {
            0 => Vec::new(),
            1 => vec![self.flipped(&bytes)],
            2 => vec![bytes.clone(), bytes],
            3..=5 => match Frame::decode(&bytes) {
                Ok(frame) => vec![self.changed(frame).encode().unwrap_or(bytes)],
                Err(_) => vec![bytes],
            },
            _ => {
                let more = self.invented().encode().unwrap_or_default();
                vec![more, bytes]
            }
        }
    }

    fn flipped(&mut self, bytes: &Bytes) -> Bytes {
        let mut changed = bytes.to_vec();
        let place = self.rng.below(changed.len().max(1));
        if let Some(byte) = changed.get_mut(place) {
            *byte ^= 1 << self.rng.below(8);
        }
        changed.into()
    }

    fn head(&mut self) -> Head {
        Head {
            operations: self.rng.next_u64(),
            latest: Hlc::from_bits(self.rng.next_u64()),
            log_digest: self.rng.array(),
            state_digest: self.rng.array(),
        }
    }

    fn changed(&mut self, frame: Frame) -> Frame {
        match frame {
            Frame::Terms(mut terms) => {
                terms.head = self.head();
                Frame::Terms(terms)
            }
            Frame::Reconcile(Reconcile { scope, .. }) => self.reconcile(scope),
            Frame::Want(mut want) => {
                want.from = OpKey { timestamp: Hlc::from_bits(self.rng.next_u64()), id: OpId::from_bytes([0; 32]) };
                Frame::Want(want)
            }
            Frame::Operations(mut operations) => {
                let place = self.rng.below(operations.operations.len().max(1));
                match self.rng.below(3) {
                    // Withheld.
                    0 if operations.last => operations.operations.clear(),
                    // Forged or malformed: the end of an operation is a signature.
                    1 => {
                        if let Some(operation) = operations.operations.get_mut(place) {
                            let mut forged = operation.to_vec();
                            forged.last_mut().into_iter().for_each(|byte| *byte ^= 1);
                            *operation = forged.into();
                        }
                    }
                    _ => operations.operations.reverse(),
                }
                Frame::Operations(operations)
            }
            Frame::Outcomes(mut outcomes) => {
                let lie = [(OutcomeKind::Bad, Some("lie".to_owned())), (OutcomeKind::Applied, None)];
                outcomes.outcomes.iter_mut().for_each(|outcome| *outcome = lie[self.rng.below(2)].clone());
                Frame::Outcomes(outcomes)
            }
            Frame::Reconciled(_) => Frame::Reconciled(self.head()),
            Frame::Alive(_) => Frame::Alive(self.head()),
            Frame::End(end) => Frame::End(end),
        }
    }

    /// Fingerprints of nothing, lists of what nobody has, or the same as the other said.
    fn reconcile(&mut self, scope: u32) -> Frame {
        let mut writer = Writer::default();
        match self.rng.below(3) {
            0 => writer.fingerprint(Bound::END, &self.rng.array()),
            1 => {
                let ids: Vec<OpId> = (0..1 + self.rng.below(20)).map(|_| OpId::from_bytes(self.rng.array())).collect();
                writer.list(Bound::END, &ids);
            }
            _ => {}
        }
        let message = writer.finish().unwrap_or_else(|| vec![dmpc::reconcile::PROTOCOL_BYTE]);
        Frame::Reconcile(Reconcile { scope, message: message.into() })
    }

    fn invented(&mut self) -> Frame {
        match self.rng.below(7) {
            0 | 1 => {
                let some = (0..1 + self.rng.below(6)).filter_map(|_| {
                    let place = self.rng.below(self.useless.len().max(1));
                    self.useless.get(place).cloned()
                });
                let operations: Vec<Bytes> = some.collect();
                Frame::Operations(Operations { operations, want: None, last: false })
            }
            2 => {
                let junk: [u8; 64] = self.rng.array();
                Frame::Operations(Operations {
                    operations: vec![Bytes::copy_from_slice(&junk)],
                    want: None,
                    last: false,
                })
            }
            3 => {
                let ids = vec![OpId::from_bytes(self.rng.array())];
                Frame::Want(Want { number: 1 + self.rng.next_u64() % 3, scope: 0, from: OpKey::MIN, ids })
            }
            4 => Frame::Outcomes(Outcomes { outcomes: vec![(OutcomeKind::Applied, None)] }),
            5 => Frame::Reconciled(self.head()),
            _ if self.rng.below(2) == 0 => self.reconcile(0),
            _ => Frame::End(End { reason: "lie".to_owned(), detail: String::new() }),
        }
    }
}
