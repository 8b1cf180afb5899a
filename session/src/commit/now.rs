//! The end of a request: where the store is always ready the commit is made on the spot, without a box for its future.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::StatusCode;

use super::decide::Keep;
use super::run::{Attempt, Commit, Plan};
use super::to_end::RunToEnd;
use super::work::Work;
use crate::error::{Error, ErrorKind};
use crate::handle::{Inner, Outgoing, Told, Turn};
use crate::record::{Owner, Record};
use crate::store::StoreError;

/// How a request ends for its session.
pub(crate) enum Ended {
    /// Nobody asked for the session.
    Untouched,
    /// What there is to tell the client, or why the commit was refused.
    Done(Result<Option<Told>, Error>),
    Committing(RunToEnd),
}

/// What [`Inner::end_shared`] finds under the lock.
enum Found {
    Nothing(Option<Told>),
    /// Another commit of this handle is under way.
    Busy,
    Work,
}

/// What one attempt comes to where it is made.
enum Attempted {
    Settled,
    Refused(Error),
    /// Not made, or in conflict with this, which the store holds by now. A future goes on with the plan.
    Unfinished(Plan, Option<Arc<Record>>),
}

impl Ended {
    fn of(told: Option<Told>) -> Self {
        told.map_or(Self::Untouched, |told| Self::Done(Ok(Some(told))))
    }
}

impl Inner {
    /// Commits what a response with this status lets through.
    pub(crate) fn end_request(self: &mut Arc<Self>, status: StatusCode) -> Ended {
        if !self.shared.store.is_always_ready() {
            return self.end_shared(status);
        }
        let mut work;
        let owner = match self.alone() {
            None => return self.end_shared(status),
            Some(None) => return Ended::Untouched,
            Some(Some(state)) if !state.is_pending() => {
                state.head_sent = true;
                return Ended::of(state.told());
            }
            Some(Some(state)) => {
                let owner = state.owner().cloned();
                work = Work::default();
                state.take_all(&mut work);
                owner
            }
        };
        self.commit_alone(status, work, owner)
    }

    /// The end of a request whose handle nobody else has, as is usual once the handler has returned: nothing is locked,
    /// and nothing copied for those who read meanwhile.
    fn commit_alone(
        self: &mut Arc<Self>,
        status: StatusCode,
        mut work: Work,
        owner: Option<Arc<Owner>>,
    ) -> Ended {
        let attempted = self.attempt_now(status, &mut work);
        if let Attempted::Settled = attempted {
            return self.with(|state| {
                std::mem::swap(&mut state.base, &mut work.base);
                if work.outgoing != Outgoing::Nothing {
                    state.outgoing = work.outgoing;
                }
                if work.dropped {
                    return Ended::Done(Err(Error::of(ErrorKind::Gone)));
                }
                Ended::of(state.told())
            });
        }
        self.with(|state| {
            // Whether somebody is signed in is what the response depends on, whatever becomes of the commit.
            state.draft().owner = owner;
            state.turns.take();
        });
        let turn = Turn::taken(&**self);
        self.go_on(attempted, work, turn)
    }

    /// The end of a request whose handle others may have.
    fn end_shared(self: &Arc<Self>, status: StatusCode) -> Ended {
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
            None => Ended::Untouched,
            Some(Found::Nothing(told)) => Ended::of(told),
            Some(Found::Busy) => {
                let keep = self.lets_through(status);
                self.run_to_end(Arc::clone(self).commit_in_turn(keep))
            }
            Some(Found::Work) => {
                let turn = Turn::taken(&**self);
                let attempted = self.attempt_now(status, &mut work);
                self.go_on(attempted, work, turn)
            }
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

    /// Makes one attempt here and now, if the store is always ready.
    fn attempt_now(&self, status: StatusCode, work: &mut Work) -> Attempted {
        if let Err(error) = self.admit(self.lets_through(status), work) {
            return Attempted::Refused(error);
        }
        let mut commit = self.begin(work);
        let mut conflict = None;
        if self.shared.store.is_always_ready() {
            let attempt = pin!(commit.attempt(work));
            match attempt.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(Attempt::Settled)) => return Attempted::Settled,
                Poll::Ready(Ok(Attempt::Conflict(current))) => conflict = Some(current),
                Poll::Ready(Err(error)) => return Attempted::Refused(error),
                // It waits for the store and for nothing else.
                Poll::Pending => return Attempted::Refused(StoreError::not_ready().into()),
            }
        }
        Attempted::Unfinished(commit.plan, conflict)
    }

    /// Ends an attempt, or leaves the rest to a future.
    fn go_on(self: &Arc<Self>, attempted: Attempted, mut work: Work, turn: Turn<&Self>) -> Ended {
        let (plan, conflict) = match attempted {
            Attempted::Settled => return Ended::Done(self.settle(work, turn)),
            Attempted::Refused(error) => return Ended::Done(Err(error)),
            Attempted::Unfinished(plan, conflict) => (plan, conflict),
        };
        let (inner, turn) = (Arc::clone(self), turn.owned(self));
        self.run_to_end(async move {
            let mut commit = Commit {
                shared: &inner.shared,
                plan,
            };
            commit.run(&mut work, conflict).await?;
            inner.settle(work, turn).map(drop)
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
        commit.run(&mut work, None).await?;
        self.settle(work, turn).map(drop)
    }
}
