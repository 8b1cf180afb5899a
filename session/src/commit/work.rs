//! What a commit works on, and how what came of it gets back into the handle.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decide::{Keep, Times, Verb};
use super::run::{Commit, Plan};
use crate::changes::{Changes, Draft, Trash};
use crate::error::{Error, ErrorKind};
use crate::events;
use crate::handle::{Base, Inner, Loaded, Outgoing, Request, State, Told, Turn, Work};
use crate::id::StoreKey;
use crate::record::{CommitId, Record};
use crate::shared::{Deadline, Shared};
use crate::store::ReadOutcome;

/// What a handle says to a commit that begins.
pub(super) struct Start {
    head_sent: bool,
    /// Why nothing can be stored: the session could not be loaded.
    failed: Option<Error>,
}

impl Work {
    /// The verb that it ends in.
    pub(super) fn verb(&mut self) -> Verb {
        let draft = self.draft.get_or_insert_with(|| self.base.draft());
        Verb::of(&self.base, &self.changes, draft)
    }

    /// What is to be stored.
    pub(super) fn take_draft(&mut self) -> Draft {
        self.draft.take().unwrap_or_else(|| self.base.draft())
    }

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
    /// A commit begins; `is_final`: the response head follows.
    pub(super) fn start(&mut self, is_final: bool) -> Start {
        let head_sent = self.head_sent;
        self.head_sent |= is_final;
        let failed = match &self.loaded {
            Loaded::Anonymous(error) | Loaded::Failed(error) => Some(error.clone()),
            Loaded::No | Loaded::Yes => None,
        };
        Start { head_sent, failed }
    }

    /// Takes out what is to be committed, and leaves what is read meanwhile.
    pub(super) fn take_work(&mut self) -> Work {
        let work = &mut self.work;
        Work {
            base: work.base.clone(),
            segment: work.segment,
            changes: std::mem::take(&mut work.changes),
            draft: work.draft.clone(),
            ended: std::mem::take(&mut work.ended),
            removal: std::mem::take(&mut work.removal),
            ..Work::default()
        }
    }
}

impl Inner {
    /// Stores the changes so far. They are kept if that fails.
    pub(crate) async fn commit(self: Arc<Self>) -> Result<(), Error> {
        let turn = self.turn().await;
        let Some((mut work, start)) = self.take_pending(false) else {
            return Ok(());
        };
        let mut commit = match self.request().begin(start, Keep::ALL, &mut work) {
            Ok(commit) => commit,
            Err(error) => {
                self.put_back(work);
                return Err(error);
            }
        };
        match commit.run(&mut work, None).await {
            Ok(()) => self.settle(work, turn).map(drop),
            Err(error) => {
                self.put_back(work);
                Err(error)
            }
        }
    }

    /// What could not be stored is to be stored still, unless its session has been ended meanwhile.
    fn put_back(&self, mut work: Work) {
        self.with(|state| {
            let present = &mut state.work;
            if present.segment == work.segment {
                present.changes.prepend(std::mem::take(&mut work.changes));
            }
            present.ended.append(&mut work.ended);
            present.removal |= work.removal;
        });
    }

    pub(super) fn take_pending(&self, is_final: bool) -> Option<(Work, Start)> {
        let taken = self.peek(|state| {
            let start = state.start(is_final);
            state.is_pending().then(|| (state.take_work(), start))
        });
        taken.flatten()
    }

    /// Ends a commit that was made. Says what there is to tell.
    pub(super) fn settle<I: Deref<Target = Self>>(
        &self,
        work: Work,
        turn: Turn<I>,
    ) -> Result<Option<Told>, Error> {
        let dropped = work.dropped;
        // What was changed meanwhile and does not apply is told by its own commit.
        let (told, _) = self.lay_over(work, turn, false);
        if dropped {
            return Err(Error::of(ErrorKind::Gone));
        }
        Ok(told)
    }

