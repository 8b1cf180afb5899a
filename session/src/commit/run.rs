//! The loop: apply the changes to the record at hand, store it if its version is still the one that was read, and
//! on a conflict apply them to the record that the store handed back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decide::{Keep, Times, Verb, check_size, next_record};
use crate::changes::{Change, Changes, Draft, Trash};
use crate::config::OnGone;
use crate::error::{Error, ErrorKind};
use crate::events;
use crate::handle::{Base, Inner, Loaded, Outgoing};
use crate::id::{SessionId, StoreKey};
use crate::record::{CommitId, Header, Record};
use crate::shared::{Deadline, Shared, Turn};
use crate::store::{
    CreateOutcome, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, StoreError, StoreErrorKind,
    StoreFuture,
};

/// What one commit works on, taken out of the handle.
struct Work {
    segment: u32,
    base: Base,
    changes: Changes,
    draft: Draft,
    ended: Vec<StoreKey>,
    removal: bool,
    head_sent: bool,
}

/// What one attempt at a live record came to.
enum Attempt {
    Stored(Base),
    Conflict(Arc<Record>),
    Gone,
}

/// What the handle knows after a commit.
struct Settled {
    base: Base,
    outgoing: Outgoing,
    /// Changes were dropped because the session had ended or moved on.
    dropped: bool,
}

impl Inner {
    /// Stores what is let through. An explicit commit keeps its changes when it fails, the final one does not.
    pub(crate) async fn commit(self: Arc<Self>, keep: Keep, is_final: bool) -> Result<(), Error> {
        let _gate = self.gate.lock().await;
        let Some(mut work) = self.take_work(keep, is_final)? else {
            return Ok(());
        };
        self.shared.sweeper.ensure(&self.shared);
        let mut commit = Commit {
            shared: &self.shared,
            times: Times {
                now: self.now(),
                arrived: self.arrived,
            },
            deadline: Deadline::new(self.shared.config.deadline),
            commit_id: CommitId::generate(),
            head_sent: work.head_sent,
        };
        match commit.run(&mut work).await {
            Ok(settled) => {
                let dropped = settled.dropped;
                self.settle(settled, work.segment)?;
                if dropped {
                    Err(Error::of(ErrorKind::Gone))
                } else {
                    Ok(())
                }
            }
            Err(error) => {
                if !is_final {
                    self.with(|state| {
                        state.changes.prepend(work.changes);
                        state.ended.append(&mut work.ended);
                        state.removal |= work.removal;
                    });
                }
                Err(error)
            }
        }
    }

    fn take_work(&self, keep: Keep, is_final: bool) -> Result<Option<Work>, Error> {
        let work = self.peek(|state| {
            let pending = !state.changes.is_empty() || !state.ended.is_empty() || state.removal;
            let failed = match &state.loaded {
                Loaded::Anonymous(error) | Loaded::Failed(error) => Some(error.clone()),
                Loaded::No | Loaded::Yes => None,
            };
            let work = pending.then(|| Work {
                segment: state.segment,
                base: state.base.clone(),
                changes: std::mem::take(&mut state.changes),
                draft: state.draft.clone(),
                ended: std::mem::take(&mut state.ended),
                removal: std::mem::take(&mut state.removal),
                head_sent: state.head_sent,
            });
            state.head_sent |= is_final;
            (work, failed)
        });
        let Some((Some(mut work), failed)) = work else {
            return Ok(None);
        };
        if let Some(error) = failed {
            return Err(error);
        }
        let owner = match &work.base {
            Base::Live { record, .. } => record.header.owner.as_ref(),
            Base::None | Base::Gone { .. } => None,
        };
        if keep != Keep::ALL && keep.filter(&mut work.changes, owner) {
            events::discarded();
            work.draft = self.redraw(&work.base, &work.changes)?;
        }
        Ok(Some(work))
    }

    /// Applies changes to a base, outside the lock.
    fn redraw(&self, base: &Base, changes: &Changes) -> Result<Draft, Error> {
        replay(&self.shared, base.draft(), changes, self.now())
    }

    /// Makes what was stored the new base, and lays what was changed meanwhile over it.
    fn settle(&self, settled: Settled, segment: u32) -> Result<(), Error> {
        let Settled { base, outgoing, .. } = settled;
        let mut later = Changes::default();
        let mut draft = self.redraw(&base, &later)?;
        loop {
            let more = self.with(|state| {
                if state.segment != segment {
                    // `destroy` came while this was being stored: what was stored ends too.
                    if let Base::Live { key, .. } = &base {
                        state.ended.push(*key);
                    }
                    return Changes::default();
                }
                if !state.changes.is_empty() {
                    return std::mem::take(&mut state.changes);
                }
                if outgoing != Outgoing::Nothing {
                    state.outgoing = outgoing;
                }
                state.base = base.clone();
                state.changes = std::mem::take(&mut later);
                std::mem::swap(&mut state.draft, &mut draft);
                Changes::default()
            });
            if more.is_empty() {
                return Ok(());
            }
            draft = replay(&self.shared, draft, &more, self.now())?;
            later.append(more);
        }
    }

