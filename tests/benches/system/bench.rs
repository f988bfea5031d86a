//! What the sections of a run share: people, signed sets, limits, nodes, and the report.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    clients::{Pushed, Via, push},
    figures::{Figure, Report, Unit},
    frames::Lines,
    limits::{self, Limit},
    people::{Kind, People, Set},
    process::Node,
    progress::say,
    settings::Settings,
};

/// Connections over which a log is filled.
pub(crate) const CONNECTIONS: usize = 4;

/// See the module.
pub(crate) struct Bench {
    pub(crate) settings: Settings,
    pub(crate) people: Arc<People>,
    pub(crate) report: Report,
    pub(crate) runtime: Runtime,
    /// Everything that is written goes below it; it is removed in the end.
    pub(crate) scratch: TempDir,
    sets: BTreeMap<Kind, Arc<Set>>,
    floors: BTreeMap<(Kind, bool, usize), limits::Floor>,
    filled: Option<Node>,
}

impl Bench {
    /// Nothing is signed or measured yet.
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        std::fs::create_dir_all(&settings.target)?;
        let scratch = tempfile::Builder::new().prefix("bench-").tempdir_in(&settings.target)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Self {
            settings,
            people: Arc::new(People::new()?),
            report: Report::default(),
            runtime,
            scratch,
            sets: BTreeMap::new(),
            floors: BTreeMap::new(),
            filled: None,
        })
    }

    /// A signed set; signed when it is first asked for.
    pub(crate) fn set(&mut self, kind: Kind) -> Result<Arc<Set>> {
        if let Some(set) = self.sets.get(&kind) {
            return Ok(Arc::clone(set));
        }
        let channels = self.channels(kind);
        say(&format!("signing {} messages for {}", self.settings.operations, kind.words(channels)));
        let set = Arc::new(Set::sign(&self.people, channels, self.settings.operations)?);
        self.sets.insert(kind, Arc::clone(&set));
        Ok(set)
    }

    /// Channels of a set.
    pub(crate) fn channels(&self, kind: Kind) -> usize {
        match kind {
            Kind::OneChannel => 1,
            Kind::ManyChannels => self.settings.channels(),
        }
    }

    /// The value of a limit; measured when it is first asked for.
    pub(crate) fn limit(&mut self, limit: Limit) -> Result<f64> {
        if let Some(value) = self.report.value(limits::SECTION, limit.name()) {
            return Ok(value);
        }
        say(limit.name());
        for figure in limits::measure(self, limit)? {
            self.report.add(figure);
        }
        self.report.value(limits::SECTION, limit.name()).context("the limit was not measured")
    }

    /// The floor of so many messages of a set; measured when it is first asked for. `lines` are those messages.
    pub(crate) fn floor(&mut self, kind: Kind, sealed: bool, lines: &Lines) -> Result<limits::Floor> {
        if let Some(floor) = self.floors.get(&(kind, sealed, lines.operations)) {
            return Ok(*floor);
        }
        let name = name_of(kind.words(self.channels(kind)), sealed, lines.operations);
        say(&format!("floor: {name}"));
        let prologue = self.prologue(kind)?;
        let floor = limits::floor(&self.people, self.scratch.path(), &prologue, lines);
        let floor = self.runtime.block_on(floor)?;
        self.report.add(Figure::once("floor", name, Unit::PerSecond, floor.rate));
        self.floors.insert((kind, sealed, lines.operations), floor);
        Ok(floor)
    }

    fn prologue(&mut self, kind: Kind) -> Result<Lines> {
        Lines::new(&self.set(kind)?.prologue, 1, None)
    }

    /// A node that knows everybody and the channels of a set.
    pub(crate) fn new_node(&mut self, kind: Kind) -> Result<Node> {
        let node = Node::new(&self.people, self.scratch.path())?;
        let prologue = self.prologue(kind)?;
        self.push(&node, Via::Grpc, &prologue)?;
        Ok(node)
    }

    /// Sends all lines; see [`push`].
    pub(crate) fn push(&self, node: &Node, via: Via, lines: &Lines) -> Result<Pushed> {
        self.runtime.block_on(push(node, via, lines))
    }

    /// Keeps a node that has all messages of the set in one channel, for the sections that want one.
    pub(crate) fn keep(&mut self, node: Node) {
        self.filled = Some(node);
    }

    /// Takes the node that was kept; makes one if there is none.
    pub(crate) fn filled(&mut self) -> Result<Node> {
        if let Some(node) = self.filled.take() {
            return Ok(node);
        }
        say(&format!("filling a node with {} messages", self.settings.operations));
        let lines = Lines::new(&self.set(Kind::OneChannel)?.messages, CONNECTIONS, None)?;
        let node = self.new_node(Kind::OneChannel)?;
        self.push(&node, Via::Grpc, &lines)?;
        Ok(node)
    }

    /// A node must have this state after the same operations.
    pub(crate) fn require_state(&self, node: &Node, state_digest: &[u8; 32]) -> Result<()> {
        let info = self.runtime.block_on(node.info())?;
        ensure!(info.state_digest.as_ref() == state_digest, "the node's state is not that of the floor");
        Ok(())
    }
}

/// How a figure of so many messages is called.
pub(crate) fn name_of(set: String, sealed: bool, operations: usize) -> String {
    format!("{}, {set}, {}", if sealed { "sealed" } else { "unsealed" }, short(operations))
}

/// A size as people say it.
pub(crate) fn short(number: usize) -> String {
    match number {
        million if million.is_multiple_of(1_000_000) => format!("{}M", million / 1_000_000),
        thousand if thousand.is_multiple_of(1_000) => format!("{}k", thousand / 1_000),
        other => other.to_string(),
    }
}
