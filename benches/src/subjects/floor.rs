//! The floor: a typed session over a sharded map by hand. No expiry, no hash of the id, no configuration, no events.
//!
//! The handle reaches the handler through a thread-local that the future fills for each poll: nothing is allocated.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::Subject;
use super::web::{Web, routes};
use crate::runner::in_thread;
use crate::scenario::{LOCALE, NO, NOTICE, Seed, TOKEN, USER, YES, large, said};

pub const SUBJECT: Subject = Subject {
    name: "floor",
    what: "a typed session by hand, no features",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            Web(router::<Scoped>().layer(FloorLayer(Arc::default())))
        })
    }),
    sessions: true,
    by_default: true,
    engine: None,
};

const SHARDS: usize = 256;

#[derive(Default)]
pub struct Shop {
    user_id: Option<u64>,
    token: Option<String>,
    locale: Option<String>,
    visits: Option<u64>,
    notice: Option<String>,
    more: Vec<(String, u64)>,
    large: String,
}

type Id = [u8; 32];

/// Ids are random: the first eight bytes are the hash.
#[derive(Default)]
pub struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }
    fn write_usize(&mut self, _: usize) {}
    fn finish(&self) -> u64 {
        self.0
    }
}

type Shard = HashMap<Id, Arc<Mutex<Shop>>, BuildHasherDefault<FirstBytes>>;

pub struct Sessions(Box<[Mutex<Shard>]>);

impl Default for Sessions {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl Sessions {
    fn shard(&self, id: &Id) -> std::sync::MutexGuard<'_, Shard> {
        let shard = &self.0[usize::from(id[31]) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session of a request.
pub struct Current {
    sessions: Arc<Sessions>,
    id: Option<Id>,
    issued: bool,
}

impl Current {
    pub fn of(sessions: Arc<Sessions>, headers: &HeaderMap) -> Self {
        let id = headers.get(header::COOKIE).and_then(find);
        Self {
            sessions,
            id,
            issued: false,
        }
    }

    /// What `look` makes of the session, if there is one.
    pub fn with<R>(&self, look: impl FnOnce(&mut Shop) -> R) -> Option<R> {
        let id = self.id.as_ref()?;
        let shop = Arc::clone(self.sessions.shard(id).get(id)?);
        let mut shop = shop.lock().unwrap_or_else(PoisonError::into_inner);
        Some(look(&mut shop))
    }

    fn put(&mut self, shop: Arc<Mutex<Shop>>) {
        let id: Id = rand::random();
        self.sessions.shard(&id).insert(id, shop);
        self.id = Some(id);
        self.issued = true;
    }

    pub fn create(&mut self, shop: Shop) {
        self.put(Arc::new(Mutex::new(shop)));
    }

    pub fn rotate(&mut self) {
        let id = self.id.take();
        if let Some(shop) = id.and_then(|id| self.sessions.shard(&id).remove(&id)) {
            self.put(shop);
        }
    }

    pub fn finish(&self, headers: &mut HeaderMap) {
        const REST: &str = "; Path=/; HttpOnly; Secure; SameSite=Lax";
        if let (Some(id), true) = (&self.id, self.issued) {
            let mut cookie = [0; 3 + 43 + REST.len()];
            cookie[..3].copy_from_slice(b"id=");
            let _ = URL_SAFE_NO_PAD.encode_slice(id, &mut cookie[3..46]);
            cookie[46..].copy_from_slice(REST.as_bytes());
            if let Ok(cookie) = HeaderValue::from_bytes(&cookie) {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
    }
}

fn find(cookies: &HeaderValue) -> Option<Id> {
    let mut pairs = cookies.as_bytes().split(|byte| *byte == b';');
    let text = pairs.find_map(|pair| pair.trim_ascii_start().strip_prefix(b"id="))?;
    let mut id = [0; 32];
    (text.len() == 43 && URL_SAFE_NO_PAD.decode_slice(text, &mut id) == Ok(32)).then_some(id)
}

/// How a handler comes by its [`Current`].
pub trait Access: FromRequestParts<()> + Send + 'static {
    fn current<R>(&self, look: impl FnOnce(&mut Current) -> R) -> R;
}

async fn untouched() -> &'static str {
    YES
}

async fn read<A: Access>(access: A) -> &'static str {
    said(access.current(|current| current.with(|shop| shop.user_id == Some(USER))) == Some(true))
}

async fn rmw<A: Access>(access: A) -> &'static str {
    let done = access.current(|current| {
        current.with(|shop| shop.visits = Some(shop.visits.unwrap_or_default() + 1))
    });
    said(done.is_some())
}

async fn new<A: Access>(access: A) -> &'static str {
    access.current(|current| {
        current.create(Shop {
            user_id: Some(USER),
            ..Shop::default()
        })
    });
    YES
}