    /// Reads the record again and lays the uncommitted changes over it.
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        let _gate = self.gate.lock().await;
        let Some((base, segment)) = self.peek(|state| (state.base.clone(), state.segment)) else {
            return Ok(());
        };
        let Base::Live { id, key, .. } = base else {
            return Ok(());
        };
        let op = self.shared.op(self.now());
        let mut deadline = Deadline::new(self.shared.config.deadline);
        let renew = Some(self.shared.config.touch_interval);
        let base = match deadline
            .store(self.shared.store.read(&op, &key, renew))
            .await?
        {
            ReadOutcome::Live(record) => Base::Live { id, key, record },
            ReadOutcome::Gone { successor } => Base::Gone { successor },
            ReadOutcome::Absent | ReadOutcome::Damaged => Base::Gone { successor: None },
        };
        self.settle(
            Settled {
                base,
                outgoing: Outgoing::Nothing,
                dropped: false,
            },
            segment,
        )
    }
}

/// Applies changes to a draft. A closure of the application that panics is an error, and nothing is saved.
fn replay(
    shared: &Shared,
    mut draft: Draft,
    changes: &Changes,
    now: crate::Timestamp,
) -> Result<Draft, Error> {
    if changes.is_empty() {
        return Ok(draft);
    }
    let context = crate::changes::Context {
        now,
        policy: &shared.registry,
    };
    let apply = || {
        let mut trash = Trash::default();
        changes
            .iter()
            .try_for_each(|change| draft.apply(change, &context, &mut trash))
    };
    catch_unwind(AssertUnwindSafe(apply)).map_err(|_| Error::of(ErrorKind::Panicked))??;
    Ok(draft)
}

struct Commit<'a> {
    shared: &'a Shared,
    times: Times,
    deadline: Deadline,
    commit_id: CommitId,
    head_sent: bool,
}