    /// Ends the last commit of a request, which was refused: others who have the handle go on from what is stored.
    pub(super) fn give_up<I: Deref<Target = Self>>(&self, mut work: Work, turn: Turn<I>) {
        work.outgoing = Outgoing::Nothing;
        self.lay_over(work, turn, true);
    }

    /// Makes what is stored the new base, and lays what was changed meanwhile over it. Says what there is to tell, and
    /// why a change does not apply: it stays, and is told again when it is to be committed.
    fn lay_over<I: Deref<Target = Self>>(
        &self,
        mut work: Work,
        turn: Turn<I>,
        refused: bool,
    ) -> (Option<Told>, Option<Error>) {
        let mut later = Changes::default();
        let mut draft = None;
        let mut failed = None;
        let (mut turn, mut told) = (Some(turn), None);
        loop {
            let more = self.with(|state| {
                let present = &mut state.work;
                if present.segment == work.segment && !present.changes.is_empty() {
                    return std::mem::take(&mut present.changes);
                }
                if present.segment != work.segment {
                    // `destroy` came while this was being stored: what was stored ends too.
                    if let Base::Live { key, .. } = &work.base {
                        present.ended.push(*key);
                    }
                } else {
                    if work.outgoing != Outgoing::Nothing {
                        present.outgoing = work.outgoing;
                    }
                    present.changes = std::mem::take(&mut later);
                    state.was_owned = refused && (state.was_owned || state.owner().is_some());
                    // What was there is dropped outside the lock.
                    let base = std::mem::take(&mut work.base);
                    (work.base, draft) = state.replace(base, draft.take());
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
            let redrawn = replay(&self.shared, drawn, &more, self.now());
            draft = Some(redrawn.unwrap_or_else(|error| {
                failed = Some(error);
                Draft {
                    failed: true,
                    ..work.base.draft()
                }
            }));
            later.append(more);
        }
        (told, failed)
    }

    /// Reads the record again and lays the uncommitted changes over it.
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        let turn = self.turn().await;
        let present = self.peek(|state| (state.work.base.clone(), state.work.segment));
        let Some((base, segment)) = present else {
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
        match self.lay_over(work, turn, false) {
            (_, Some(error)) => Err(error),
            (_, None) => Ok(()),
        }
    }
}

impl<'a> Request<'a> {
    /// Refuses what cannot be committed, and keeps of the changes what the response lets through.
    pub(super) fn begin(
        self,
        start: Start,
        keep: Keep,
        work: &mut Work,
    ) -> Result<Commit<'a>, Error> {
        if let Some(error) = start.failed {
            return Err(error);
        }
        if keep != Keep::ALL {
            self.filter(keep, work)?;
        }
        self.shared.sweeper.ensure(self.shared);
        let plan = Plan {
            times: Times {
                now: self.shared.now(),
                arrived: self.arrived,
            },
            deadline: Deadline::new(self.shared.config.deadline),
            commit_id: CommitId::generate(),
            target: None,
            head_sent: start.head_sent,
        };
        Ok(Commit {
            shared: self.shared,
            plan,
        })
    }

    fn filter(self, keep: Keep, work: &mut Work) -> Result<(), Error> {
        let owner = match &work.base {
            Base::Live { record, .. } => record.header.owner.as_deref(),
            Base::None | Base::Gone { .. } => None,
        };
        if keep.filter(&mut work.changes, owner) {
            events::discarded();
            let draft = replay(
                self.shared,
                work.base.draft(),
                &work.changes,
                self.shared.now(),
            )?;
            work.draft = Some(draft);
        }
        Ok(())
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
        let inner = Arc::new(Inner::new(Shared::detached(), false));
        let load = size_of_val(&inner.load());
        let commit = size_of_val(&Arc::clone(&inner).commit());
        assert!(
            load <= 64 && commit <= 1_400,
            "load {load}, commit {commit}"
        );
    }
}
