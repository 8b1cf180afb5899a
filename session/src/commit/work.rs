//! What a commit takes out of a handle, and what it puts back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decide::{Keep, Times};
use super::run::Commit;
use crate::changes::{Changes, Draft, Trash};
use crate::error::{Error, ErrorKind};
use crate::events;
use crate::handle::{Base, Inner, Loaded, Outgoing};
use crate::id::StoreKey;
use crate::record::CommitId;
use crate::shared::{Deadline, Shared};
use crate::store::ReadOutcome;

/// What one commit works on, taken out of the handle.
pub(super) struct Work {
    pub(super) segment: u32,
    pub(super) base: Base,
    pub(super) changes: Changes,
    pub(super) draft: Draft,
    pub(super) ended: Vec<StoreKey>,
    pub(super) removal: bool,
    pub(super) head_sent: bool,
}

/// What the handle knows after a commit.
pub(super) struct Settled {
    pub(super) base: Base,
    pub(super) outgoing: Outgoing,
    /// Changes were dropped because the session had ended or moved on.
    pub(super) dropped: bool,
}

impl Settled {
    /// Nothing was to be stored.
    pub(super) fn unchanged(work: &Work) -> Self {
        Self {
            base: work.base.clone(),
            outgoing: Outgoing::Nothing,
            dropped: false,
        }
    }
}

impl Inner {
    /// Stores what is let through. An explicit commit keeps its changes when it fails, the final one does not.
    pub(crate) async fn commit(self: Arc<Self>, keep: Keep, is_final: bool) -> Result<(), Error> {
        let _turn = self.turn().await;
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
        let mut draft = base.draft();
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
        let _turn = self.turn().await;
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
        let inner = Arc::new(Inner::new(Shared::detached(), crate::Timestamp::default()));
        let load = size_of_val(&inner.load());
        let commit = size_of_val(&Arc::clone(&inner).commit(Keep::ALL, true));
        assert!(
            load <= 640 && commit <= 1_032,
            "load {load}, commit {commit}"
        );
    }
}
