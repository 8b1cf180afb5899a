//! One client of one handler, for tests of applications.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Request, Response, header};
use tower_layer::Layer;
use tower_service::Service;

use super::{FakeClock, ModelStore};
use crate::changes::{Change, Place};
use crate::data::{Data, SessionValue};
use crate::error::Error;
use crate::handle::Session;
use crate::id::{OwnerKey, SessionId, StoreKey};
use crate::layer::SessionLayer;
use crate::record::Record;
use crate::store::{Op, ReadOutcome, SessionStore};
use crate::time::Clock;

/// How the default cookie begins.
const COOKIE: &str = "__Host-id=";

/// A client with a session, for a test of one handler or of a conversation.
///
/// Requests pass through a real [`SessionLayer`] with a [`ModelStore`] of its own and a clock that stands still. The
/// client keeps its cookie as a browser does, so a second [`run`](Self::run) is its next request.
///
/// ```
/// # #[cfg(feature = "derive")] mod of_derive {
/// use session::testing::TestSession;
/// use session::{Session, SessionSchema, Typed};
///
/// #[derive(SessionSchema)]
/// struct Account {
///     #[session(owner)]
///     user_id: Option<u64>,
///     #[session(default)]
///     visits: u64,
/// }
///
/// async fn sign_in(session: Session) -> Result<(), Box<dyn std::error::Error>> {
///     let account: Typed<Account> = session.typed()?;
///     account.set_user_id(7);
///     account.update_visits(|visits| *visits += 1);
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = TestSession::with(|session| {
///     session.typed::<Account>().unwrap().set_visits(4);
/// }).await;
///
/// let did = client.run(sign_in).await;
/// assert!(did.output.is_ok());
/// assert!(did.is_rotated && did.is_owned_by(&7));
/// assert_eq!(did.get::<u64>("visits"), Some(5));
///
/// let did = client.run(async |session: Session| session.destroy()).await;
/// assert!(did.is_destroyed && did.data().is_empty());
/// assert!(did.set_cookie.unwrap().contains("Max-Age=0"));
/// # Ok(())
/// # }
/// # }
/// # #[cfg(feature = "derive")] of_derive::main().unwrap();
/// ```
pub struct TestSession {
    layer: SessionLayer,
    store: Arc<ModelStore>,
    clock: FakeClock,
    /// What the client sends: `name=value`.
    cookie: Option<String>,
}

/// What a handler did to the session of its client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestOutcome<T> {
    /// What the handler returned.
    pub output: T,
    /// There is a session that was not there before.
    pub is_created: bool,
    /// The session has moved to a new id.
    pub is_rotated: bool,
    /// The session of before is dead, and has not moved on.
    pub is_destroyed: bool,
    /// What the client was told.
    pub set_cookie: Option<String>,
    /// Why the commit failed, or what else the response says of the session.
    pub error: Option<Error>,
    after: Option<Arc<Record>>,
}

impl<T> TestOutcome<T> {
    /// The data that is stored now; empty where there is no session.
    #[must_use]
    pub fn data(&self) -> Data {
        let after = self.after.as_ref();
        after.map_or_else(Data::new, |record| record.data.clone())
    }

    /// The value that is stored at `key` now.
    ///
    /// # Panics
    ///
    /// It is of another type.
    #[must_use]
    #[track_caller]
    pub fn get<V: SessionValue>(&self, key: &str) -> Option<V> {
        self.data()
            .get(key)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Whether somebody is signed in now, and it is this one.
    #[must_use]
    pub fn is_owned_by<O: fmt::Display + ?Sized>(&self, owner: &O) -> bool {
        self.record()
            .and_then(|record| record.header.owner.as_ref())
            .is_some_and(|found| found.key == OwnerKey::of(owner))
    }

    /// The record that is stored now.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.after.as_deref()
    }
}

impl TestSession {
    /// A client that has no session yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it is made for one test")]
    pub fn new() -> Self {
        let (store, clock) = (Arc::new(ModelStore::new()), FakeClock::default());
        let builder = SessionLayer::builder(Arc::clone(&store))
            .clock(clock.clone())
            .gc_interval(None);
        Self {
            layer: builder.build().expect("the defaults are valid"),
            store,
            clock,
            cookie: None,
        }
    }

    /// A client whose session was made by these changes.
    pub async fn with(change: impl FnOnce(&Session)) -> Self {
        let mut client = Self::new();
        let made = client.run(async |session: Session| change(&session)).await;
        if let Some(error) = made.error {
            panic!("the session to begin with: {error}");
        }
        client
    }

    /// A client whose session holds this data. Nobody is signed in, whatever it says.
    pub async fn with_data(data: Data) -> Self {
        let put = |session: &Session| {
            for entry in data.entries() {
                session.0.record(Change::Set {
                    place: Place::dynamic(entry.key.as_str()),
                    slot: entry.slot.clone(),
                });
            }
        };
        Self::with(put).await
    }

    /// The layer, to sign somebody out behind the client's back, say.
    #[must_use]
    pub fn layer(&self) -> &SessionLayer {
        &self.layer
    }

    /// The clock of the layer.
    #[must_use]
    pub fn clock(&self) -> &FakeClock {
        &self.clock
    }

    /// Runs a handler as a request that is answered with 200.
    ///
    /// # Panics
    ///
    /// The handler does.
    pub async fn run<T>(&mut self, handler: impl AsyncFnOnce(Session) -> T) -> TestOutcome<T> {
        let mut output = None;
        let slot = &mut output;
        let answer = |request: Request<()>| -> Answer<'_> {
            Box::pin(async move {
                let (parts, ()) = request.into_parts();
                let session = Session::from_parts(&parts).await;
                *slot = Some(handler(session.expect("the model never fails")).await);
                Ok(Response::new(()))
            })
        };
        let service = Once(Some(Box::new(answer)));
        let did = self.call(service, Request::new(())).await;
        TestOutcome {
            output: output.expect("the handler was called"),
            is_created: did.is_created,
            is_rotated: did.is_rotated,
            is_destroyed: did.is_destroyed,
            set_cookie: did.set_cookie,
            error: did.error,
            after: did.after,
        }
    }

    /// Sends a request to a service, say a router without its own layer; the output is the response.
    ///
    /// # Panics
    ///
    /// The service fails.
    pub async fn call<S, B, R>(
        &mut self,
        service: S,
        request: Request<B>,
    ) -> TestOutcome<Response<R>>
    where
        S: Service<Request<B>, Response = Response<R>>,
        S::Error: fmt::Debug,
        R: Default + 'static,
    {
        let mut request = request;
        if let Some(cookie) = &self.cookie {
            let cookie = HeaderValue::from_str(cookie).expect("it came in a header");
            request.headers_mut().append(header::COOKIE, cookie);
        }
        let mut service = self.layer.layer(service);
        let ready = poll_fn(|context| service.poll_ready(context)).await;
        ready.expect("the service is ready");
        let before = self.key();
        let lived = self.record(before).await.is_some();
        let response = service.call(request).await.expect("the service answers");

        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let mut ours = cookies
            .filter_map(|cookie| cookie.to_str().ok())
            .filter(|cookie| cookie.starts_with(COOKIE));
        let set_cookie = ours.next().map(str::to_owned);
        if let Some(cookie) = &set_cookie {
            let pair = cookie.split(';').next().unwrap_or_default();
            self.cookie = (pair != COOKIE).then(|| pair.to_owned());
        }
        let now = self.key();
        let after = self.record(now).await;
        let mut end = before;
        while let Some(ReadOutcome::Gone {
            successor: Some(key),
        }) = self.read(end).await
        {
            end = Some(key);
        }
        let is_new = after.is_some() && before != now;
        let is_rotated = lived && is_new && end == now;
        TestOutcome {
            is_created: is_new && !is_rotated,
            is_rotated,
            is_destroyed: lived && !is_rotated && self.record(before).await.is_none(),
            set_cookie,
            error: response.extensions().get::<Error>().cloned(),
            after,
            output: response,
        }
    }

    fn key(&self) -> Option<StoreKey> {
        let id = self.cookie.as_ref()?.strip_prefix(COOKIE)?;
        SessionId::parse(id.as_bytes()).map(|id| id.store_key())
    }

    async fn read(&self, key: Option<StoreKey>) -> Option<ReadOutcome> {
        let op = Op {
            now: self.clock.now(),
            grace: Duration::ZERO,
            max_skew: Duration::ZERO,
        };
        self.store.read(&op, &key?, None).await.ok()
    }

    async fn record(&self, key: Option<StoreKey>) -> Option<Arc<Record>> {
        match self.read(key).await {
            Some(ReadOutcome::Live(record)) => Some(record),
            _ => None,
        }
    }
}

impl fmt::Debug for TestSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSession")
            .field("has_cookie", &self.cookie.is_some())
            .finish_non_exhaustive()
    }
}

type Answer<'h> = Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + 'h>>;

/// A service for one request.
struct Once<'h>(Option<Box<dyn FnOnce(Request<()>) -> Answer<'h> + 'h>>);

impl<'h> Service<Request<()>> for Once<'h> {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Answer<'h>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Answer<'h> {
        self.0.take().expect("there is one request")(request)
    }
}
