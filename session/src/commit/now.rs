//! The end of a request: where the store is always ready the commit is made on the spot, without a box for its future.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::StatusCode;

use super::decide::Keep;
use super::run::{Attempt, Commit};
use super::to_end::RunToEnd;
use super::work::Work;
use crate::error::Error;
use crate::handle::{Inner, Told, Turn};
use crate::store::StoreError;

/// How a request ends for its session.
pub(crate) enum Ended {
    /// Nobody asked for the session.
    Untouched,
    /// What there is to tell the client, or why the commit was refused.
    Done(Result<Option<Told>, Error>),
    Committing(RunToEnd),
}

/// What [`Inner::end_request`] finds under the lock.
enum Found {
    Nothing(Option<Told>),
    /// Another commit of this handle is under way.
    Busy,
    Work,
}

impl Inner {
    /// Commits what a response with this status lets through.
    pub(crate) fn end_request(self: &Arc<Self>, status: StatusCode) -> Ended {
        let mut work = Work::default();
        let found = self.peek(|state| {
            if !state.is_pending() {
                state.head_sent = true;
                return Found::Nothing(state.told());
            }
            if !state.turns.take() {
                return Found::Busy;
            }
            state.take_work(true, &mut work);
            Found::Work
        });
        match found {
            None | Some(Found::Nothing(None)) => Ended::Untouched,
            Some(Found::Nothing(told)) => Ended::Done(Ok(told)),
            Some(Found::Busy) => {
                let keep = self.lets_through(status);
                self.run_to_end(Arc::clone(self).commit_in_turn(keep))
            }
            Some(Found::Work) => self.commit_now(status, work),
        }
    }

    fn lets_through(&self, status: StatusCode) -> Keep {
        let presented = self.presented.get();
        let keeps_flashes = presented.is_some_and(|presented| presented.keeps_flashes);
        Keep::of(status, keeps_flashes, &self.shared.config)
    }

    fn run_to_end(
        self: &Arc<Self>,
        commit: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Ended {
        Ended::Committing(RunToEnd::new(Arc::clone(&self.shared), commit))
    }

    /// Makes one attempt here and now, if the store is always ready, and leaves the rest to a future.
    fn commit_now(self: &Arc<Self>, status: StatusCode, mut work: Work) -> Ended {
        let turn = Turn::taken(&**self);
        if let Err(error) = self.admit(self.lets_through(status), &mut work) {
            return Ended::Done(Err(error));
        }
        let mut commit = self.begin(&work);
        let (segment, mut conflict) = (work.segment, None);
        if self.shared.store.is_always_ready() {
            let attempt = pin!(commit.attempt(&mut work));
            match attempt.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(Attempt::Settled(settled))) => {
                    return Ended::Done(self.settle(settled, segment, turn));
                }
                Poll::Ready(Ok(Attempt::Conflict(current))) => conflict = Some(current),
                Poll::Ready(Err(error)) => return Ended::Done(Err(error)),
                // It waits for the store and for nothing else.
                Poll::Pending => return Ended::Done(Err(StoreError::not_ready().into())),
            }
        }
        let Commit {
            times,
            deadline,
            commit_id,
            target,
            head_sent,
            ..
        } = commit;
        let (inner, turn) = (Arc::clone(self), turn.owned(self));
        self.run_to_end(async move {
            let mut commit = Commit {
                shared: &inner.shared,
                times,
                deadline,
                commit_id,
                target,
                head_sent,
            };
            let settled = commit.run(&mut work, conflict).await?;
            inner.settle(settled, segment, turn).map(drop)
        })
    }

    /// Waits for its turn first.
    async fn commit_in_turn(self: Arc<Self>, keep: Keep) -> Result<(), Error> {
        let turn = self.turn().await;
        let Some(mut work) = self.take_pending(true) else {
            return Ok(());
        };
        self.admit(keep, &mut work)?;
        let mut commit = self.begin(&work);
        let settled = commit.run(&mut work, None).await?;
        self.settle(settled, work.segment, turn).map(drop)
    }
}
