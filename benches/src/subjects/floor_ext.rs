//! The floor with its handle passed through the request's extensions, as a library has to pass it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::extract::{FromRequestParts, Request};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::Subject;
use super::floor::{Access, Current, Sessions, router};
use super::web::Web;
use crate::runner::in_thread;

pub const SUBJECT: Subject = Subject {
    name: "floor-ext",
    what: "the same, its handle in the request's extensions",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            Web(router::<Handle>().layer(ExtLayer(Arc::default())))
        })
    }),
    sessions: true,
    by_default: true,
    engine: None,
};

#[derive(Clone)]
struct Handle(Arc<Mutex<Current>>);

impl<S: Sync> FromRequestParts<S> for Handle {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let handle = parts.extensions.get::<Self>().cloned();
        handle.ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl Access for Handle {
    fn current<R>(&self, look: impl FnOnce(&mut Current) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Clone)]
struct ExtLayer(Arc<Sessions>);

impl<S> Layer<S> for ExtLayer {
    type Service = ExtService<S>;

    fn layer(&self, inner: S) -> ExtService<S> {
        ExtService {
            inner,
            sessions: Arc::clone(&self.0),
        }
    }
}

#[derive(Clone)]
struct ExtService<S> {
    inner: S,
    sessions: Arc<Sessions>,
}

impl<S: Service<Request, Response = Response>> Service<Request> for ExtService<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = ExtFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let current = Current::of(Arc::clone(&self.sessions), request.headers());
        let handle = Handle(Arc::new(Mutex::new(current)));
        request.extensions_mut().insert(handle.clone());
        ExtFuture {
            handle,
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    struct ExtFuture<F> {
        handle: Handle,
        #[pin]
        inner: F,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for ExtFuture<F> {
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(context))?;
        this.handle
            .current(|current| current.finish(response.headers_mut()));
        Poll::Ready(Ok(response))
    }
}
