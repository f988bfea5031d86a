//! Flaws of certifications and signatures.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{
    Hlc, Permissions,
    hash::Domain,
    kinds::{Kind, UserCreate},
    v1,
};
use prost::Message;

use super::super::{
    forge::{Parts, at, certify_bytes, field},
    raw,
};
use super::{SMALL, Stage};

impl Stage {
    /// Issued by bob for alice.
    fn issue(&self, time: Hlc) -> Parts {
        Parts::new(&self.bob, Kind::ChannelClose, time, Vec::new()).channel(&self.channel).certified_by(&self.alice)
    }

    pub(super) fn certifications(&mut self) {
        let good = self.issue(at(2)).certified(&self.bob, &self.alice, at(3), |_| {});
        let other = self.issue(at(1)).certified(&self.bob, &self.alice, at(3), |_| {});
        let own = self.close().own(&self.alice);
        let stripped =
            v1::Operation { certification: Bytes::new(), certification_signature: Bytes::new(), ..good.clone() };
        self.malformed(
            "certification_stripped",
            "The certification and its signature are taken away.",
            &stripped,
            "certification_missing",
        );
        let unsigned = v1::Operation { certification_signature: Bytes::new(), ..good.clone() };
        self.malformed(
            "certification_signature_stripped",
            "The certification stands without its signature.",
            &unsigned,
            "missing_field",
        );
        let moved = v1::Operation {
            certification: other.certification.clone(),
            certification_signature: other.certification_signature,
            ..good.clone()
        };
        self.malformed(
            "certification_moved_to_other_issue",
            "The certification is of another issue by the same two.",
            &moved,
            "certification_of_other_issue",
        );
        let added = v1::Operation {
            certification: good.certification.clone(),
            certification_signature: good.certification_signature.clone(),
            ..own.clone()
        };
        self.malformed(
            "certification_not_wanted",
            "An operation that its issuer certifies, with a certification.",
            &added,
            "certification_not_wanted",
        );
        let early = self.issue(at(2)).certified(&self.bob, &self.alice, at(1), |_| {});
        self.malformed("certified_too_early", "Certified before it was issued.", &early, "certified_too_early");
        let small = self.issue(at(2)).certified(&self.bob, &self.alice, at(3), |c| c.certifier_key = field(SMALL));
        self.flaw(
            "small_order_certifier_key",
            "The certifier's key has small order.",
            &small,
            "unauthentic",
            "small_order_signing_key",
        );
        let unlinked = self.issue(at(2)).certified(&self.bob, &self.alice, at(3), |c| c.link = None);
        self.malformed("certification_without_a_link", "No place in the certifier's lane.", &unlinked, "missing_field");
        let unknown = [good.certification.to_vec(), raw::number(5, 1)].concat();
        let unknown = certify_bytes(self.issue(at(2)).signed(&self.bob, Domain::SignIssue), unknown, &self.alice);
        self.malformed("unknown_field_in_certification", "The certification has a field 5.", &unknown, "unknown_field");
    }

    fn bad_signature(&mut self, name: &'static str, text: &str, operation: &v1::Operation) {
        self.flaw(name, text, operation, "unauthentic", "bad_signature");
    }

    pub(super) fn signatures(&mut self) -> Result<()> {
        let own = self.close().signed(&self.alice, Domain::SignIssue);
        self.bad_signature("issue_signature_on_an_operation", "Signed in the domain of issues.", &own);
        let good = self.issue(at(2)).certified(&self.bob, &self.alice, at(3), |_| {});
        let signature = self.issue(at(2)).signed(&self.bob, Domain::SignOperation).signature;
        self.bad_signature(
            "operation_signature_on_an_issue",
            "The issuer signed in the domain of operations.",
            &v1::Operation { signature, ..good.clone() },
        );
        let signature = field(self.alice.identity.signing.sign(Domain::SignOperation, &[&good.certification]).0);
        self.bad_signature(
            "certification_signed_as_an_operation",
            "The certifier signed in the domain of operations.",
            &v1::Operation { certification_signature: signature, ..good.clone() },
        );
        let mut changed = good.certification_signature.to_vec();
        changed[0] ^= 1;
        self.bad_signature(
            "certification_signature_changed",
            "One bit of the certifier's signature is changed.",
            &v1::Operation { certification_signature: changed.into(), ..good },
        );
        self.bad_signature("signed_by_another", "Bob signs for alice.", &self.close().own(&self.bob));
        let mut changed = self.close().own(&self.alice);
        let mut body = changed.body.to_vec();
        body[50] ^= 1;
        changed.body = body.into();
        self.bad_signature("body_changed", "One bit of the issuer's id is changed after signing.", &changed);
        let mut create =
            v1::UserCreate::decode(UserCreate::encode(&self.bob.public()?, Permissions::NONE, "").as_slice())?;
        create.countersignature = field(self.alice.public()?.countersignature.0);
        let operation = self.payload(Kind::UserCreate, create.encode_to_vec());
        self.bad_signature("countersignature_of_another", "Whoever creates bob does not hold his key.", &operation);
        Ok(())
    }
}
