//! The reconciliation: scope by scope, several at a time, until all is known that differs.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use dmpc::{
    peer::{Frame, Reconcile},
    reconcile::Message,
};

use super::{
    Agreement, Differences, EndReason, Exchange, Phase, Role,
    bounds::{FRUITLESS_MAX, SCOPES_AT_ONCE},
    replica::Replica,
    rounds,
};

/// Where a reconciliation is.
#[derive(Debug, Default)]
pub(super) struct Reconciling {
    /// Scopes that were not begun.
    waiting: VecDeque<u32>,
    /// Scopes whose answer is awaited.
    asked: BTreeMap<u32, Asked>,
    /// What is to be asked next.
    ready: VecDeque<(u32, Bytes)>,
    /// The end was said, or is to be said.
    closing: Closing,
}

#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// Messages in a row that told of no difference.
    fruitless: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Closing {
    /// Nothing is said.
    #[default]
    Open,
    /// It is said, and the answer is awaited.
    Said,
    /// The other said it, and is to be answered.
    Due,
}

impl Reconciling {
    fn is_settled(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_empty() && self.ready.is_empty()
    }
}

impl Exchange {
    /// Begins to ask what differs.
    pub(super) fn begin_reconciliation(&mut self) {
        self.memory.reconciliations += 1;
        self.status.phase = Phase::Reconciling;
        (self.status.found, self.status.left) = (Differences::default(), Differences::default());
        self.status.rounds = 0;
        if self.config.role == Role::Initiator {
            self.reconciling.waiting = (0..).take(self.scopes.len()).collect();
        }
    }

    /// What is to be asked next, or asked for.
    pub(super) fn reconcile<R: Replica>(&mut self, replica: &R) -> Result<Option<Frame>, R::Error> {
        if self.knows_enough()
            && let Some(want) = self.wanting.next()
        {
            return Ok(Some(Frame::Want(want)));
        }
        if self.is_full() {
            return Ok(None);
        }
        if let Some((scope, message)) = self.reconciling.ready.pop_front() {
            return Ok(Some(Frame::Reconcile(Reconcile { scope, message })));
        }
        // What comes first introduces what the others need.
        let at_once = if self.reconciling.asked.contains_key(&0) { 0 } else { SCOPES_AT_ONCE };
        if self.reconciling.asked.len() >= at_once {
            return Ok(None);
        }
        let Some(number) = self.reconciling.waiting.pop_front() else { return Ok(None) };
        let Some(scope) = usize::try_from(number).ok().and_then(|number| self.scopes.get(number)) else {
            return Ok(None);
        };
        let message = Bytes::from(rounds::open(&replica.scope(scope)?)?);
        self.reconciling.asked.insert(number, Asked::default());
        Ok(Some(Frame::Reconcile(Reconcile { scope: number, message })))
    }

    /// Whether no more is to be found out before some of it is made good.
    fn is_full(&self) -> bool {
        !self.wanting.has_room() || !self.sending.has_room()
    }

    /// Whether what was found may be handed over and asked for: when all is known, so that the least goes first, or when there
    /// is no room to learn more.
    pub(super) fn knows_enough(&self) -> bool {
        self.reconciling.is_settled() || self.is_full()
    }

