//! A browser in the shape of a cookie jar, and an application around it.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(unreachable_pub)]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use session::testing::{CountingStore, FakeClock, FaultStore, ModelStore};
use session::{SessionLayer, SessionLayerBuilder, Timestamp};
use tower::ServiceExt;

pub type Store = CountingStore<FaultStore<Arc<ModelStore>>>;

/// An application with everything that a test wants to turn.
pub struct App {
    pub store: Arc<Store>,
    /// The store inside, past faults and counts.
    pub model: Arc<ModelStore>,
    pub clock: FakeClock,
    pub layer: SessionLayer,
    pub router: Router,
}

impl App {
    pub fn new(routes: Router) -> Self {
        Self::with(routes, |builder| builder)
    }

    pub fn with(
        routes: Router,
        configure: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
    ) -> Self {
        let model = Arc::new(ModelStore::new());
        let store = Arc::new(CountingStore::new(FaultStore::new(Arc::clone(&model))));
        let clock = FakeClock::new(Timestamp::from_millis(1_700_000_000_000));
        let builder = SessionLayer::builder(Arc::clone(&store))
            .clock(clock.clone())
            .gc_interval(None);
        let layer = configure(builder).build().unwrap();
        let router = routes.layer(layer.clone());
        Self {
            store,
            model,
            clock,
            layer,
            router,
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::of(self.router.clone())
    }

    pub fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The calls that reached the store since the last look.
    pub fn calls(&self) -> u64 {
        let calls = self.store.counts().total();
        self.store.reset();
        calls
    }
}

/// Keeps the session cookie as a browser does.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookie: Option<String>,
    last: Option<String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: String,
    pub error: Option<session::Error>,
}

impl Answer {
    pub fn set_cookies(&self) -> Vec<&str> {
        let all = self.headers.get_all(header::SET_COOKIE).iter();
        all.map(|value| value.to_str().unwrap()).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Browser {
    pub fn of(router: Router) -> Self {
        Self {
            router,
            cookie: None,
            last: None,
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path)).await
    }

    pub async fn post(&mut self, path: &str) -> Answer {
        self.send(Request::post(path)).await
    }

    /// Sends a request with the cookie and keeps what comes back.
    pub async fn send(&mut self, request: http::request::Builder) -> Answer {
        let answer = self.peek(request).await;
        self.keep(&answer);
        answer
    }

    /// Sends a request with the cookie, and leaves the jar alone.
    pub async fn peek(&self, mut request: http::request::Builder) -> Answer {
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::empty()).unwrap();
        answer(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Does with an answer what a browser does when it arrives.
    pub fn keep(&mut self, answer: &Answer) {
        for cookie in answer.set_cookies() {
            let pair = cookie.split("; ").next().unwrap();
            self.last = self.cookie.take();
            self.cookie = (!cookie.contains("Max-Age=0")).then(|| pair.to_owned());
        }
    }
}

pub async fn answer(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        error: parts.extensions.get::<session::Error>().cloned(),
    }
}
