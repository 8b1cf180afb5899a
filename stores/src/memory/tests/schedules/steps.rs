//! What the threads of a schedule do, and what they are told.

use std::sync::Arc;

use session::{
    CommitId, CreateOutcome, OwnerKey, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome,
    SessionHandle, TouchOutcome, Version,
};

use super::super::*;

/// How many keys there are. So few that threads meet.
pub(super) const KEYS: usize = 4;
pub(super) const EARLY: Op = op(START);
/// When all that was there at first has expired but what lasts.
pub(super) const LATE: Op = op(Timestamp::from_millis(START.as_millis() + 7_200_000));

/// The verbs that a thread calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Create,
    Read,
    Save,
    Rotate,
    Touch,
    Destroy,
    DestroyOf,
    Exists,
    Gc,
    DestroyAllOf,
    SessionsOf,
}

/// One call, with all that it hands over but what the thread has read by then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) verb: Verb,
    /// By numbers of keys; `to` is where a rotation goes, and what a revocation spares.
    pub(super) key: usize,
    pub(super) to: usize,
    /// Whose session it makes, or whose sessions it ends.
    pub(super) owner: Option<usize>,
    pub(super) op: Op,
    pub(super) bind: Option<OwnerRule>,
    pub(super) version: Version,
    pub(super) commit: CommitId,
    pub(super) handle: SessionHandle,
}

/// What a record shows. No two states of one have the same version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) version: Version,
    pub(super) idle_deadline: Timestamp,
    pub(super) authenticated_at: Timestamp,
    pub(super) owner: Option<OwnerKey>,
}

impl Seen {
    fn of(record: &Record) -> Self {
        let header = &record.header;
        Self {
            version: header.version,
            idle_deadline: header.idle_deadline,
            authenticated_at: header.authenticated_at,
            owner: header.owner.as_ref().map(|owner| owner.key),
        }
    }
}

/// What a thread is told, as far as it can be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// The thread knows no record that it could change.
    Skipped,
    Live(Seen),
    Gone(Option<StoreKey>),
    Absent,
    Saved,
    Conflict(Seen),
    Refused,
    Revoked,
    Created(CreateOutcome),
    Touched(TouchOutcome),
    Successor(Option<StoreKey>),
    Is(bool),
    Listed(Vec<SessionHandle>),
    Done,
}

/// The keys and owners of one store, chosen by the shards that they are in.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) keys: [StoreKey; KEYS],
    pub(super) owners: [OwnerKey; 2],
}

/// One thread: what it has read last under each key, as a request that is under way has.
#[derive(Clone, Default)]
pub(super) struct Actor {
    pub(super) held: [Option<Arc<Record>>; KEYS],
}

impl Step {
    fn owner(&self, names: &Names) -> Option<Arc<Owner>> {
        self.owner.map(|owner| {
            Owner {
                key: names.owners[owner],
                entry: "user_id".into(),
            }
            .into()
        })
    }

    fn fresh(&self, names: &Names) -> Arc<Record> {
        let mut record = record(self.op.now);
        record.header.version = self.version;
        record.header.commit_id = self.commit;
        record.header.handle = self.handle;
        record.header.owner = self.owner(names);
        Arc::new(record)
    }

    fn next(&self, held: &Record) -> Record {
        let mut next = held.clone();
        next.header.version = self.version;
        next.header.commit_id = self.commit;
        next
    }
}

impl Actor {
    /// Makes the call, and takes in what it answers.
    pub(super) fn does(&mut self, step: &Step, store: &impl SessionStore, names: &Names) -> Told {
        let (op, key) = (&step.op, &names.keys[step.key]);
        let held = self.held[step.key].clone();
        match (step.verb, held) {
            (Verb::Read, _) => match now(store.read(op, key, Some(secs(180)))).unwrap() {
                ReadOutcome::Live(record) => {
                    let told = Told::Live(Seen::of(&record));
                    self.held[step.key] = Some(record);
                    told
                }
                ReadOutcome::Gone { successor } => Told::Gone(successor),
                ReadOutcome::Absent => Told::Absent,
                ReadOutcome::Damaged => panic!("nothing here can be damaged"),
            },
            (Verb::Create, _) => {
                let record = step.fresh(names);
                let created = now(store.create(op, key, Arc::clone(&record), step.bind));
                // The store that is full refuses, and that is right.
                let Ok(created) = created else {
                    return Told::Refused;
                };
                if created == CreateOutcome::Created {
                    self.held[step.key] = Some(record);
                }
                Told::Created(created)
            }
            (Verb::Save, Some(held)) => {
                let next = Arc::new(step.next(&held));
                let saved = store.save(op, key, Arc::clone(&next), held.header.version);
                match now(saved).unwrap() {
                    SaveOutcome::Saved(_) => {
                        self.held[step.key] = Some(next);
                        Told::Saved
                    }
                    SaveOutcome::Conflict(current) => {
                        let told = Told::Conflict(Seen::of(&current));
                        self.held[step.key] = Some(current);
                        told
                    }
                    SaveOutcome::Gone => Told::Gone(None),
                }
            }
            (Verb::Rotate, Some(held)) => {
                let mut next = step.next(&held);
                next.header.owner = step.owner(names);
                if next.header.owner != held.header.owner {
                    next.header.authenticated_at = op.now;
                }
                let (next, to) = (Arc::new(next), &names.keys[step.to]);
                let version = held.header.version;
                let rotated = store.rotate(op, key, to, Arc::clone(&next), version, step.bind);
                match now(rotated).unwrap() {
                    RotateOutcome::Saved(_) => {
                        self.held[step.to] = Some(next);
                        Told::Saved
                    }
                    RotateOutcome::Conflict(current) => {
                        let told = Told::Conflict(Seen::of(&current));
                        self.held[step.key] = Some(current);
                        told
                    }
                    RotateOutcome::Gone => Told::Gone(None),
                    RotateOutcome::OwnerRefused => Told::Refused,
                    RotateOutcome::OwnerRevoked => Told::Revoked,
                }
            }
            (Verb::Touch, Some(held)) => {
                let until = op.now + secs(3_000);
                let touched = store.touch(op, key, held.header.version, until);
                Told::Touched(now(touched).unwrap())
            }
            (Verb::Save | Verb::Rotate | Verb::Touch, None) => Told::Skipped,
            (Verb::Destroy, _) => Told::Successor(now(store.destroy(op, key)).unwrap()),
            (Verb::Exists, _) => Told::Is(now(store.exists(op, key)).unwrap()),
            (Verb::DestroyOf, held) => {
                let handle = held.map_or(step.handle, |held| held.header.handle);
                let owner = &names.owners[step.owner.unwrap_or_default()];
                Told::Is(now(store.destroy_of(op, owner, handle)).unwrap())
            }
            (Verb::DestroyAllOf, _) => {
                let owner = &names.owners[step.owner.unwrap_or_default()];
                let except = (step.to != step.key).then(|| &names.keys[step.to]);
                now(store.destroy_all_of(op, owner, except)).unwrap();
                Told::Done
            }
            (Verb::SessionsOf, _) => {
                let owner = &names.owners[step.owner.unwrap_or_default()];
                let mut listed: Vec<_> = now(store.sessions_of(op, owner))
                    .unwrap()
                    .iter()
                    .map(|info| info.handle)
                    .collect();
                listed.sort();
                Told::Listed(listed)
            }
            (Verb::Gc, _) => {
                while now(store.gc(op, 100)).unwrap().more {}
                Told::Done
            }
        }
    }
}
