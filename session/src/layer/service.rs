//! The service and its future. Nothing is boxed while the session is untouched.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::response::finish;
use crate::commit::{Ended, RunToEnd};
use crate::events;
use crate::handle::{Inner, LazySession};
use crate::shared::Shared;

/// A service whose requests have a session. Made by [`SessionLayer`](crate::SessionLayer).
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> SessionService<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }

    /// The service that it is around.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service that it is around.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service that it was around.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: fmt::Debug> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let outer = request.extensions().get::<LazySession>();
        let nested = outer
            .is_some_and(|outer| outer.0.shared.transport.name() == self.shared.transport.name());
        let session = if nested {
            self.shared.report_nesting();
            None
        } else {
            // It needs no reference to itself, but so it is made where it stays: `Arc::new` copies what has no value yet.
            let inner = Arc::new_cyclic(|_| Inner::new(Arc::clone(&self.shared), true));
            let session = LazySession(inner);
            request.extensions_mut().insert(session.clone());
            Some(session.0)
        };
        ResponseFuture {
            session,
            step: Step::Calling {
                future: self.inner.call(request),
            },
        }
    }
}

pin_project! {
    /// The future of a [`SessionService`]: the inner service's, then the commit.
    pub struct ResponseFuture<F, B, E> {
        // `None`: a layer around this one looks after the session.
        session: Option<Arc<Inner>>,
        #[pin]
        step: Step<F, B, E>,
    }
}

pin_project! {
    #[project = StepProjection]
    enum Step<F, B, E> {
        Calling { #[pin] future: F },
        // Dropped while pending, the commit goes on without its client.
        Committing { commit: RunToEnd, response: Option<Result<Response<B>, E>> },
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default + 'static,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepProjection::Calling { future } => {
                    let response = future.poll(context);
                    let Some(session) = this.session else {
                        return response;
                    };
                    let Poll::Ready(response) = response else {
                        session.has_just_arrived.store(false, Ordering::Relaxed);
                        return Poll::Pending;
                    };
                    // An error of the inner service becomes a 5xx further out.
                    let status = response
                        .as_ref()
                        .map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
                    match session.end_request(status) {
                        Ended::Untouched => return Poll::Ready(response),
                        Ended::Done(told) => {
                            return Poll::Ready(response.map(|r| finish(session, told, r)));
                        }
                        Ended::Committing(commit) => {
                            let response = Some(response);
                            this.step.set(Step::Committing { commit, response });
                        }
                    }
                }
                StepProjection::Committing { commit, response } => {
                    let outcome = ready!(Pin::new(commit).poll(context));
                    let (Some(session), Some(response)) = (this.session, response.take()) else {
                        return Poll::Pending;
                    };
                    let told = outcome.map(|()| session.told());
                    return Poll::Ready(response.map(|r| finish(session, told, r)));
                }
            }
        }
    }
}

impl<F, B, E> fmt::Debug for ResponseFuture<F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

impl Shared {
    fn report_nesting(&self) {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(events::nested);
    }
}
