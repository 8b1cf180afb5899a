//! What could not be stored when it was to be: it is kept and tried again, or told, and never just gone.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::testing::{Fault, Verb};
use session::{OnStoreError, Session, StoreErrorKind};
use tokio::sync::Notify;

use crate::support::{App, Browser};

async fn add(session: Session) -> Result<(), session::Error> {
    session.set("cart", 1u64)?;
    session.update("n", |n: &mut Option<u64>| *n = Some(n.unwrap_or(0) + 1))
}

async fn read(session: Session) -> String {
    format!(
        "{:?} {:?}",
        session.get::<u64>("n").ok().flatten(),
        session.get::<u64>("cart").unwrap()
    )
}

#[tokio::test]
async fn changes_that_do_not_apply_to_what_was_reloaded_are_told_at_the_end() {
    let other: Arc<OnceLock<Browser>> = Arc::default();
    let beside = Arc::clone(&other);
    let routes = Router::new()
        .route("/add", post(add))
        .route("/read", get(read))
        .route(
            "/text",
            post(async |s: Session| s.set("n", "a text".to_owned())),
        )
        .route(
            "/reload",
            post(async move |session: Session| {
                add(session.clone()).await?;
                let other = beside.get().unwrap();
                assert!(other.peek(Request::post("/text")).await.status.is_success());
                assert!(session.reload().await.is_err());
                // It reads what is stored.
                let stored = session.get::<String>("n").ok().flatten();
                assert_eq!(stored.as_deref(), Some("a text"));
                Ok::<_, session::Error>(())
            }),
        );
    let app = App::new(routes);
    let mut browser = app.browser();
    browser.post("/add").await;
    other.set(browser.clone()).ok().unwrap();
    let answer = browser.post("/reload").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.get("/read").await.body, "None Some(1)");
}

#[tokio::test]
async fn a_commit_without_a_session_that_could_be_loaded_is_told_at_the_end_too() {
    let routes = Router::new().route("/add", post(add)).route(
        "/commit",
        post(async |session: Session| {
            add(session.clone()).await?;
            assert!(session.commit().await.is_err());
            Ok::<_, session::Error>(())
        }),
    );
    let app = App::with(routes, |b| b.on_store_error(OnStoreError::Anonymous));
    let mut browser = app.browser();
    browser.post("/add").await;
    let down = Fault::Fail(StoreErrorKind::Unavailable);
    app.store.get_ref().inject(Verb::Read, 1, down);
    let answer = browser.post("/commit").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_session_that_was_ended_while_they_failed_go_with_it() {
    let routes = Router::new()
        .route("/read", get(read))
        .route("/add", post(add))
        .route(
            "/out",
            post(async |session: Session| {
                add(session.clone()).await?;
                let (commit, ()) = tokio::join!(session.commit(), async {
                    tokio::task::yield_now().await;
                    session.destroy();
                });
                assert!(commit.is_err());
                Ok::<_, session::Error>(())
            }),
        );
    let app = App::new(routes);
    let mut browser = app.browser();
    browser.post("/add").await;
    let before = browser.clone();
    app.store.get_ref().inject(Verb::Save, 1, Fault::Hang);
    let answer = browser.post("/out").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(browser.cookie.is_none(), "{:?}", answer.set_cookies());
    assert_eq!(before.peek(Request::get("/read")).await.body, "None None");
}

/// A task goes on with the handle of a request that was refused.
#[tokio::test]
async fn what_was_refused_is_not_in_the_way_of_who_goes_on() {
    let done = Arc::new(Notify::new());
    let told = Arc::clone(&done);
    let routes = Router::new()
        .route("/add", post(add))
        .route("/read", get(read))
        .route(
            "/large",
            post(async move |session: Session| {
                session.set("large", "x".repeat(100_000))?;
                let (task, told) = (session.clone(), Arc::clone(&told));
                tokio::spawn(async move {
                    // Once the request has ended.
                    told.notified().await;
                    assert!(!task.contains("large"));
                    task.set("n", 7u64).unwrap();
                    task.commit().await.unwrap();
                    told.notify_one();
                });
                Ok::<_, session::Error>(())
            }),
        );
    let app = App::new(routes);
    let mut browser = app.browser();
    browser.post("/add").await;
    let answer = browser.post("/large").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    done.notify_one();
    tokio::task::yield_now().await;
    tokio::time::timeout(std::time::Duration::from_secs(10), done.notified())
        .await
        .unwrap();
    assert_eq!(browser.get("/read").await.body, "Some(7) Some(1)");
}