async fn set<A: Access>(access: A) -> &'static str {
    let done = access.current(|current| current.with(|shop| shop.notice = Some(NOTICE.into())));
    said(done.is_some())
}

async fn take<A: Access>(access: A) -> &'static str {
    let taken = access
        .current(|current| current.with(|shop| shop.notice.take()))
        .flatten();
    said(taken.as_deref() == Some(NOTICE))
}

async fn rotate<A: Access>(access: A) -> &'static str {
    access.current(Current::rotate);
    YES
}

async fn seed<A: Access>(Path(name): Path<String>, access: A) -> &'static str {
    let Some(seed) = Seed::named(&name) else {
        return NO;
    };
    let shop = Shop {
        user_id: Some(USER),
        token: seed.person.then(|| TOKEN.into()),
        locale: seed.person.then(|| LOCALE.into()),
        visits: seed.person.then_some(0),
        notice: None,
        more: seed.keys().collect(),
        large: if seed.large { large() } else { String::new() },
    };
    access.current(|current| current.create(shop));
    YES
}

async fn visits<A: Access>(access: A) -> String {
    let visits = access
        .current(|current| current.with(|shop| shop.visits))
        .flatten();
    visits.unwrap_or_default().to_string()
}

async fn whole<A: Access>(access: A) -> String {
    let counted = access.current(|current| {
        current.with(|shop| {
            let fields = [
                shop.user_id.is_some(),
                shop.token.is_some(),
                shop.locale.is_some(),
                shop.visits.is_some(),
                !shop.large.is_empty(),
            ];
            let keys = fields.into_iter().filter(|there| *there).count() + shop.more.len();
            super::named(keys, shop.large.len())
        })
    });
    counted.unwrap_or_default()
}

pub fn router<A: Access>() -> Router {
    routes!(
        untouched,
        read::<A>,
        rmw::<A>,
        new::<A>,
        set::<A>,
        take::<A>,
        rotate::<A>,
        seed::<A>,
        visits::<A>,
        whole::<A>
    )
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// The extractor: there is nothing in it.
pub struct Scoped;

impl FromRequestParts<()> for Scoped {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, (): &()) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

impl Access for Scoped {
    fn current<R>(&self, look: impl FnOnce(&mut Current) -> R) -> R {
        CURRENT.with_borrow_mut(|current| look(current.as_mut().expect("within the layer")))
    }
}

#[derive(Clone)]
struct FloorLayer(Arc<Sessions>);

impl<S> Layer<S> for FloorLayer {
    type Service = FloorService<S>;

    fn layer(&self, inner: S) -> FloorService<S> {
        FloorService {
            inner,
            sessions: Arc::clone(&self.0),
        }
    }
}

#[derive(Clone)]
struct FloorService<S> {
    inner: S,
    sessions: Arc<Sessions>,
}

impl<S: Service<Request, Response = Response>> Service<Request> for FloorService<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = FloorFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let current = Some(Current::of(Arc::clone(&self.sessions), request.headers()));
        FloorFuture {
            current,
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    struct FloorFuture<F> {
        current: Option<Current>,
        #[pin]
        inner: F,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for FloorFuture<F> {
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        CURRENT.set(this.current.take());
        let polled = this.inner.poll(context);
        *this.current = CURRENT.take();
        let mut response = ready!(polled)?;
        if let Some(current) = this.current {
            current.finish(response.headers_mut());
        }
        Poll::Ready(Ok(response))
    }
}
