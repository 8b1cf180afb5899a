//! A client with one cookie, and a store that restarts.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(
    clippy::unwrap_used,
    reason = "the lint knows tests, but not what they call"
)]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use session::testing::{FakeClock, ModelStore};
use session::{
    Clock, Codec, CookieTransport, Op, ReadOutcome, Record, SessionId, SessionLayer, SessionStore,
};
use tower::ServiceExt;

/// What several applications share: store, clock and the browser's cookie.
pub(crate) struct Site {
    pub(crate) store: Arc<ModelStore>,
    pub(crate) clock: FakeClock,
    pub(crate) cookie: Option<String>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) new_cookie: bool,
    pub(crate) body: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            store: Arc::new(ModelStore::new()),
            clock: FakeClock::default(),
            cookie: None,
        }
    }

    pub(crate) fn layer(&self) -> SessionLayer {
        SessionLayer::builder(Arc::clone(&self.store))
            .cookie(CookieTransport::new().name("id").insecure())
            .clock(self.clock.clone())
            .gc_interval(None)
            .build()
            .unwrap()
    }

    /// One request as a browser makes it.
    pub(crate) async fn get(&mut self, app: &Router, uri: &str) -> Answer {
        self.send(app, "GET", uri).await
    }

    pub(crate) async fn send(&mut self, app: &Router, method: &str, uri: &str) -> Answer {
        let mut request = axum::http::Request::builder().method(method).uri(uri);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let set = header("set-cookie").map(|set| set.split(';').next().unwrap().to_owned());
        let new_cookie = set.is_some();
        if let Some(set) = set {
            self.cookie = (!set.ends_with('=')).then_some(set);
        }
        let (status, location) = (response.status().as_u16(), header("location"));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer {
            status,
            location,
            new_cookie,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn op(&self) -> Op {
        Op {
            now: self.clock.now(),
            grace: std::time::Duration::from_secs(10),
            max_skew: std::time::Duration::ZERO,
        }
    }

    pub(crate) async fn record(&self) -> (session::StoreKey, Arc<Record>) {
        let text = self.cookie.as_deref().unwrap().strip_prefix("id=").unwrap();
        let id = SessionId::parse(text.as_bytes()).unwrap();
        let key = id.store_key();
        match self.store.read(&self.op(), &key, None).await.unwrap() {
            ReadOutcome::Live(record) => (key, record),
            other => panic!("{other:?}"),
        }
    }

    /// The stored bytes of the session's data.
    pub(crate) async fn bytes(&self) -> Vec<u8> {
        let (key, record) = self.record().await;
        Codec::json()
            .encode(&key, &record.header, &record.data)
            .unwrap()
    }

    /// As if every process of the application had been replaced: what was a Rust value is bytes again.
    pub(crate) async fn restart(&self) {
        let (key, record) = self.record().await;
        let bytes = self.bytes().await;
        let mut header = record.header.clone();
        let data = Codec::json()
            .decode(&key, &mut header, bytes.into())
            .unwrap();
        header.version = header.version.next();
        let next = Arc::new(Record { header, data });
        let saved = self
            .store
            .save(&self.op(), &key, next, record.header.version)
            .await;
        saved.unwrap();
    }
}
