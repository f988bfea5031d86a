//! What each frame of the other node does.

use std::collections::BTreeSet;

use dmpc::{
    OpId,
    peer::{Frame, Operations, PEER_VERSION, Terms},
};
use dmpc_storage::RULESET;

use super::{
    EndReason, Ended, Exchange, Phase, Role,
    receiving::Look,
    replica::{Replica, Scope},
    sending::Broken,
};

impl Exchange {
    /// Takes a frame of the other node.
    pub(super) fn take<R: Replica>(&mut self, frame: Frame, replica: &R) -> Result<(), R::Error> {
        if let Frame::End(end) = frame {
            self.out.clear();
            self.ended(Ended { reason: end.reason, detail: end.detail, own: None });
            return Ok(());
        }
        let is_terms = matches!(frame, Frame::Terms(_));
        if is_terms != (self.status.phase == Phase::Greeting) {
            self.end(EndReason::Violation, "the first frame is the terms, and no other is");
            return Ok(());
        }
        match frame {
            Frame::Terms(terms) => {
                self.agree(terms);
                Ok(())
            }
            Frame::Reconcile(reconcile) => self.take_reconcile(&reconcile, replica),
            Frame::Reconciled(head) => {
                self.status.other = Some(head);
                self.take_reconciled(replica)
            }
            Frame::Alive(head) => {
                self.status.other = Some(head);
                Ok(())
            }
            Frame::Want(want) => {
                let taken = if self.config.role == Role::Responder && self.gives {
                    self.sending.want(want)
                } else {
                    Err(Broken("a want of whom nothing is handed over to"))
                };
                self.keep(taken);
                Ok(())
            }
            Frame::Operations(operations) => {
                let taken = self.take_operations(operations);
                self.keep(taken);
                Ok(())
            }
            Frame::Outcomes(outcomes) => {
                let taken = self.sending.told(outcomes, &mut self.memory, &mut self.status);
                self.keep(taken);
                Ok(())
            }
            Frame::End(_) => Ok(()),
        }
    }

    fn keep(&mut self, taken: Result<(), Broken>) {
        if let Err(Broken(rule)) = taken {
            self.end(EndReason::Violation, rule);
        }
    }

    /// Takes the terms of the other node, and begins.
    fn agree(&mut self, terms: Terms) {
        let own = &self.config;
        if terms.version != PEER_VERSION {
            return self.end(EndReason::OtherVersion, &format!("version {}, this is {PEER_VERSION}", terms.version));
        }
        if terms.ruleset != RULESET {
            return self.end(EndReason::OtherRuleset, &format!("ruleset {}, this is {RULESET}", terms.ruleset));
        }
        if terms.node != own.peer {
            return self.end(EndReason::OtherNode, &format!("these are the terms of {}", terms.node));
        }
        (self.gives, self.takes) = (own.pushes && terms.pulls, own.pulls && terms.pushes);
        if !self.gives && !self.takes {
            return self.end(EndReason::NothingCommon, "neither hands over what the other takes");
        }
        self.common = own.scopes.common(&terms.scopes);
        self.scopes = Scope::of(&self.common);
        self.sending.agree(&terms);
        self.status.scopes = self.scopes.len();
        self.status.other = Some(terms.head);
        self.status.terms = Some(terms);
        self.begin_reconciliation();
    }

    fn take_operations(&mut self, frame: Operations) -> Result<(), Broken> {
        let Operations { operations, want, last } = frame;
        if !self.takes {
            return Err(Broken("operations of whom nothing is taken from"));
        }
        if want.is_some_and(|number| !self.wanting.is_due(number)) {
            return Err(Broken("an answer to a want that is not due"));
        }
        let (common, wanting) = (&self.common, &mut self.wanting);
        let mut asked: BTreeSet<OpId> = BTreeSet::new();
        let ids = self.receiving.take(operations, want.is_some(), &mut self.status, |operation| {
            let is_asked = want.is_none() || wanting.came(&operation.id());
            if is_asked && common.contains(operation.channel().as_ref()) && asked.insert(operation.id()) {
                Look::Take
            } else {
                Look::Unasked
            }
        })?;
        if let Some(following) = &mut self.following {
            ids.into_iter().for_each(|id| following.came(id));
        }
        if last {
            self.wanting.answered(&mut self.memory, &mut self.status);
        }
        Ok(())
    }
}
