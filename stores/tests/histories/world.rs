//! An application, the browsers that use it, and the history of what they asked and were told.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use session::{
    ErrorKind, LazySession, SessionLayer, SessionSchema, SessionStore, StoreHandle, Typed,
};
use tower::ServiceExt;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user: Option<u64>,
    /// The writes that were stored, by number.
    #[session(default)]
    ops: Vec<u64>,
}

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    /// Writes its number into the session.
    Push,
    Read,
    Rotate,
    /// Signs in, and writes its number.
    SignIn(u64),
    SignOut,
    /// Signs a user out everywhere.
    Revoke(u64),
    /// Signs out all other sessions of its own user.
    Others,
}

/// A request's answer, as far as its browser can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Done,
    /// Nothing was changed: 409, or a conflict until the deadline.
    Refused,
    /// It may have been done all the same, now or later: the answer was lost, or not waited for.
    Unknown,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Nothing,
    Removal,
    Id(String),
}

/// One request and its answer. Times are in nanoseconds, of a clock that all processes share.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) browser: u64,
    pub(crate) act: Act,
    /// The number of the request: nobody else has it.
    pub(crate) op: u64,
    pub(crate) sent: Option<String>,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// When the handler began, where it said so: the layer had stamped the request by then.
    pub(crate) entered: u64,
    pub(crate) outcome: Outcome,
    pub(crate) told: Told,
    pub(crate) body: String,
}

/// The cookie of one browser, which all its tabs share; as a file, those in other processes too.
pub(crate) enum Jar {
    Memory(Mutex<Option<String>>),
    File(PathBuf),
}

impl Jar {
    pub(crate) fn holding(id: Option<String>) -> Self {
        Self::Memory(Mutex::new(id))
    }

    pub(crate) fn get(&self) -> Option<String> {
        match self {
            Self::Memory(id) => id.lock().unwrap().clone(),
            Self::File(path) => std::fs::read_to_string(path)
                .ok()
                .filter(|id| !id.is_empty()),
        }
    }

    /// Does with an answer what a browser does when it arrives.
    pub(crate) fn keep(&self, told: &Told) {
        let id = match told {
            Told::Nothing => return,
            Told::Removal => None,
            Told::Id(id) => Some(id.clone()),
        };
        match self {
            Self::Memory(jar) => *jar.lock().unwrap() = id,
            Self::File(path) => {
                let new = path.with_extension(format!("{:x}", now()));
                std::fs::write(&new, id.unwrap_or_default()).unwrap();
                std::fs::rename(&new, path).unwrap();
            }
        }
    }
}

/// `SplitMix64`: small, and good enough to pick acts.
#[derive(Clone)]
pub(crate) struct Prng(pub(crate) u64);

impl Prng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    since.as_nanos().try_into().unwrap()
}

/// A layer whose grace outlasts every history, and which sweeps beside them.
pub(crate) fn layer(store: impl SessionStore) -> SessionLayer {
    SessionLayer::builder(store)
        .deadline(Duration::from_secs(20))
        .grace(Duration::from_secs(120))
        .gc_interval(Duration::from_millis(20))
        .build()
        .unwrap()
}

pub(crate) fn app(layer: &SessionLayer) -> Router {
    Router::new().route("/", post(perform)).layer(layer.clone())
}

async fn perform(
    Extension((act, op)): Extension<(Act, u64)>,
    lazy: LazySession,
    store: StoreHandle,
) -> Result<String, Response> {
    let entered = now();
    let body = perform_act(act, op, lazy, store).await?;
    Ok(format!("{entered};{body}"))
}

