//! The loop: apply the changes to the record at hand, store it if its version is still the one that was read, and
//! on a conflict apply them to the record that the store handed back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decide::{Times, Verb, check_size, next_record};
use super::work::{Settled, Work, replay};
use crate::changes::{Change, Changes, Draft};
use crate::config::OnGone;
use crate::error::{Error, ErrorKind};
use crate::events;
use crate::handle::{Base, Outgoing};
use crate::id::{SessionId, StoreKey};
use crate::record::{CommitId, Header, Record};
use crate::shared::{Deadline, Shared, Turn};
use crate::store::{
    CreateOutcome, OwnerRule, ReadOutcome, RotateOutcome, SaveOutcome, StoreError, StoreErrorKind,
    StoreFuture,
};

/// What one attempt at a live record came to.
enum Attempt {
    Stored(Base),
    Conflict(Arc<Record>),
    Gone,
}

pub(super) struct Commit<'a> {
    pub(super) shared: &'a Shared,
    pub(super) times: Times,
    pub(super) deadline: Deadline,
    pub(super) commit_id: CommitId,
    pub(super) head_sent: bool,
}

// What is rare has a box of its own, so that the future of a plain save is small: a test holds it below the size up to
// which allocators are fast.
impl Commit<'_> {
    pub(super) async fn run(&mut self, work: &mut Work) -> Result<Settled, Error> {
        while let Some(key) = work.ended.last().copied() {
            Box::pin(self.destroy_chain(key)).await?;
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
        match verb {
            Verb::Create => Box::pin(self.create(&work.draft)).await,
            Verb::Save | Verb::Rotate => self.change(work, changes).await,
            Verb::SignInAnew => {
                let successor = match work.base {
                    Base::Gone { successor } => successor,
                    Base::None | Base::Live { .. } => None,
                };
                Box::pin(self.sign_in_anew(successor, changes)).await
            }
            Verb::Drop => Ok(self.drop_changes(work.base.clone(), changes)),
            Verb::Nothing => Ok(Settled::unchanged(work)),
        }
    }

    /// Stores changes of a live record: by `save`, or by `rotate` under a new id.
    async fn change(&mut self, work: &mut Work, changes: &mut Changes) -> Result<Settled, Error> {
        let Base::Live { id, key, record } = &work.base else {
            return Ok(Settled::unchanged(work));
        };
        let (from, mut record) = (Live { id, key }, Arc::clone(record));
        let draft = &mut work.draft;
        let had_owner = record.header.owner.is_some();
        // Repeated with the same keys and commit id, `rotate` answers as the first time.
        let mut target = None;
        let mut turn: Option<Box<Turn<'_>>> = None;
        let mut attempt = 0;
        loop {
            if draft.rotate && target.is_none() {
                if self.head_sent {
                    return Err(Error::of(ErrorKind::HeadSent));
                }
                target = Some(self.new_id(Some(from.id))?);
            }
            let next = self.draw(Some(&record.header), draft)?;
            let outcome = match target.filter(|_| draft.rotate) {
                None => self.save(from, &next, &record.header).await?,
                Some(id) => Box::pin(self.rotate(from, id, next, &record.header, draft)).await?,
            };
            match outcome {
                Attempt::Stored(base) => {
                    let outgoing = self.announce(&base, Some(from.id));
                    return Ok(Settled {
                        base,
                        outgoing,
                        dropped: false,
                    });
                }
                Attempt::Gone => {
                    events::gone();
                    if draft.authenticated && !had_owner {
                        return Box::pin(async {
                            let successor = self.successor(*from.key).await?;
                            self.sign_in_anew(successor, changes).await
                        })
                        .await;
                    }
                    return Ok(self.drop_changes(Base::Gone { successor: None }, changes));
                }
                Attempt::Conflict(current) => {
                    events::conflict();
                    if turn.is_none() {
                        let wait = self.deadline.run(self.shared.queues.turn(*from.key));
                        turn = Box::pin(wait).await.map(Box::new);
                    }
                    if turn.is_none() || !Box::pin(self.deadline.back_off(attempt)).await {
                        return Err(Error::of(ErrorKind::Conflict));
                    }
                    attempt += 1;
                    record = current;
                    *draft = replay(self.shared, Draft::of(&record), changes, self.times.now)?;
                }
            }
        }
    }

    async fn save(
        &mut self,
        from: Live<'_>,
        next: &Arc<Record>,
        base: &Header,
    ) -> Result<Attempt, Error> {
        let op = self.shared.op(self.times.now);
        let call = self
            .shared
            .store
            .save(&op, from.key, Arc::clone(next), base.version);
        match self.deadline.store(call).await {
            Ok(SaveOutcome::Saved(_)) => Ok(Attempt::Stored(from.with(Arc::clone(next)))),
            // A driver that repeated the call by itself is told of its own first success.
            Ok(SaveOutcome::Conflict(found)) if found.header.commit_id == self.commit_id => {
                Ok(Attempt::Stored(from.with(found)))
            }
            Ok(SaveOutcome::Conflict(current)) => Ok(Attempt::Conflict(current)),
            Ok(SaveOutcome::Gone) => Ok(Attempt::Gone),
            Err(error) => {
                events::store_failed("save", &error);
                // The answer may be lost and the change stored: only a record that shows this commit says so.
                let call = self.shared.store.read(&op, from.key, None);
                match Box::pin(self.deadline.store(call)).await {
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
        from: Live<'_>,
        id: SessionId,
        next: Arc<Record>,
        base: &Header,
        draft: &Draft,
    ) -> Result<Attempt, Error> {
        let op = self.shared.op(self.times.now);
        let (id, key) = (&id, &id.store_key());
        let to = Live { id, key };
        let bind = self.bind(draft);
        let store = &self.shared.store;
        let call = || store.rotate(&op, from.key, to.key, Arc::clone(&next), base.version, bind);
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

    async fn create(&mut self, draft: &Draft) -> Result<Settled, Error> {
        let record = self.draw(None, draft)?;
        let op = self.shared.op(self.times.now);
        let bind = self.bind(draft);
        // An id that is taken is one chance in 2^240; one that is taken twice is a broken store.
        for _ in 0..2 {
            let id = self.new_id(None)?;
            let (id, key) = (&id, &id.store_key());
            let to = Live { id, key };
            let store = &self.shared.store;
            let call = || store.create(&op, to.key, Arc::clone(&record), bind);
            let outcome = self.twice("create", call).await?;
            match outcome {
                CreateOutcome::Created => {
                    events::created();
                    let base = to.with(record);
                    let outgoing = self.announce(&base, None);
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
        self.create(&draft).await
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
    fn announce(&self, base: &Base, former: Option<&SessionId>) -> Outgoing {
        let Base::Live { id, record, .. } = base else {
            return Outgoing::Nothing;
        };
        if former == Some(id) {
            return Outgoing::Nothing;
        }
        let persistent = record.header.persistent || self.shared.config.persistent;
        let until = record.header.absolute_deadline;
        Outgoing::Id {
            id: *id,
            created: former.is_none(),
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
struct Live<'a> {
    id: &'a SessionId,
    key: &'a StoreKey,
}

impl Live<'_> {
    fn with(self, record: Arc<Record>) -> Base {
        Base::Live {
            id: *self.id,
            key: *self.key,
            record,
        }
    }
}
