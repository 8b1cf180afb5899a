//! What requests meet while the engine stands still.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use session::SessionStore;
use tower::ServiceExt;

use crate::world::{Act, Jar, app, layer, send};

const WITHIN: Duration = Duration::from_millis(500);

/// T51, T52: while the engine stands still, whoever asks for a session is told 503 in time and nothing else, and whoever
/// does not is answered at once; when it goes on, everybody is who they were.
async fn signs_nobody_out(store: impl SessionStore, pause: impl Fn(), resume: impl Fn()) {
    let app = app(&layer(store)).route("/untouched", get(|| async { "at once" }));
    let jar = Jar::holding(None);
    send(&app, 1, Act::SignIn(7), 1, &jar).await;
    let id = jar.get().unwrap();
    let request = |act: Act| {
        let request = Request::post("/").header("cookie", format!("__Host-id={id}"));
        request.extension((act, 2u64)).body(Body::empty()).unwrap()
    };
    pause();
    for act in [Act::Read, Act::Push, Act::SignIn(8), Act::SignOut] {
        let start = Instant::now();
        let answer = app.clone().oneshot(request(act)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{act:?}");
        // Not even who asked to be signed out is told that it was done.
        assert!(!answer.headers().contains_key("set-cookie"), "{act:?}");
        assert!(start.elapsed() < Duration::from_secs(10), "{act:?}");
    }
    let untouched = Request::get("/untouched").body(Body::empty()).unwrap();
    let start = Instant::now();
    let answer = app.clone().oneshot(untouched).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(start.elapsed() < WITHIN);
    resume();
    let start = Instant::now();
    let read = loop {
        let answer = app.clone().oneshot(request(Act::Read)).await.unwrap();
        if answer.status() == StatusCode::OK {
            let body = axum::body::to_bytes(answer.into_body(), 1_000).await;
            break String::from_utf8(body.unwrap().to_vec()).unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(30), "not back");
    };
    // Nothing that began with a read was done; the sign-out was done or not.
    let known = [";live:7:1", ";gone"];
    assert!(known.iter().any(|known| read.ends_with(known)), "{read}");
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread")]
async fn t51_t52_redis() {
    use crate::redis_server::{Server, available};
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let builder = session_stores::redis::RedisStore::builder().response_timeout(WITHIN);
    let store = builder.connect(server.url()).await.unwrap();
    signs_nobody_out(store, || server.pause(), || server.resume()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn t51_t52_postgres() {
    use crate::postgres_server::{Server, available};
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let builder = session_stores::postgres::PostgresStore::builder().response_timeout(WITHIN);
    let store = builder.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    signs_nobody_out(store, || server.pause(), || server.resume()).await;
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn t51_t52_mysql() {
    use crate::mysql_server::{Server, available};
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let builder = session_stores::mysql::MysqlStore::builder().response_timeout(WITHIN);
    let store = builder.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    signs_nobody_out(store, || server.pause(), || server.resume()).await;
}