    /// Takes a message of a reconciliation.
    pub(super) fn take_reconcile<R: Replica>(&mut self, frame: &Reconcile, replica: &R) -> Result<(), R::Error> {
        let number = frame.scope;
        let Some(scope) = usize::try_from(number).ok().and_then(|number| self.scopes.get(number)).copied() else {
            self.end(EndReason::Violation, "a scope that is not exchanged");
            return Ok(());
        };
        let message = match Message::decode(&frame.message) {
            Ok(message) => message,
            Err(error) => {
                self.end(EndReason::Violation, &error.to_string());
                return Ok(());
            }
        };
        match self.config.role {
            Role::Responder => {
                if self.status.phase == Phase::Following {
                    self.begin_reconciliation();
                }
                if self.reconciling.closing == Closing::Due || self.out.len() >= SCOPES_AT_ONCE {
                    self.end(EndReason::Violation, "a message of the reconciliation out of turn");
                    return Ok(());
                }
                let answer = rounds::answer(&replica.scope(&scope)?, &message, self.config.limit())?;
                self.status.rounds += 1;
                self.out.push_back(Frame::Reconcile(Reconcile { scope: number, message: answer.into() }));
            }
            Role::Initiator => {
                let Some(Asked { fruitless }) = self.reconciling.asked.remove(&number) else {
                    self.end(EndReason::Violation, "an answer of the reconciliation that nobody asked for");
                    return Ok(());
                };
                let resolved = rounds::resolve(&replica.scope(&scope)?, &message, self.config.limit())?;
                self.status.rounds += 1;
                let is_fruitless = resolved.surplus.is_empty() && resolved.lacks.is_empty();
                let fruitless = if is_fruitless { fruitless + 1 } else { 0 };
                self.learn(number, resolved.surplus, resolved.lacks);
                if let Some(reply) = resolved.reply {
                    if fruitless > FRUITLESS_MAX {
                        self.end(EndReason::Endless, "the reconciliation comes to nothing");
                        return Ok(());
                    }
                    self.reconciling.asked.insert(number, Asked { fruitless });
                    self.reconciling.ready.push_back((number, reply.into()));
                }
            }
        }
        Ok(())
    }

    fn learn(&mut self, scope: u32, surplus: Vec<rounds::Surplus>, lacks: Vec<rounds::Lack>) {
        for surplus in surplus {
            self.status.found.there.add(surplus.operations, surplus.from.timestamp);
            if self.gives {
                self.sending.add(scope, surplus);
            } else {
                self.status.left.there.add(surplus.operations, surplus.from.timestamp);
            }
        }
        for lack in lacks {
            let count = u64::try_from(lack.ids.len()).unwrap_or(u64::MAX);
            self.status.found.here.add(count, lack.from.timestamp);
            if self.takes {
                self.wanting.add(scope, lack, &self.memory, &mut self.status);
            } else {
                self.status.left.here.add(count, lack.from.timestamp);
            }
        }
    }

    /// Says that nothing is left of the reconciliation, when that is so.
    pub(super) fn settle<R: Replica>(&mut self, replica: &R) -> Result<Option<Frame>, R::Error> {
        if self.status.phase != Phase::Reconciling {
            return Ok(None);
        }
        let is_settled = self.reconciling.is_settled()
            && self.sending.is_settled()
            && self.wanting.is_settled()
            && self.receiving.is_settled();
        match (self.config.role, self.reconciling.closing) {
            (Role::Initiator, Closing::Open) if is_settled => {
                self.reconciling.closing = Closing::Said;
                Ok(Some(Frame::Reconciled(replica.head()?)))
            }
            (Role::Responder, Closing::Due) => {
                self.conclude(replica)?;
                Ok(Some(Frame::Reconciled(replica.head()?)))
            }
            (Role::Initiator | Role::Responder, _) => Ok(None),
        }
    }

    /// The other node has nothing more to ask for or to hand over from before.
    pub(super) fn take_reconciled<R: Replica>(&mut self, replica: &R) -> Result<(), R::Error> {
        match (self.config.role, self.status.phase, self.reconciling.closing) {
            (Role::Initiator, Phase::Reconciling, Closing::Said) => {
                self.conclude(replica)?;
                if self.config.once {
                    self.end(EndReason::Done, "");
                }
            }
            (Role::Responder, Phase::Reconciling | Phase::Following, Closing::Open) => {
                self.status.phase = Phase::Reconciling;
                self.reconciling.closing = Closing::Due;
            }
            _ => self.end(EndReason::Violation, "the end of a reconciliation out of turn"),
        }
        Ok(())
    }

    fn conclude<R: Replica>(&mut self, replica: &R) -> Result<(), R::Error> {
        self.reconciling.closing = Closing::Open;
        self.status.phase = Phase::Following;
        self.status.reconciliations += 1;
        let here = replica.head()?;
        if let Some(there) = self.status.other {
            let everything = self.common == dmpc::peer::Scopes::Everything;
            self.status.agreement = Some(Agreement { here, there, left: self.status.left, everything });
        }
        if let Some(following) = &mut self.following {
            following.grew();
        }
        Ok(())
    }
}
