//! What a commit takes out of a handle, and what it puts back.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decide::{Keep, Times};
use super::run::{Commit, Plan};
use crate::changes::{Changes, Draft, Trash};
use crate::error::{Error, ErrorKind};
use crate::events;
use crate::handle::{Base, Inner, Loaded, Outgoing, State, Told, Turn};
use crate::id::StoreKey;
use crate::record::{CommitId, Record};
use crate::shared::{Deadline, Shared};
use crate::store::ReadOutcome;

/// What one commit works on, taken out of the handle; once it is done, what the handle is to know.
#[derive(Default)]
pub(super) struct Work {
    pub(super) segment: u32,
    pub(super) base: Base,
    pub(super) changes: Changes,
    pub(super) draft: Draft,
    pub(super) ended: Vec<StoreKey>,
    pub(super) removal: bool,
    pub(super) head_sent: bool,
    /// Why nothing can be stored: the session could not be loaded.
    pub(super) failed: Option<Error>,
    /// What the client is to be told once it is done.
    pub(super) outgoing: Outgoing,
    /// Changes were dropped because the session had ended or moved on.
    pub(super) dropped: bool,
}

impl Work {
    /// Makes `current` the record to change, and says under which key it stands.
    pub(super) fn rebase(&mut self, current: Arc<Record>) -> Option<StoreKey> {
        let Base::Live { key, record, .. } = &mut self.base else {
            return None;
        };
        *record = current;
        Some(*key)
    }
}

impl State {
    /// Takes out what is to be committed. Reads go on meanwhile.
    pub(super) fn take_work(&mut self, is_final: bool, work: &mut Work) {
        work.base.clone_from(&self.base);
        work.draft = self.draft.clone().unwrap_or_else(|| self.base.draft());
        self.take_rest(is_final, work);
    }

    /// As [`take_work`](Self::take_work), where there is nobody to read: nothing is copied.
    pub(super) fn take_all(&mut self, work: &mut Work) {
        work.base = std::mem::take(&mut self.base);
        work.draft = self.draft.take().unwrap_or_else(|| work.base.draft());
        self.take_rest(true, work);
    }

    fn take_rest(&mut self, is_final: bool, work: &mut Work) {
        work.segment = self.segment;
        work.changes = std::mem::take(&mut self.changes);
        work.ended = std::mem::take(&mut self.ended);
        work.removal = std::mem::take(&mut self.removal);
        work.head_sent = self.head_sent;
        work.failed = match &self.loaded {
            Loaded::Anonymous(error) | Loaded::Failed(error) => Some(error.clone()),
            Loaded::No | Loaded::Yes => None,
        };
        self.head_sent |= is_final;
    }
}

impl Inner {
    /// Stores the changes so far. They are kept if that fails.
    pub(crate) async fn commit(self: Arc<Self>) -> Result<(), Error> {
        let turn = self.turn().await;
        let Some(mut work) = self.take_pending(false) else {
            return Ok(());
        };
        self.admit(Keep::ALL, &mut work)?;
        let mut commit = self.begin(&work);
        match commit.run(&mut work, None).await {
            Ok(()) => self.settle(work, turn).map(drop),
            Err(error) => {
                self.with(|state| {
                    state.changes.prepend(work.changes);
                    state.ended.append(&mut work.ended);
                    state.removal |= work.removal;
                });
                Err(error)
            }
        }
    }

    pub(super) fn take_pending(&self, is_final: bool) -> Option<Work> {
        let mut work = Work::default();
        let taken = self.peek(|state| {
            let pending = state.is_pending();
            if pending {
                state.take_work(is_final, &mut work);
            }
            state.head_sent |= is_final;
            pending
        });
        (taken == Some(true)).then_some(work)
    }

    pub(super) fn begin(&self, work: &Work) -> Commit<'_> {
        self.shared.sweeper.ensure(&self.shared);
        let plan = Plan {
            times: Times {
                now: self.now(),
                arrived: self.arrived,
            },
            deadline: Deadline::new(self.shared.config.deadline),
            commit_id: CommitId::generate(),
            target: None,
            head_sent: work.head_sent,
        };
        Commit {
            shared: &self.shared,
            plan,
        }
    }

    /// Refuses what cannot be committed, and keeps of the changes what the response lets through.
    pub(super) fn admit(&self, keep: Keep, work: &mut Work) -> Result<(), Error> {
        if let Some(error) = work.failed.take() {
            return Err(error);
        }
        let owner = match &work.base {
            Base::Live { record, .. } => record.header.owner.as_deref(),
            Base::None | Base::Gone { .. } => None,
        };
        if keep != Keep::ALL && keep.filter(&mut work.changes, owner) {
            events::discarded();
            work.draft = self.redraw(&work.base, &work.changes)?;
        }
        Ok(())
    }

    /// Applies changes to a base, outside the lock.
    fn redraw(&self, base: &Base, changes: &Changes) -> Result<Draft, Error> {
        replay(&self.shared, base.draft(), changes, self.now())
    }

    /// Makes what was stored the new base, and lays what was changed meanwhile over it. Says what there is to tell.
    pub(super) fn settle<I: Deref<Target = Self>>(
        &self,
        mut work: Work,
        turn: Turn<I>,
    ) -> Result<Option<Told>, Error> {
        let mut later = Changes::default();
        let mut draft = None;
        let (mut turn, mut told) = (Some(turn), None);
        loop {
            let more = self.with(|state| {
                if state.segment == work.segment && !state.changes.is_empty() {
                    return std::mem::take(&mut state.changes);
                }
                if state.segment != work.segment {
                    // `destroy` came while this was being stored: what was stored ends too.
                    if let Base::Live { key, .. } = &work.base {
                        state.ended.push(*key);
                    }
                } else {
                    if work.outgoing != Outgoing::Nothing {
                        state.outgoing = work.outgoing;
                    }
                    // What was there is dropped outside the lock.
                    std::mem::swap(&mut state.base, &mut work.base);
                    state.changes = std::mem::take(&mut later);
                    std::mem::swap(&mut state.draft, &mut draft);
                }
                if let Some(turn) = turn.take() {
                    turn.end(state);
                }
                told = state.told();
                Changes::default()
            });
            if more.is_empty() {
                break;
            }
            let drawn = draft.unwrap_or_else(|| work.base.draft());
            draft = Some(replay(&self.shared, drawn, &more, self.now())?);
            later.append(more);
        }
        if work.dropped {
            return Err(Error::of(ErrorKind::Gone));
        }
        Ok(told)
    }

    /// Reads the record again and lays the uncommitted changes over it.
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        let turn = self.turn().await;
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
        let work = Work {
            base,
            segment,
            ..Work::default()
        };
        self.settle(work, turn).map(drop)
    }
}

/// Applies changes to a draft. A closure of the application that panics is an error, and nothing is saved.
pub(super) fn replay(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_futures_of_load_and_commit_are_small() {
        // The first is part of every handler's future, the second in a box, which a store that is always ready needs for
        // a conflict only.
        let inner = Arc::new(Inner::new(Shared::detached()));
        let load = size_of_val(&inner.load());
        let commit = size_of_val(&Arc::clone(&inner).commit());
        assert!(
            load <= 64 && commit <= 1_400,
            "load {load}, commit {commit}"
        );
    }
}
