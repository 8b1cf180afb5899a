//! The loop: apply the changes to the record at hand, store it if its version is still the one that was read, and
//! on a conflict apply them to the record that the store handed back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::calls::Answer;
use super::decide::{Times, Verb, check_size, next_record};
use super::work::replay;
use crate::changes::{Change, Draft};
use crate::config::OnGone;
use crate::error::{Error, ErrorKind};
use crate::events;
use crate::handle::{Base, Outgoing, Work};
use crate::id::{SessionId, StoreKey};
use crate::record::{CommitId, Header, Record};
use crate::shared::{Deadline, Shared};
use crate::store::{CreateOutcome, OwnerRule, ReadOutcome, StoreError};

/// What one attempt came to.
pub(super) enum Attempt {
    /// The base of the work is what is stored now.
    Settled,
    /// Another commit came first, and stored this.
    Conflict(Arc<Record>),
}

pub(super) struct Commit<'a> {
    pub(super) shared: &'a Shared,
    pub(super) plan: Plan,
}

/// What one commit keeps to, however often it is attempted.
pub(super) struct Plan {
    pub(super) times: Times,
    pub(super) deadline: Deadline,
    pub(super) commit_id: CommitId,
    /// The id to rotate to, made once: repeated with the same keys and commit id, `rotate` answers as the first time.
    pub(super) target: Option<SessionId>,
    pub(super) head_sent: bool,
}

