//! typed-session on its memory store: one struct, which is the whole session.
//!
//! Its layer is any tower service's; its extractors are axum 0.7's, so the handlers take its handle themselves.

use std::convert::Infallible;

use axum::error_handling::HandleErrorLayer;
use axum::extract::Path;
use axum::{Extension, Router};
use http::StatusCode;
use tower::ServiceBuilder;
use typed_session::{MemoryStore, NoLogger};
use typed_session_axum::{SessionHandle, SessionLayer, SessionLayerError};

use super::Subject;
use super::web::{Web, routes};
use crate::runner::in_thread;
use crate::scenario::{LOCALE, NO, NOTICE, Seed, TOKEN, USER, YES, large, said};

pub const SUBJECT: Subject = Subject {
    name: "typed-session",
    what: "typed-session-axum 0.3, MemoryStore, one struct",
    build: Some(|runtime| in_thread(runtime, async || Web(router()))),
    sessions: true,
    by_default: true,
    engine: None,
};

#[derive(Clone, Debug, Default)]
struct Shop {
    user_id: Option<u64>,
    token: Option<String>,
    locale: Option<String>,
    visits: Option<u64>,
    notice: Option<String>,
    more: Vec<(String, u64)>,
    large: String,
}

type Handle = Extension<SessionHandle<Shop>>;

async fn untouched() -> &'static str {
    YES
}

async fn read(Extension(session): Handle) -> &'static str {
    said(session.read().await.data().user_id == Some(USER))
}

async fn rmw(Extension(session): Handle) -> &'static str {
    *session
        .write()
        .await
        .data_mut()
        .visits
        .get_or_insert_default() += 1;
    YES
}

async fn new(Extension(session): Handle) -> &'static str {
    session.write().await.data_mut().user_id = Some(USER);
    YES
}

async fn set(Extension(session): Handle) -> &'static str {
    session.write().await.data_mut().notice = Some(NOTICE.into());
    YES
}

async fn take(Extension(session): Handle) -> &'static str {
    let notice = session.write().await.data_mut().notice.take();
    said(notice.as_deref() == Some(NOTICE))
}

async fn rotate(Extension(session): Handle) -> &'static str {
    session.write().await.regenerate();
    YES
}

async fn seed(Path(name): Path<String>, Extension(session): Handle) -> &'static str {
    let Some(seed) = Seed::named(&name) else {
        return NO;
    };
    *session.write().await.data_mut() = Shop {
        user_id: Some(USER),
        token: seed.person.then(|| TOKEN.into()),
        locale: seed.person.then(|| LOCALE.into()),
        visits: seed.person.then_some(0),
        notice: None,
        more: seed.keys().collect(),
        large: if seed.large { large() } else { String::new() },
    };
    YES
}

async fn visits(Extension(session): Handle) -> String {
    session
        .read()
        .await
        .data()
        .visits
        .unwrap_or_default()
        .to_string()
}

async fn whole(Extension(session): Handle) -> String {
    let session = session.read().await;
    let shop = session.data();
    let fields = [
        shop.user_id.is_some(),
        shop.token.is_some(),
        shop.locale.is_some(),
        shop.visits.is_some(),
        !shop.large.is_empty(),
    ];
    let keys = fields.into_iter().filter(|there| *there).count() + shop.more.len();
    super::named(keys, shop.large.len())
}

async fn failed(_: SessionLayerError<Infallible, Infallible>) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

fn router() -> Router {
    let store = MemoryStore::<Shop, NoLogger>::new();
    let routes = routes!(
        untouched, read, rmw, new, set, take, rotate, seed, visits, whole
    );
    routes.layer(
        ServiceBuilder::new()
            .layer(Extension(store))
            .layer(HandleErrorLayer::new(failed))
            .layer(SessionLayer::<Shop, MemoryStore<Shop, NoLogger>>::new()),
    )
}
