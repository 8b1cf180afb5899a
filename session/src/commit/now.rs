//! The end of a request: where the store is always ready the commit is made on the spot, without a box for its future.

use std::future::Future;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::StatusCode;

use super::decide::Keep;
use super::run::{Attempt, Commit, Plan};
use super::to_end::RunToEnd;
use super::work::Start;
use crate::changes::Changes;
use crate::error::{Error, ErrorKind};
use crate::handle::{Inner, Outgoing, Request, State, Told, Turn, Work};
use crate::record::Record;
use crate::store::StoreError;

/// How a request ends for its session.
pub(crate) enum Ended {
    /// Nobody asked for the session.
    Untouched,
    /// What there is to tell the client, or why the commit was refused.
    Done(Result<Option<Told>, Error>),
    Committing(RunToEnd),
}

/// What one attempt comes to where it is made.
enum Attempted {
    Settled,
    Refused(Error),
    /// Not made, or in conflict with this, which the store holds by now. A future goes on with the plan.
    Unfinished(Plan, Option<Arc<Record>>),
}

/// What a future goes on with.
struct Rest {
    work: Work,
    plan: Plan,
    conflict: Option<Arc<Record>>,
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
        let Some((request, state)) = self.alone() else {
            return self.end_shared(status);
        };
        let Some(state) = state else {
            return Ended::Untouched;
        };
        if !state.is_pending() {
            state.head_sent = true;
            return Ended::of(state.told());
        }
        match request.commit_alone(status, state) {
            Ok(ended) => ended,
            Err(rest) => self.go_on(*rest, Turn::taken(&**self)),
        }
    }

    /// The end of a request whose handle others may have.
    fn end_shared(self: &Arc<Self>, status: StatusCode) -> Ended {
        let mut taken = None;
        let nothing = self.peek(|state| {
            if !state.is_pending() {
                state.head_sent = true;
                return Some(Ended::of(state.told()));
            }
            if state.turns.take() {
                taken = Some((state.start(true), state.take_work()));
            }
            None
        });
        match nothing {
            None => return Ended::Untouched,
            Some(Some(ended)) => return ended,
            Some(None) => {}
        }
        let Some((start, mut work)) = taken else {
            // Another commit of this handle is under way.
            let keep = self.request().lets_through(status);
            return self.run_to_end(Arc::clone(self).commit_in_turn(keep));
        };
        let turn = Turn::taken(&**self);
        match self.request().attempt_now(start, status, &mut work) {
            Attempted::Settled => Ended::Done(self.settle(work, turn)),
            Attempted::Refused(error) => {
                self.give_up(work, turn);
                Ended::Done(Err(error))
            }
            Attempted::Unfinished(plan, conflict) => {
                let rest = Rest {
                    work,
                    plan,
                    conflict,
                };
                self.go_on(rest, turn)
            }
        }
    }

    fn run_to_end(
        self: &Arc<Self>,
        commit: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Ended {
        Ended::Committing(RunToEnd::new(Arc::clone(&self.shared), commit))
    }

    /// Leaves the rest to a future.
    fn go_on(self: &Arc<Self>, rest: Rest, turn: Turn<&Self>) -> Ended {
        let Rest {
            mut work,
            plan,
            conflict,
        } = rest;
        let (inner, turn) = (Arc::clone(self), turn.owned(self));
        self.run_to_end(async move {
            let mut commit = Commit {
                shared: &inner.shared,
                plan,
            };
            let outcome = commit.run(&mut work, conflict).await;
            inner.end_commit(outcome, work, turn)
        })
    }

    /// Waits for its turn first.
    async fn commit_in_turn(self: Arc<Self>, keep: Keep) -> Result<(), Error> {
        let turn = self.turn().await;
        let Some((mut work, start)) = self.take_pending(true) else {
            return Ok(());
        };
        let mut commit = match self.request().begin(start, keep, &mut work) {
            Ok(commit) => commit,
            Err(error) => return self.end_commit(Err(error), work, turn),
        };
        let outcome = commit.run(&mut work, None).await;
        self.end_commit(outcome, work, turn)
    }

    fn end_commit<I: Deref<Target = Self>>(
        &self,
        outcome: Result<(), Error>,
        work: Work,
        turn: Turn<I>,
    ) -> Result<(), Error> {
        match outcome {
            Ok(()) => self.settle(work, turn).map(drop),
            Err(error) => {
                self.give_up(work, turn);
                Err(error)
            }
        }
    }
}

impl Request<'_> {
    /// The end of a request whose handle nobody else has, as is usual once the handler has returned: nothing is locked,
    /// what is to be stored stays in the handle, and nothing is copied for those who read meanwhile.
    fn commit_alone(self, status: StatusCode, state: &mut State) -> Result<Ended, Box<Rest>> {
        let was_owned = state.owner().is_some();
        let start = state.start(true);
        // What an earlier commit made known stands, unless this one has more to say.
        let outgoing = std::mem::take(&mut state.work.outgoing);
        let outcome = match self.attempt_now(start, status, &mut state.work) {
            Attempted::Settled if state.work.dropped => Err(Error::of(ErrorKind::Gone)),
            Attempted::Settled => Ok(()),
            Attempted::Refused(error) => {
                state.was_owned = was_owned;
                Err(error)
            }
            Attempted::Unfinished(plan, conflict) => {
                state.was_owned = was_owned;
                state.turns.take();
                let work = std::mem::take(&mut state.work);
                state.work.segment = work.segment;
                state.work.outgoing = outgoing;
                return Err(Box::new(Rest {
                    work,
                    plan,
                    conflict,
                }));
            }
        };
        let work = &mut state.work;
        (work.changes, work.draft, work.removal) = (Changes::default(), None, false);
        if work.outgoing == Outgoing::Nothing {
            work.outgoing = outgoing;
        }
        Ok(match outcome {
            Ok(()) => Ended::of(state.told()),
            Err(error) => Ended::Done(Err(error)),
        })
    }

    fn lets_through(self, status: StatusCode) -> Keep {
        let presented = self.presented.get();
        let keeps_flashes = presented.is_some_and(|presented| presented.keeps_flashes);
        Keep::of(status, keeps_flashes, &self.shared.config)
    }

    /// Makes one attempt here and now, if the store is always ready.
    fn attempt_now(self, start: Start, status: StatusCode, work: &mut Work) -> Attempted {
        let mut commit = match self.begin(start, self.lets_through(status), work) {
            Ok(commit) => commit,
            Err(error) => return Attempted::Refused(error),
        };
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
}
