//! What an audit gives.

use std::collections::BTreeMap;

use dmpc::{ChannelId, Hlc, UserId, kinds::Kind};

use super::{
    explain::Explanation,
    fault::{Fault, Faults},
    history::{Flip, LaneEvidence, Listed},
    people::{ChannelState, UserState},
    source::Source,
    walk::Row,
};
use crate::{Genesis, Verdict, checkpoint::Checkpoint};

/// What a replay found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Where the log was found.
    pub source: Source,
    /// What the node started from.
    pub genesis: Genesis,
    /// Operations in the log.
    pub operations: u64,
    /// The state digest that the log gives.
    pub state_digest: [u8; 32],
    /// The state digest that the node kept; an exported log has none.
    pub stored_state_digest: Option<[u8; 32]>,
    /// The log digest that the log gives.
    pub log_digest: [u8; 32],
    /// The log digest that the node kept, or that the exported log states.
    pub stored_log_digest: [u8; 32],
    /// The digest of each channel, if asked for.
    pub channel_digests: BTreeMap<ChannelId, [u8; 32]>,
    /// What does not agree.
    pub faults: Faults,
    /// Entries that were compared, stored and computed ones together, by family.
    pub compared: BTreeMap<&'static str, u64>,
    /// Operations by certifier, channel, kind and verdict; up to the time that was asked for, as all that follows.
    pub tally: BTreeMap<Row, u64>,
    /// The first and the last timestamp.
    pub span: Option<(Hlc, Hlc)>,
    /// Users that were created.
    pub users: BTreeMap<UserId, UserState>,
    /// Channels that were opened.
    pub channels: BTreeMap<ChannelId, ChannelState>,
    /// State digest and log digest as of the time that was asked for.
    pub as_of: Option<([u8; 32], [u8; 32])>,
    /// Of the operations that were asked about: more than one, if what was asked is the beginning of more than one id.
    pub explained: Vec<Explanation>,
    /// Verdicts that flipped, if asked for; of the whole log, whatever time was asked for.
    pub flips: Listed<Flip>,
    /// Evidence of lanes, if asked for; of the whole log.
    pub evidence: Listed<LaneEvidence>,
}

impl Report {
    /// A checkpoint of what the log gives.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            node: self.genesis.node,
            operations: self.operations,
            state_digest: self.state_digest,
            log_digest: self.log_digest,
        }
    }

    /// Operations by kind and verdict.
    pub fn verdicts(&self) -> BTreeMap<(Kind, Verdict), u64> {
        let mut verdicts = BTreeMap::new();
        for ((_, _, kind, verdict), count) in &self.tally {
            *verdicts.entry((*kind, *verdict)).or_default() += count;
        }
        verdicts
    }

    /// Operations with a verdict of this sort.
    pub fn count(&self, of: impl Fn(Verdict) -> bool) -> u64 {
        self.tally.iter().filter(|((.., verdict), _)| of(*verdict)).map(|(_, count)| count).sum()
    }

    /// The first thing that does not agree, causes before what follows from them.
    pub fn fault(&self) -> Option<&Fault> {
        self.faults.named().first()
    }

    /// Whether everything agrees.
    pub fn agrees(&self) -> bool {
        self.faults.count() == 0
    }
}
