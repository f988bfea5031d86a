//! The working half of an import, for a thread of its own: reads, plans, signs, journals, packs. Nothing leaves before the
//! journal has it. The other half, `send`, takes the parcels.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use dmpc::SignedOperation;
use tokio::sync::mpsc;

use super::{
    error::ImportError,
    events::{Event, Events},
    journal::{Frame, Journal, NewPerson},
    parcel::{Ends, Parcel, Signed, pack},
    people::People,
    plan::{Intent, Name, Plan},
    sign::{SignError, Signing},
};
use crate::clock::Random;

/// Events of one batch, which is journaled with one fsync.
const BATCH_EVENTS_MAX: u64 = 512;
/// Bytes of operations that end a batch.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// What an import has made so far, earlier runs included.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    /// Events consumed.
    pub(super) events: u64,
    /// Nicks to which something happened.
    pub(super) nicks: usize,
    /// Users created.
    pub(super) users: usize,
    /// Channels opened.
    pub(super) channels: usize,
    /// Operations by kind.
    pub(super) operations: BTreeMap<&'static str, u64>,
}

/// The working half.
pub(super) struct Work {
    /// The input's name, for errors.
    pub(super) file: PathBuf,
    /// The input.
    pub(super) events: Events,
    /// Stop after so many events of the input.
    pub(super) limit: u64,
    /// Keys, time and lanes.
    pub(super) signing: Signing<Random>,
    /// What was signed.
    pub(super) journal: Journal,
    /// Identity files.
    pub(super) people: People,
    /// Who parcels are for, and who is told.
    pub(super) ends: Ends,
    /// To the sending half.
    pub(super) parcels: mpsc::Sender<Parcel>,
    /// From the sending half: so many operations, from the first one on, are acknowledged.
    pub(super) acknowledged: Arc<AtomicU64>,
    /// Who is called what, and who is where.
    pub(super) plan: Plan,
    /// Operations by kind.
    pub(super) operations: BTreeMap<&'static str, u64>,
}

/// What is collected until the next fsync.
#[derive(Default)]
struct Batch {
    frame: Frame,
    names: Vec<Name>,
    signed: Vec<Signed>,
    bytes: usize,
}

impl Work {
    /// Takes up what the journal has, then goes on with the next event; ends at the limit, the end, or the first bad line, after
    /// all before it is on its way. Dropping the work's sender tells the other half that nothing more comes.
    pub(super) fn run(mut self) -> (Result<(), ImportError>, Totals, Journal) {
        let done = self.resume().and_then(|()| self.go_on());
        let totals = Totals {
            events: self.journal.position().events,
            nicks: self.plan.nicks(),
            users: self.plan.people(),
            channels: self.plan.days(),
            operations: self.operations,
        };
        (done, totals, self.journal)
    }

    /// Rebuilds everything from journal and input; what was not acknowledged is sent again as those very bytes.
    fn resume(&mut self) -> Result<(), ImportError> {
        let acknowledged = self.journal.position().acknowledged;
        let mut number = 0;
        let mut frames = self.journal.frames()?;
        while let Some(frame) = frames.next()? {
            let events = self.events_of(&frame)?;
            let mut unsent = self.adopt(&frame, &events, number)?;
            number += u64::try_from(frame.operations.len()).unwrap_or(u64::MAX);
            unsent.retain(|signed| signed.number >= acknowledged);
            self.send(&unsent)?;
        }
        self.signing.end_lanes();
        Ok(())
    }

    /// The events that a frame consumed, if the input still is what it was.
    fn events_of(&mut self, frame: &Frame) -> Result<Vec<Event>, ImportError> {
        let mut events = Vec::new();
        while self.events.consumed() < frame.events {
            match self.events.next()? {
                Some(event) => events.push(event),
                None => break,
            }
        }
        if self.events.consumed() != frame.events || self.events.digest().as_slice() != frame.digest {
            return Err(ImportError::OtherInput { file: self.file.clone(), events: frame.events });
        }
        Ok(events)
    }