async fn perform_act(
    act: Act,
    op: u64,
    lazy: LazySession,
    store: StoreHandle,
) -> Result<String, Response> {
    let failed = session::Error::into_response;
    match act {
        Act::SignOut if op.is_multiple_of(2) => {
            lazy.destroy();
            return Ok(String::new());
        }
        Act::Revoke(user) => {
            store.destroy_all_of(&user).await.map_err(failed)?;
            return Ok(String::new());
        }
        _ => {}
    }
    let session = lazy.load().await.map_err(IntoResponse::into_response)?;
    let account: Typed<Account> = session.typed().map_err(IntoResponse::into_response)?;
    // Lets others go first between load and commit.
    for _ in 0..op % 7 {
        tokio::task::yield_now().await;
    }
    let mut body = String::new();
    match act {
        Act::Push => account.update_ops(move |ops| ops.push(op)),
        Act::Read if session.id().is_none() => body.push_str("gone"),
        Act::Read => {
            let user = account.user().map_or_else(String::new, |u| u.to_string());
            let ops: Vec<String> = account.ops().iter().map(u64::to_string).collect();
            let _ = write!(body, "live:{user}:{}", ops.join(","));
        }
        Act::Rotate => session.regenerate_id(),
        Act::SignIn(user) => {
            account.set_user(user);
            account.update_ops(move |ops| ops.push(op));
        }
        Act::Others if account.user().is_none() => body.push_str("nobody"),
        Act::Others => drop(session.destroy_others().await.map_err(failed)?),
        Act::SignOut | Act::Revoke(_) => session.destroy(),
    }
    Ok(body)
}

/// A request on its way.
pub(crate) struct Sent(Event);

impl Sent {
    pub(crate) fn new(browser: u64, act: Act, op: u64, sent: Option<String>) -> Self {
        Self(Event {
            browser,
            act,
            op,
            sent,
            start: now(),
            end: 0,
            entered: 0,
            outcome: Outcome::Unknown,
            told: Told::Nothing,
            body: String::new(),
        })
    }

    /// The answer, when it comes.
    pub(crate) fn answer(&self, app: &Router) -> impl Future<Output = Response> + Send + use<> {
        let mut request = Request::post("/").extension((self.0.act, self.0.op));
        if let Some(id) = &self.0.sent {
            request = request.header(header::COOKIE, format!("a=b; __Host-id={id}; c=d"));
        }
        let request = request.body(Body::empty()).unwrap();
        let app = app.clone();
        async move { app.oneshot(request).await.unwrap() }
    }

    pub(crate) async fn end(mut self, response: Option<Response>) -> Event {
        self.0.end = now();
        let Some(response) = response else {
            return self.0;
        };
        let mut cookies = response.headers().get_all(header::SET_COOKIE).iter();
        if let Some(cookie) = cookies.next() {
            let (pair, rest) = cookie.to_str().unwrap().split_once("; ").unwrap();
            let id = pair.strip_prefix("__Host-id=").unwrap();
            self.0.told = if rest.contains("Max-Age=0") {
                Told::Removal
            } else {
                Told::Id(id.to_owned())
            };
        }
        assert!(cookies.next().is_none(), "two cookies for {:?}", self.0);
        let error = response.extensions().get::<session::Error>().cloned();
        self.0.outcome = match (response.status(), &error) {
            (StatusCode::OK, None) => Outcome::Done,
            (StatusCode::CONFLICT, Some(_)) => Outcome::Refused,
            (StatusCode::SERVICE_UNAVAILABLE, Some(e)) if e.is_outcome_unknown() => {
                Outcome::Unknown
            }
            (StatusCode::SERVICE_UNAVAILABLE, Some(e)) if e.kind() == ErrorKind::Conflict => {
                Outcome::Refused
            }
            (status, error) => panic!("{status} {error:?} for {:?}", self.0),
        };
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        let body = String::from_utf8(body.unwrap().to_vec()).unwrap();
        if let Some((entered, body)) = body.split_once(';') {
            self.0.entered = entered.parse().unwrap();
            self.0.body = body.to_owned();
        }
        self.0
    }
}

/// Sends a request with what is in the jar, and keeps what comes back.
pub(crate) async fn send(app: &Router, browser: u64, act: Act, op: u64, jar: &Jar) -> Event {
    let sent = Sent::new(browser, act, op, jar.get());
    let answer = sent.answer(app).await;
    let event = sent.end(Some(answer)).await;
    jar.keep(&event.told);
    event
}

/// Reads the session of each id that anybody was told.
pub(crate) async fn read_all(app: &Router, history: &mut Vec<Event>) {
    let told = history.iter().filter_map(|event| match &event.told {
        Told::Id(id) => Some((event.browser, id.clone())),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    for (n, (browser, id)) in told.into_iter().enumerate() {
        let op = (1 << 60) + n as u64;
        let event = send(app, browser, Act::Read, op, &Jar::holding(Some(id))).await;
        history.push(event);
    }
}