impl Commit<'_> {
    async fn run(&mut self, work: &mut Work) -> Result<Settled, Error> {
        while let Some(key) = work.ended.last().copied() {
            self.destroy_chain(key).await?;
            work.ended.pop();
            events::destroyed();
        }
        // By `&mut` across the awaits: updates are `Send` but need not be `Sync`.
        let mut changes = std::mem::take(&mut work.changes);
        let outcome = self.store(work, &mut changes).await;
        let is_lost = outcome.is_err();
        let settled = outcome.map(|mut settled| {
            if work.removal && settled.outgoing == Outgoing::Nothing {
                settled.outgoing = Outgoing::Removal;
            }
            settled
        });
        if is_lost {
            work.changes = changes;
        }
        settled
    }

    async fn store(&mut self, work: &mut Work, changes: &mut Changes) -> Result<Settled, Error> {
        let verb = Verb::of(&work.base, changes, &work.draft);
        if self.head_sent && matches!(verb, Verb::Create | Verb::Rotate | Verb::SignInAnew) {
            return Err(Error::of(ErrorKind::HeadSent));
        }
        if work.draft.failed && !matches!(work.base, Base::Gone { .. }) {
            work.draft = replay(self.shared, work.base.draft(), changes, self.times.now)?;
        }
        match (verb, work.base.clone()) {
            (Verb::Create, _) => self.create(std::mem::take(&mut work.draft)).await,
            (Verb::Save | Verb::Rotate, Base::Live { id, key, record }) => {
                let draft = std::mem::take(&mut work.draft);
                self.change(Live { id, key }, record, draft, changes).await
            }
            (Verb::Drop, base) => Ok(self.drop_changes(base, changes)),
            (Verb::SignInAnew, Base::Gone { successor }) => {
                self.sign_in_anew(successor, changes).await
            }
            (_, base) => Ok(Settled {
                base,
                outgoing: Outgoing::Nothing,
                dropped: false,
            }),
        }
    }

    /// Stores changes of a live record: by `save`, or by `rotate` under a new id.
    async fn change(
        &mut self,
        from: Live,
        mut record: Arc<Record>,
        mut draft: Draft,
        changes: &mut Changes,
    ) -> Result<Settled, Error> {
        let shared = self.shared;
        let had_owner = record.header.owner.is_some();
        // Repeated with the same keys and commit id, `rotate` answers as the first time.
        let mut target = None;
        let mut turn: Option<Turn<'_>> = None;
        let mut attempt = 0;
        loop {
            if draft.rotate && target.is_none() {
                if self.head_sent {
                    return Err(Error::of(ErrorKind::HeadSent));
                }
                target = Some(self.new_id(Some(&from.id))?);
            }
            let next = self.draw(Some(&record.header), &draft)?;
            let outcome = match target.filter(|_| draft.rotate) {
                None => self.save(from, next, &record.header).await?,
                Some(id) => self.rotate(from, id, next, &record.header, &draft).await?,
            };
            match outcome {
                Attempt::Stored(base) => {
                    let outgoing = self.announce(&base, from.id, false);
                    return Ok(Settled {
                        base,
                        outgoing,
                        dropped: false,
                    });
                }
                Attempt::Gone => {
                    events::gone();
                    if draft.authenticated && !had_owner {
                        let successor = self.successor(from.key).await?;
                        return self.sign_in_anew(successor, changes).await;
                    }
                    return Ok(self.drop_changes(Base::Gone { successor: None }, changes));
                }
                Attempt::Conflict(current) => {
                    events::conflict();
                    if turn.is_none() {
                        turn = self.deadline.run(shared.queues.turn(from.key)).await;
                    }
                    if turn.is_none() || !self.deadline.back_off(attempt).await {
                        return Err(Error::of(ErrorKind::Conflict));
                    }
                    attempt += 1;
                    record = current;
                    draft = replay(shared, Draft::of(&record), changes, self.times.now)?;
                }
            }
        }
    }

    async fn save(
        &mut self,
        from: Live,
        next: Arc<Record>,
        base: &Header,
    ) -> Result<Attempt, Error> {
        let op = self.shared.op(self.times.now);
        let call = self
            .shared
            .store
            .save(&op, &from.key, Arc::clone(&next), base.version);
        match self.deadline.store(call).await {
            Ok(SaveOutcome::Saved(_)) => Ok(Attempt::Stored(from.with(next))),
            // A driver that repeated the call by itself is told of its own first success.
            Ok(SaveOutcome::Conflict(found)) if found.header.commit_id == self.commit_id => {
                Ok(Attempt::Stored(from.with(found)))
            }
            Ok(SaveOutcome::Conflict(current)) => Ok(Attempt::Conflict(current)),
            Ok(SaveOutcome::Gone) => Ok(Attempt::Gone),
            Err(error) => {
                events::store_failed("save", &error);
                // The answer may be lost and the change stored: only a record that shows this commit says so.
                let call = self.shared.store.read(&op, &from.key, None);
                match self.deadline.store(call).await {
                    Ok(ReadOutcome::Live(found)) if found.header.commit_id == self.commit_id => {
                        Ok(Attempt::Stored(from.with(found)))
                    }
                    _ => Err(error.into()),
                }
            }
        }
    }

    async fn rotate(
        &mut self,
        from: Live,
        id: SessionId,
        next: Arc<Record>,
        base: &Header,
        draft: &Draft,
    ) -> Result<Attempt, Error> {
        let op = self.shared.op(self.times.now);
        let to = Live {
            id,
            key: id.store_key(),
        };
        let bind = self.bind(draft);
        let store = &self.shared.store;
        let call = || {
            store.rotate(
                &op,
                &from.key,
                &to.key,
                Arc::clone(&next),
                base.version,
                bind,
            )
        };
        let outcome = self.twice("rotate", call).await?;
        match outcome {
            RotateOutcome::Saved(_) => {
                events::rotated();
                Ok(Attempt::Stored(to.with(next)))
            }
            RotateOutcome::Conflict(current) => Ok(Attempt::Conflict(current)),
            RotateOutcome::Gone => Ok(Attempt::Gone),
            RotateOutcome::OwnerRefused => Err(Error::of(ErrorKind::OwnerRefused)),
            RotateOutcome::OwnerRevoked => {
                events::revoked();
                // A session that was signed in already is one of those that were revoked.
                if draft.authenticated {
                    Err(Error::of(ErrorKind::OwnerRevoked))
                } else {
                    Ok(Attempt::Gone)
                }
            }
        }
    }

    async fn create(&mut self, draft: Draft) -> Result<Settled, Error> {
        let record = self.draw(None, &draft)?;
        let op = self.shared.op(self.times.now);
        let bind = self.bind(&draft);
        // An id that is taken is one chance in 2^240; one that is taken twice is a broken store.
        for _ in 0..2 {
            let id = self.new_id(None)?;
            let to = Live {
                id,
                key: id.store_key(),
            };
            let store = &self.shared.store;
            let call = || store.create(&op, &to.key, Arc::clone(&record), bind);
            let outcome = self.twice("create", call).await?;
            match outcome {
                CreateOutcome::Created => {
                    events::created();
                    let base = to.with(record);
                    let outgoing = self.announce(&base, id, true);
                    return Ok(Settled {
                        base,
                        outgoing,
                        dropped: false,
                    });
                }
                CreateOutcome::Exists | CreateOutcome::Gone => {}
                CreateOutcome::OwnerRefused => return Err(Error::of(ErrorKind::OwnerRefused)),
                CreateOutcome::OwnerRevoked => {
                    events::revoked();
                    return Err(Error::of(ErrorKind::OwnerRevoked));
                }
            }
        }
        Err(StoreError::unavailable("the store knows ids that were never made").into())
    }

    /// Somebody signs in with the id of a session that has ended or moved on: the answer of an earlier attempt was
    /// lost, or the button was pressed twice. The new session starts from what the earlier attempt made.
    async fn sign_in_anew(
        &mut self,
        successor: Option<StoreKey>,
        changes: &mut Changes,
    ) -> Result<Settled, Error> {
        if self.head_sent {
            return Err(Error::of(ErrorKind::HeadSent));
        }
        let wanted = changes.iter().rev().find_map(|change| match change {
            Change::SetOwner { owner, .. } => Some(*owner),
            _ => None,
        });
        let mut draft = Draft::default();
        if let Some(key) = successor {
            let op = self.shared.op(self.times.now);
            let call = self.shared.store.read(&op, &key, None);
            if let ReadOutcome::Live(record) = self.deadline.store(call).await?
                && record.header.owner.as_ref().map(|owner| owner.key) == wanted
            {
                draft = Draft::of(&record);
            }
        }
        let draft = replay(self.shared, draft, changes, self.times.now)?;
        self.create(draft).await
    }

    async fn successor(&mut self, key: StoreKey) -> Result<Option<StoreKey>, Error> {
        let op = self.shared.op(self.times.now);
        match self
            .deadline
            .store(self.shared.store.read(&op, &key, None))
            .await?
        {
            ReadOutcome::Gone { successor } => Ok(successor),
            _ => Ok(None),
        }
    }

    /// Follows tombstones to the end of the chain, so that a sign-out reaches a session that has just moved on.
    async fn destroy_chain(&mut self, mut key: StoreKey) -> Result<(), Error> {
        // A chain is as long as there are rotations within the grace; the bound is against a store that circles.
        for _ in 0..1024 {
            let op = self.shared.op(self.times.now);
            match self
                .deadline
                .store(self.shared.store.destroy(&op, &key))
                .await?
            {
                Some(successor) => key = successor,
                None => return Ok(()),
            }
        }
        Err(StoreError::unavailable("the chain of successors does not end").into())
    }

    fn drop_changes(&self, base: Base, changes: &Changes) -> Settled {
        events::dropped();
        let lost = changes.iter().any(Change::is_data);
        Settled {
            base,
            outgoing: Outgoing::Nothing,
            dropped: lost && self.shared.config.on_gone == OnGone::Conflict,
        }
    }

    fn draw(&self, base: Option<&Header>, draft: &Draft) -> Result<Arc<Record>, Error> {
        let config = &self.shared.config;
        let size = || check_size(&draft.data, config);
        catch_unwind(AssertUnwindSafe(size)).map_err(|_| Error::of(ErrorKind::Panicked))??;
        Ok(Arc::new(next_record(
            base,
            draft,
            self.commit_id,
            self.times,
            config,
        )))
    }

    fn new_id(&self, like: Option<&SessionId>) -> Result<SessionId, Error> {
        let len = self.shared.config.id_bytes;
        Ok(SessionId::generate_from(&mut rand::rng(), len, like)?)
    }

    fn bind(&self, draft: &Draft) -> Option<OwnerRule> {
        self.shared
            .config
            .owner_rule
            .filter(|_| draft.authenticated)
    }

    /// What the client is told: nothing, unless the id is new.
    fn announce(&self, base: &Base, former: SessionId, created: bool) -> Outgoing {
        let Base::Live { id, record, .. } = base else {
            return Outgoing::Nothing;
        };
        if *id == former && !created {
            return Outgoing::Nothing;
        }
        let persistent = record.header.persistent || self.shared.config.persistent;
        let until = record.header.absolute_deadline;
        Outgoing::Id {
            id: *id,
            created,
            max_age: persistent.then(|| until.since(self.times.now)),
        }
    }

    /// Calls an idempotent verb, and once more if its answer may have been lost.
    async fn twice<'c, T: Unpin>(
        &mut self,
        verb: &'static str,
        call: impl Fn() -> StoreFuture<'c, T>,
    ) -> Result<T, Error> {
        match self.deadline.store(call()).await {
            Ok(answer) => Ok(answer),
            Err(error) if error.kind() == StoreErrorKind::Unavailable => {
                events::store_failed(verb, &error);
                Ok(self.deadline.store(call()).await?)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// An id and its key.
#[derive(Clone, Copy)]
struct Live {
    id: SessionId,
    key: StoreKey,
}

impl Live {
    fn with(self, record: Arc<Record>) -> Base {
        Base::Live {
            id: self.id,
            key: self.key,
            record,
        }
    }
}