    fn adopt(&mut self, frame: &Frame, events: &[Event], mut number: u64) -> Result<Vec<Signed>, ImportError> {
        let (mut people, mut operations) = (frame.people.iter(), frame.operations.iter());
        let mut adopted = Vec::with_capacity(frame.operations.len());
        let before = frame.events.saturating_sub(u64::try_from(events.len()).unwrap_or(u64::MAX));
        for (event, place) in events.iter().zip(before + 1..) {
            let at_line = |source: SignError| ImportError::Sign { line: event.line, source };
            for intent in self.plan.next(event)? {
                if let Intent::Create { name, .. } = &intent {
                    let person = people.next().ok_or(SignError::OutOfTurn).map_err(at_line)?;
                    self.signing.adopt_person(&person.identity).map_err(at_line)?;
                    self.people.keep(name, &person.identity)?;
                }
                let next = || -> Result<SignedOperation, SignError> {
                    let bytes: &Bytes = operations.next().ok_or(SignError::OutOfTurn)?;
                    Ok(SignedOperation::decode(bytes.clone())?)
                };
                for operation in self.signing.adopt(&intent, next).map_err(at_line)? {
                    adopted.push(self.count(&operation, number, event.line, place));
                    number += 1;
                }
            }
        }
        Ok(adopted)
    }

    /// Signs batch after batch.
    fn go_on(&mut self) -> Result<(), ImportError> {
        loop {
            let mut batch = Batch::default();
            let end = self.fill(&mut batch);
            if batch.frame.events > self.journal.position().events {
                self.commit(&batch)?;
            }
            match end {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Fills a batch; false when it is the last one. What stands before an error is in the batch.
    fn fill(&mut self, batch: &mut Batch) -> Result<bool, ImportError> {
        let begin = self.events.consumed();
        while self.events.consumed() - begin < BATCH_EVENTS_MAX && batch.bytes < BATCH_BYTES_MAX {
            if self.events.consumed() >= self.limit {
                return Ok(false);
            }
            let Some(event) = self.events.next()? else { return Ok(false) };
            self.sign(&event, batch)?;
            batch.frame.events = self.events.consumed();
            batch.frame.digest = self.events.digest().to_vec();
        }
        Ok(true)
    }

    /// Signs the operations of one event, all or none.
    fn sign(&mut self, event: &Event, batch: &mut Batch) -> Result<(), ImportError> {
        let at_line = |source: SignError| ImportError::Sign { line: event.line, source };
        let (mut people, mut names, mut signed) = (Vec::new(), Vec::new(), Vec::new());
        let mut number = self.journal.position().operations + u64::try_from(batch.signed.len()).unwrap_or(u64::MAX);
        for intent in self.plan.next(event)? {
            if let Intent::Create { name, .. } = &intent {
                let identity = self.signing.add_person().map_err(SignError::from).map_err(at_line)?;
                let text = identity.to_text().map_err(SignError::from).map_err(at_line)?;
                people.push(NewPerson { identity: text.to_string() });
                names.push(name.clone());
            }
            for operation in self.signing.sign(&intent, event.minute_ms).map_err(at_line)? {
                signed.push(self.count(&operation, number, event.line, self.events.consumed()));
                number += 1;
            }
        }
        batch.bytes += signed.iter().map(|signed| signed.bytes.len()).sum::<usize>();
        batch.frame.operations.extend(signed.iter().map(|signed| signed.bytes.clone()));
        batch.frame.people.extend(people);
        batch.names.extend(names);
        batch.signed.extend(signed);
        Ok(())
    }

    /// Makes a batch durable, then lets it go.
    fn commit(&mut self, batch: &Batch) -> Result<(), ImportError> {
        let frame = Frame { acknowledged: self.acknowledged.load(Ordering::Acquire), ..batch.frame.clone() };
        self.journal.append(&frame)?;
        for (name, person) in batch.names.iter().zip(&batch.frame.people) {
            self.people.keep(name, &person.identity)?;
        }
        self.send(&batch.signed)
    }

    fn send(&self, signed: &[Signed]) -> Result<(), ImportError> {
        for parcel in pack(signed, self.ends) {
            self.parcels.blocking_send(parcel?).map_err(|_| ImportError::Stopped)?;
        }
        Ok(())
    }

    fn count(&mut self, operation: &SignedOperation, number: u64, line: u64, event: u64) -> Signed {
        let kind = operation.kind();
        *self.operations.entry(kind.name()).or_default() += 1;
        Signed { number, kind, line, event, bytes: operation.bytes().clone() }
    }
}
