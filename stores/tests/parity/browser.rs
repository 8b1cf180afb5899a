//! A browser in front of an application on some store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::{Request, StatusCode, header};
use axum::routing::{get, post};
use axum::{Extension, Router};
use session::testing::FakeClock;
use session::{
    Session, SessionId, SessionLayer, SessionLayerBuilder, SessionSchema, SessionStore,
    StoreHandle, Timestamp, Typed,
};
use tower::ServiceExt;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    n: u64,
    #[session(default)]
    list: Vec<u32>,
    #[session(flash)]
    notice: Option<String>,
}

fn routes() -> Router {
    Router::new()
        .route(
            "/set",
            post(async |s: Session| s.set("name", "flamego".to_owned())),
        )
        .route(
            "/get",
            get(async |s: Session| s.get::<String>("name").map(Option::unwrap_or_default)),
        )
        .route(
            "/count",
            post(async |a: Typed<Account>| a.update_n(|n| *n += 1)),
        )
        .route("/n", get(async |a: Typed<Account>| a.n().to_string()))
        .route(
            "/push/{n}",
            post(async |a: Typed<Account>, n: Path<u32>| a.update_list(move |l| l.push(n.0))),
        )
        .route(
            "/list",
            get(async |a: Typed<Account>| format!("{:?}", a.list())),
        )
        .route("/login", post(async |a: Typed<Account>| a.set_user_id(1)))
        .route(
            "/me",
            get(async |a: Typed<Account>| format!("{:?}", a.user_id())),
        )
        .route(
            "/leave",
            post(async |a: Typed<Account>| a.set_notice("left".to_owned())),
        )
        .route(
            "/notice",
            get(async |a: Typed<Account>| a.take_notice().unwrap_or_default()),
        )
        .route("/logout", post(async |s: Session| s.destroy()))
        .route("/rotate", post(async |s: Session| s.regenerate_id()))
        .route(
            "/destroy-by-id",
            post(async |s: Session, store: StoreHandle| match s.id() {
                Some(id) => store.destroy(&id).await,
                None => Ok(()),
            }),
        )
        .route(
            "/gc",
            get(async |store: StoreHandle| store.gc(100).await.map(|s| s.removed.to_string())),
        )
        .route(
            "/same",
            post(async |s: Session| {
                s.remove("never there")?;
                Ok::<_, session::Error>(s.has_changed().to_string())
            }),
        )
        .route(
            "/leaky",
            post(
                async |Extension(order): Extension<Arc<AtomicU32>>, a: Typed<Account>| {
                    a.set_n(77);
                    order.store(1, Ordering::SeqCst);
                    StatusCode::INTERNAL_SERVER_ERROR
                },
            ),
        )
        .layer(Extension(Arc::new(AtomicU32::new(0))))
}

/// Keeps the cookie that it was last sent.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) router: Router,
    pub(crate) layer: SessionLayer,
    clock: FakeClock,
    pub(crate) cookie: Option<String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    pub(crate) cookies: Vec<String>,
}

impl Browser {
    pub(crate) fn new(store: impl SessionStore) -> Self {
        Self::with(store, |builder| builder)
    }

    pub(crate) fn with(
        store: impl SessionStore,
        configure: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
    ) -> Self {
        let clock = FakeClock::new(Timestamp::from_millis(1_700_000_000_000));
        let builder = SessionLayer::builder(store)
            .clock(clock.clone())
            .gc_interval(None);
        let layer = configure(builder).build().unwrap();
        Self {
            router: routes().layer(layer.clone()),
            layer,
            clock,
            cookie: None,
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> String {
        self.send("GET", path).await.body
    }

    pub(crate) async fn post(&mut self, path: &str) -> Answer {
        self.send("POST", path).await
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let cookies: Vec<_> = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .collect();
        let cookies: Vec<_> = cookies
            .iter()
            .map(|c| c.to_str().unwrap().to_owned())
            .collect();
        for cookie in &cookies {
            let pair = cookie.split(';').next().unwrap().to_owned();
            self.cookie = (!cookie.contains("Max-Age=0")).then_some(pair);
        }
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer {
            status,
            cookies,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn id(&self) -> SessionId {
        let text = self.cookie.as_ref().unwrap().split_once('=').unwrap().1;
        SessionId::parse(text.as_bytes()).unwrap()
    }
}