impl Commit<'_> {
    /// Attempts until one is stored. `conflict` is what an attempt has met already.
    pub(super) async fn run(
        &mut self,
        work: &mut Work,
        mut conflict: Option<Arc<Record>>,
    ) -> Result<(), Error> {
        let mut turn = None;
        let mut waits = 0;
        loop {
            if let Some(current) = conflict {
                events::conflict();
                let key = work.rebase(current);
                if let Some(key) = key.filter(|_| turn.is_none()) {
                    let wait = self.plan.deadline.run(self.shared.queues.turn(key));
                    turn = Box::pin(wait).await.map(Box::new);
                }
                if turn.is_none() || !Box::pin(self.plan.deadline.back_off(waits)).await {
                    return Err(Error::of(ErrorKind::Conflict));
                }
                waits += 1;
                self.redraw(work)?;
            }
            match self.attempt(work).await? {
                Attempt::Settled => return Ok(()),
                Attempt::Conflict(current) => conflict = Some(current),
            }
        }
    }

    /// Ends what is to end, and tries once to store what is to be stored. Waits for the store and for nothing else.
    pub(super) async fn attempt(&mut self, work: &mut Work) -> Result<Attempt, Error> {
        while let Some(key) = work.ended.last().copied() {
            Box::pin(self.destroy_chain(key)).await?;
            work.ended.pop();
            events::destroyed();
        }
        let attempt = self.store(work).await?;
        if work.removal && work.outgoing == Outgoing::Nothing {
            work.outgoing = Outgoing::Removal;
        }
        Ok(attempt)
    }

    // Changes are borrowed by `&mut` across awaits: updates are `Send` but need not be `Sync`.
    async fn store(&mut self, work: &mut Work) -> Result<Attempt, Error> {
        let verb = work.verb();
        if self.plan.head_sent && matches!(verb, Verb::Create | Verb::Rotate | Verb::SignInAnew) {
            return Err(Error::of(ErrorKind::HeadSent));
        }
        if work.draft().failed && !matches!(work.base, Base::Gone { .. }) {
            self.redraw(work)?;
        }
        match verb {
            Verb::Create => {
                let draft = work.take_draft();
                self.create(draft, work).await?;
            }
            Verb::Save | Verb::Rotate => return self.change(work).await,
            Verb::SignInAnew => {
                let successor = match work.base {
                    Base::Gone { successor } => successor,
                    Base::None | Base::Live { .. } => None,
                };
                Box::pin(self.sign_in_anew(successor, work)).await?;
            }
            Verb::Drop => self.drop_changes(work),
            Verb::Nothing => {}
        }
        Ok(Attempt::Settled)
    }

    /// Stores changes of a live record: by `save`, or by `rotate` under a new id.
    async fn change(&mut self, work: &mut Work) -> Result<Attempt, Error> {
        let draft = work.take_draft();
        let Base::Live { id, key, record } = &work.base else {
            return Ok(Attempt::Settled);
        };
        let (rotate, authenticated) = (draft.rotate, draft.authenticated);
        let bind = self.bind(&draft);
        let next = self.draw(Some(&record.header), draft)?;
        let version = record.header.version;
        let answer = if rotate {
            let target = match self.plan.target {
                Some(target) => target,
                None => *self.plan.target.insert(self.new_id(Some(id))?),
            };
            let to = target.store_key();
            let answer = self.rotate(key, &to, next, version, bind).await?;
            if let Answer::Stored(record) = answer {
                self.announce(target, to, record, false, work);
                return Ok(Attempt::Settled);
            }
            answer
        } else {
            self.save(key, next, version).await?
        };
        match answer {
            Answer::Stored(record) => {
                work.rebase(record);
                Ok(Attempt::Settled)
            }
            Answer::Conflict(current) => Ok(Attempt::Conflict(current)),
            Answer::Gone(successor) => {
                events::gone();
                if authenticated && record.header.owner.is_none() {
                    Box::pin(self.sign_in_anew(successor, work)).await?;
                } else {
                    work.base = Base::Gone { successor: None };
                    self.drop_changes(work);
                }
                Ok(Attempt::Settled)
            }
            // A session that was signed in already is one of those that were revoked.
            Answer::Revoked if authenticated => Err(Error::of(ErrorKind::OwnerRevoked)),
            Answer::Revoked => {
                events::gone();
                work.base = Base::Gone { successor: None };
                self.drop_changes(work);
                Ok(Attempt::Settled)
            }
        }
    }

    async fn create(&mut self, draft: Draft, work: &mut Work) -> Result<(), Error> {
        let bind = self.bind(&draft);
        let record = self.draw(None, draft)?;
        // An id that is taken is one chance in 2^240; one that is taken twice is a broken store.
        for _ in 0..2 {
            let id = self.new_id(None)?;
            let key = id.store_key();
            match self.call_create(&key, &record, bind).await? {
                CreateOutcome::Created => {
                    events::created();
                    self.announce(id, key, record, true, work);
                    return Ok(());
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
        work: &mut Work,
    ) -> Result<(), Error> {
        if self.plan.head_sent {
            return Err(Error::of(ErrorKind::HeadSent));
        }
        let wanted = work.changes.iter().rev().find_map(|change| match change {
            Change::SetOwner { owner, .. } => Some(owner.key),
            _ => None,
        });
        let mut draft = Draft::default();
        if let Some(key) = successor
            && let ReadOutcome::Live(record) = self.read(&key).await?
            && record.header.owner.as_ref().map(|owner| owner.key) == wanted
        {
            draft = Draft::of(&record);
        }
        let draft = replay(self.shared, draft, &work.changes, self.plan.times.now)?;
        self.create(draft, work).await
    }

    /// Applies the changes to the record at hand, once more.
    fn redraw(&self, work: &mut Work) -> Result<(), Error> {
        let draft = replay(
            self.shared,
            work.base.draft(),
            &work.changes,
            self.plan.times.now,
        )?;
        work.draft = Some(draft);
        Ok(())
    }

    fn drop_changes(&self, work: &mut Work) {
        events::dropped();
        let lost = work.changes.iter().any(Change::is_data);
        work.dropped = lost && self.shared.config.on_gone == OnGone::Conflict;
    }

    fn draw(&self, base: Option<&Header>, draft: Draft) -> Result<Arc<Record>, Error> {
        let config = &self.shared.config;
        let size = || check_size(&draft.data, config);
        catch_unwind(AssertUnwindSafe(size)).map_err(|_| Error::of(ErrorKind::Panicked))??;
        let record = next_record(base, draft, self.plan.commit_id, self.plan.times, config);
        Ok(Arc::new(record))
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

    /// Makes what stands under a new id the base, and tells the client.
    fn announce(
        &self,
        id: SessionId,
        key: StoreKey,
        record: Arc<Record>,
        created: bool,
        work: &mut Work,
    ) {
        let persistent = record.header.persistent || self.shared.config.persistent;
        let until = record.header.absolute_deadline;
        work.outgoing = Outgoing::Id {
            id,
            created,
            max_age: persistent.then(|| until.since(self.plan.times.now)),
        };
        work.base = Base::Live { id, key, record };
    }
}
