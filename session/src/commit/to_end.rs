//! A commit that has begun runs to its end, whatever becomes of the one who waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::error::Error;
use crate::shared::Shared;

type Commit = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A commit. Polled by whoever waits for it; handed to the runtime if that one is dropped meanwhile.
pub(crate) struct RunToEnd {
    commit: Option<Commit>,
    shared: Arc<Shared>,
}

impl RunToEnd {
    pub(crate) fn new(
        shared: Arc<Shared>,
        commit: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Self {
        Self {
            commit: Some(Box::pin(commit)),
            shared,
        }
    }
}

impl Future for RunToEnd {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(commit) = &mut self.commit else {
            return Poll::Pending;
        };
        let outcome = std::task::ready!(commit.as_mut().poll(context));
        self.commit = None;
        Poll::Ready(outcome)
    }
}

impl Drop for RunToEnd {
    fn drop(&mut self) {
        let Some(commit) = self.commit.take() else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        let guard = Running::begin(Arc::clone(&shared));
        runtime.spawn(async move {
            let _running = guard;
            if let Err(error) = commit.await {
                shared.report(&error);
            }
        });
    }
}

/// Counts a commit that goes on without its client, also if the runtime drops it.
struct Running(Arc<Shared>);

impl Running {
    fn begin(shared: Arc<Shared>) -> Self {
        shared.handed_off.begin();
        Self(shared)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.handed_off.end();
    }
}
