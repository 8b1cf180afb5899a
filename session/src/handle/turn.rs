//! Whose turn it is: loads and commits of one handle come one after another.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Notify;

use super::{Inner, State};

/// A place in [`State`], so that a turn costs no lock of its own.
#[derive(Default)]
pub(crate) struct Turns {
    taken: bool,
    /// Made by the first that has to wait: in one request they hardly ever meet.
    waiting: Option<Arc<Notify>>,
}

impl Turns {
    /// Takes the turn, if it is free.
    pub(crate) fn take(&mut self) -> bool {
        !std::mem::replace(&mut self.taken, true)
    }

    fn end(&mut self) {
        self.taken = false;
        if let Some(waiting) = &self.waiting {
            // Kept for one that is about to wait.
            waiting.notify_one();
        }
    }
}

/// The turn of one load or commit. Ends when it is dropped.
pub(crate) struct Turn<I: Deref<Target = Inner>>(Option<I>);

impl<I: Deref<Target = Inner>> Turn<I> {
    /// The turn that [`Turns::take`] gave.
    pub(crate) fn taken(inner: I) -> Self {
        Self(Some(inner))
    }

    /// Ends the turn where the state is locked already.
    pub(crate) fn end(mut self, state: &mut State) {
        self.0 = None;
        state.turns.end();
    }
}

impl Turn<&Inner> {
    /// The same turn, for a future that outlives the request.
    pub(crate) fn owned(mut self, inner: &Arc<Inner>) -> Turn<Arc<Inner>> {
        self.0 = None;
        Turn(Some(Arc::clone(inner)))
    }
}

impl<I: Deref<Target = Inner>> Drop for Turn<I> {
    fn drop(&mut self) {
        if let Some(inner) = self.0.take() {
            inner.with(|state| state.turns.end());
        }
    }
}

impl Inner {
    /// Waits for the turn.
    pub(crate) async fn turn(&self) -> Turn<&Self> {
        loop {
            let wait = self.with(|state| {
                let turns = &mut state.turns;
                (!turns.take()).then(|| Arc::clone(turns.waiting.get_or_insert_default()))
            });
            match wait {
                None => return Turn::taken(self),
                Some(wait) => Box::pin(wait.notified()).await,
            }
        }
    }
}
