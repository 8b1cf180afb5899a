//! What the promises cost by hand: [`floor_ext`](super::floor_ext) that keeps them, for one struct and one store.
//!
//! Nothing is loaded before it is asked for. An id is stored as its hash. A record has a version, deadlines, and what
//! listings and revocations go by; it is shared with whoever reads it. Changes are repeated on what is actually stored,
//! by one commit that compares versions. A rotated id leaves a tombstone. Caches are told.

mod state;
mod store;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::{FromRequestParts, Path, Request};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::Subject;
use super::web::{Web, routes};
use crate::runner::in_thread;
use crate::scenario::{LOCALE, NO, NOTICE, Seed, TOKEN, USER, YES, large, said};
use state::{Change, Current};
use store::{Store, Value, get};

pub const SUBJECT: Subject = Subject {
    name: "floor-promises",
    what: "the same, by hand too, with this library's promises",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            Web(router().layer(PromisesLayer(Arc::default())))
        })
    }),
    sessions: true,
    by_default: true,
    engine: None,
};

#[derive(Clone)]
struct Handle(Arc<Current>);

impl Handle {
    fn number(&self, key: &str) -> Option<u64> {
        match get(self.0.state().data()?, key)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn set(&self, key: &'static str, value: Value) {
        self.0.state().change(Change::Set(key, value));
    }
}

impl<S: Sync> FromRequestParts<S> for Handle {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let handle = parts.extensions.get::<Self>().cloned();
        let handle = handle.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        handle.0.load(&parts.headers);
        Ok(handle)
    }
}

async fn untouched() -> &'static str {
    YES
}

async fn read(shop: Handle) -> &'static str {
    said(shop.number("user_id") == Some(USER))
}

async fn rmw(shop: Handle) -> &'static str {
    let update = |value: Option<&Value>| match value {
        Some(Value::Number(visits)) => Value::Number(visits + 1),
        _ => Value::Number(1),
    };
    let change = Change::Update("visits", Box::new(update));
    shop.0.state().change(change);
    YES
}

async fn new(shop: Handle) -> &'static str {
    shop.set("user_id", Value::Number(USER));
    YES
}

async fn set(shop: Handle) -> &'static str {
    let change = Change::Push("notice", rand::random(), NOTICE.into());
    shop.0.state().change(change);
    YES
}

async fn take(shop: Handle) -> &'static str {
    let mut state = shop.0.state();
    let Some(Value::Flash(all)) = state.data().and_then(|data| get(data, "notice")) else {
        return NO;
    };
    let there = all.last().is_some_and(|(_, text)| **text == *NOTICE);
    let ids = all.iter().map(|(id, _)| *id).collect();
    state.change(Change::Take("notice", ids));
    said(there)
}

async fn rotate(shop: Handle) -> &'static str {
    shop.0.state().rotate();
    YES
}

async fn seed(Path(name): Path<String>, shop: Handle) -> &'static str {
    let Some(seed) = Seed::named(&name) else {
        return NO;
    };
    shop.set("user_id", Value::Number(USER));
    if seed.person {
        shop.set("token", Value::Text(TOKEN.into()));
        shop.set("locale", Value::Text(LOCALE.into()));
        shop.set("visits", Value::Number(0));
    }
    for (key, value) in seed.keys() {
        shop.set(key.leak(), Value::Number(value));
    }
    if seed.large {
        shop.set("large", Value::Text(large().into()));
    }
    YES
}

async fn visits(shop: Handle) -> String {
    shop.number("visits").unwrap_or_default().to_string()
}

async fn whole(shop: Handle) -> String {
    let state = shop.0.state();
    let Some(data) = state.data() else {
        return super::named(0, 0);
    };
    let large = match get(data, "large") {
        Some(Value::Text(large)) => large.len(),
        _ => 0,
    };
    super::named(data.len(), large)
}

fn router() -> axum::Router {
    routes!(
        untouched, read, rmw, new, set, take, rotate, seed, visits, whole
    )
}

#[derive(Clone)]
struct PromisesLayer(Arc<Store>);

impl<S> Layer<S> for PromisesLayer {
    type Service = PromisesService<S>;

    fn layer(&self, inner: S) -> PromisesService<S> {
        PromisesService {
            inner,
            store: Arc::clone(&self.0),
        }
    }
}

#[derive(Clone)]
struct PromisesService<S> {
    inner: S,
    store: Arc<Store>,
}

impl<S: Service<Request, Response = Response>> Service<Request> for PromisesService<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = PromisesFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let handle = Handle(Arc::new(Current::new(Arc::clone(&self.store))));
        request.extensions_mut().insert(handle.clone());
        PromisesFuture {
            handle,
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    struct PromisesFuture<F> {
        handle: Handle,
        #[pin]
        inner: F,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for PromisesFuture<F> {
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(context))?;
        if !this.handle.0.finish(response.headers_mut()) {
            *response.status_mut() = StatusCode::CONFLICT;
        }
        Poll::Ready(Ok(response))
    }
}
