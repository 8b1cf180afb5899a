//! What happens when the store fails, the handler fails, or the client goes away.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::testing::{Counts, Fault, Verb};
use session::{
    ErrorKind, OnStoreError, Session, SessionSchema, StoreErrorKind, Typed, TypedRejection,
};
use support::App;
use tower::ServiceExt;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    n: u64,
    #[session(flash)]
    notice: Option<String>,
}

#[derive(SessionSchema)]
struct SignedIn {
    #[session(owner)]
    user_id: u64,
}

const FAILED: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

fn routes() -> Router {
    Router::new()
        .route(
            "/read",
            get(async |a: Typed<Account>| format!("{:?} {}", a.user_id(), a.n())),
        )
        .route(
            "/write",
            post(async |a: Typed<Account>| a.update_n(|n| *n += 1)),
        )
        .route("/login", post(async |a: Typed<Account>| a.set_user_id(1)))
        .route("/logout", post(async |s: Session| s.destroy()))
        .route("/rotate", post(async |s: Session| s.regenerate_id()))
        .route(
            "/fail/write",
            post(async |a: Typed<Account>| {
                a.set_n(99);
                FAILED
            }),
        )
        .route(
            "/fail/login",
            post(async |a: Typed<Account>| {
                a.set_user_id(1);
                FAILED
            }),
        )
        .route(
            "/fail/logout",
            post(async |s: Session| {
                s.destroy();
                FAILED
            }),
        )
        .route(
            "/fail/clear",
            post(async |a: Typed<Account>| {
                a.clear_user_id();
                a.set_n(99);
                FAILED
            }),
        )
        .route(
            "/fail/rotate",
            post(async |a: Typed<Account>| {
                a.set_n(99);
                a.session().regenerate_id();
                FAILED
            }),
        )
        .route(
            "/fail/commit",
            post(async |a: Typed<Account>| {
                a.set_n(5);
                a.session().commit().await?;
                a.set_n(99);
                Ok::<_, session::Error>(FAILED)
            }),
        )
        .route(
            "/notice",
            get(async |a: Typed<Account>| a.take_notice().unwrap_or_default()),
        )
        .route(
            "/leave",
            post(async |a: Typed<Account>| a.set_notice("left".to_owned())),
        )
        .route(
            "/me",
            get(async |me: Typed<SignedIn>| me.user_id().to_string()),
        )
        .route(
            "/large",
            post(async |s: Session| s.set("large", "x".repeat(10 << 20))),
        )
        .route(
            "/odd",
            post(async |s: Session| {
                s.set("n", 7u64)?;
                s.set("odd", std::collections::BTreeMap::from([((1u8, 2u8), 3u8)]))
            }),
        )
        .route(
            "/result",
            get(
                async |me: Result<Typed<SignedIn>, TypedRejection>| match me {
                    Ok(_) => "in".to_owned(),
                    Err(rejection) => format!("{} {}", rejection.status(), rejection),
                },
            ),
        )
}

async fn signed_in(app: &App) -> support::Browser {
    let mut browser = app.browser();
    browser.post("/login").await;
    browser.post("/write").await;
    app.calls();
    browser
}

const DOWN: Fault = Fault::Fail(StoreErrorKind::Unavailable);

#[tokio::test]
async fn a_server_error_saves_no_data_but_what_makes_safer() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    let answer = browser.post("/fail/write").await;
    assert_eq!((answer.status, app.calls()), (FAILED, 1));
    assert_eq!(browser.get("/read").await.body, "Some(1) 1");
    // An explicit rotation holds, its data change does not.
    let before = browser.cookie.clone();
    browser.post("/fail/rotate").await;
    assert_ne!(browser.cookie, before);
    assert_eq!(browser.get("/read").await.body, "Some(1) 1");
    // What was committed explicitly stays.
    browser.post("/fail/commit").await;
    assert_eq!(browser.get("/read").await.body, "Some(1) 5");
    // The owner is cleared, with a new id and without the data change.
    let before = browser.cookie.clone();
    browser.post("/fail/clear").await;
    assert_ne!(browser.cookie, before);
    assert_eq!(browser.get("/read").await.body, "None 0");
    // A sign-in under a server error is none.
    let before = browser.cookie.clone();
    browser.post("/fail/login").await;
    assert_eq!(browser.cookie, before);
    assert_eq!(browser.get("/read").await.body, "None 0");
}

#[tokio::test]
async fn t27_logout_holds_under_a_server_error() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    let before = browser.clone();
    let answer = browser.post("/fail/logout").await;
    assert_eq!((answer.status, browser.cookie), (FAILED, None));
    assert_eq!(before.peek(Request::get("/read")).await.body, "None 0");
}

#[tokio::test]
async fn t27_a_failed_logout_says_so_and_can_be_tried_again() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    app.store.get_ref().always(Verb::Destroy, DOWN);
    let answer = browser.post("/logout").await;
    assert_eq!(
        (answer.status, answer.set_cookies().len()),
        (StatusCode::SERVICE_UNAVAILABLE, 0)
    );
    app.store.get_ref().heal();
    assert_eq!(browser.get("/me").await.body, "1");
    assert_eq!(browser.post("/logout").await.status, StatusCode::OK);
    assert_eq!(browser.get("/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn save_on_server_error_keeps_all() {
    let app = App::with(routes(), |b| b.save_on_server_error(true));
    let mut browser = signed_in(&app).await;
    browser.post("/fail/write").await;
    assert_eq!(browser.get("/read").await.body, "Some(1) 99");
}

#[tokio::test]
async fn t52_i5_a_store_error_is_never_no_session() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    app.store.get_ref().always(None, DOWN);
    for path in ["/read", "/me", "/notice"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.error.unwrap().kind(), ErrorKind::Store);
        assert_eq!(answer.headers.get("set-cookie"), None);
    }
    assert!(
        browser
            .get("/result")
            .await
            .body
            .starts_with("503 `Typed<SignedIn>`")
    );
    // One load a request, also when it fails.
    app.calls();
    browser.get("/result").await;
    assert_eq!(app.calls(), 1);
    app.store.get_ref().heal();
    assert_eq!(browser.get("/read").await.body, "Some(1) 1");
    assert!(browser.cookie.is_some());
}

#[tokio::test]
async fn s22_anonymous_runs_without_a_session_and_changes_nothing() {
    let app = App::with(routes(), |b| b.on_store_error(OnStoreError::Anonymous));
    let mut browser = signed_in(&app).await;
    app.store.get_ref().always(None, DOWN);
    let answer = browser.get("/read").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::OK, "None 0")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    for answer in [
        browser.get("/me").await,
        browser.post("/write").await,
        browser.post("/logout").await,
    ] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.set_cookies().is_empty());
    }
    app.store.get_ref().heal();
    assert_eq!(browser.get("/read").await.body, "Some(1) 1");
}

#[tokio::test]
async fn a_failed_save_is_503_and_keeps_the_old_state() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    for verb in [Verb::Save, Verb::Rotate] {
        app.store.get_ref().always(verb, DOWN);
        let path = if verb == Verb::Save {
            "/write"
        } else {
            "/rotate"
        };
        let answer = browser.post(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.set_cookies().is_empty());
        app.store.get_ref().heal();
        assert_eq!(browser.get("/read").await.body, "Some(1) 1");
    }
}

#[tokio::test]
async fn s11_a_lost_answer_is_not_a_lost_change_and_not_a_doubled_one() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    for (verb, path) in [
        (Verb::Save, "/write"),
        (Verb::Rotate, "/rotate"),
        (Verb::Rotate, "/login"),
    ] {
        app.store.get_ref().inject(verb, 1, Fault::LoseAnswer);
        assert_eq!(browser.post(path).await.status, StatusCode::OK);
    }
    assert_eq!(browser.get("/read").await.body, "Some(1) 2");
    let mut fresh = app.browser();
    app.store
        .get_ref()
        .inject(Verb::Create, 1, Fault::LoseAnswer);
    assert_eq!(fresh.post("/write").await.status, StatusCode::OK);
    assert_eq!(fresh.get("/read").await.body, "None 1");
    // A driver that repeats on its own: the second save meets a conflict that shows its own commit.
    for fault in [Fault::Repeat, Fault::Echo] {
        app.store.get_ref().inject(Verb::Save, 1, fault);
        assert_eq!(fresh.post("/write").await.status, StatusCode::OK);
    }
    assert_eq!(fresh.get("/read").await.body, "None 3");
}

#[tokio::test(start_paused = true)]
async fn t51_a_store_that_never_answers_is_503_within_the_deadline() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    for fault in [Fault::Hang, Fault::HangAfter] {
        app.store.get_ref().inject(Verb::Read, 1, fault);
        let start = tokio::time::Instant::now();
        assert_eq!(
            browser.get("/read").await.status,
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert!(
            start.elapsed() <= Duration::from_millis(2_010),
            "{:?}",
            start.elapsed()
        );
        app.store.get_ref().inject(Verb::Save, 1, Fault::Hang);
        let start = tokio::time::Instant::now();
        let answer = browser.post("/write").await;
        assert!(answer.error.unwrap().is_outcome_unknown());
        assert!(
            start.elapsed() <= Duration::from_millis(2_010),
            "{:?}",
            start.elapsed()
        );
    }
}

#[tokio::test]
async fn t59_too_large_and_not_encodable_are_found_before_any_store_call() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    let answer = browser.post("/large").await;
    assert_eq!(
        (answer.status, answer.error.unwrap().kind()),
        (FAILED, ErrorKind::TooLarge)
    );
    let answer = browser.post("/odd").await;
    let error = answer.error.unwrap();
    assert_eq!(
        (answer.status, error.kind(), error.key()),
        (FAILED, ErrorKind::Encode, Some("odd"))
    );
    assert_eq!(
        app.store.counts(),
        Counts {
            read: 2,
            ..Counts::default()
        }
    );
    assert_eq!(browser.get("/read").await.body, "Some(1) 1");
}

/// Where the store's own limit is below the layer's cap, it is told as the cap is: 500, and the old state stands.
#[tokio::test]
async fn t59_what_the_store_does_not_take_is_too_large() {
    let app = App::new(routes());
    let mut browser = signed_in(&app).await;
    for (path, verb) in [("/write", Verb::Save), ("/rotate", Verb::Rotate)] {
        let refused = Fault::Fail(StoreErrorKind::TooLarge);
        app.store.get_ref().inject(verb, 1, refused);
        let answer = browser.post(path).await;
        let error = answer.error.unwrap();
        assert_eq!(
            (answer.status, error.kind(), error.is_outcome_unknown()),
            (FAILED, ErrorKind::TooLarge, false)
        );
        assert_eq!(browser.get("/read").await.body, "Some(1) 1");
    }
}

#[tokio::test]
async fn the_error_hooks_are_told_and_may_fill_the_response() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let app = App::with(routes(), |b| {
        b.on_error(move |error| listener.lock().unwrap().push(error.kind()))
            .on_error_response(
                |error: &session::Error, response: &mut http::Response<Body>| {
                    *response.body_mut() = Body::from(format!("sorry: {error}"));
                },
            )
    });
    let mut browser = signed_in(&app).await;
    app.store.get_ref().always(Verb::Save, DOWN);
    let answer = browser.post("/write").await;
    assert_eq!(answer.body, "sorry: the session store is unavailable");
    assert_eq!(*told.lock().unwrap(), [ErrorKind::Store]);
    // Extractors' and handlers' own errors, too.
    app.store.get_ref().always(Verb::Read, DOWN);
    let answer = browser.get("/read").await;
    assert_eq!(answer.body, "sorry: the session store is unavailable");
    assert_eq!(*told.lock().unwrap(), [ErrorKind::Store; 2]);
}

/// P09: a client that goes away while the handler runs leaves nothing behind, one that goes away after it has
/// returned does not stop the commit.
#[tokio::test(start_paused = true)]
async fn p09_d16_the_commit_runs_to_its_end_without_the_client() {
    let slow = Router::new().route(
        "/slow",
        post(async |a: Typed<Account>| {
            a.set_n(50);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }),
    );
    let app = App::new(routes().merge(slow));
    let mut browser = signed_in(&app).await;
    let request = |path: &str| {
        let cookie = browser.cookie.clone().unwrap();
        Request::post(path)
            .header("cookie", cookie)
            .body(Body::empty())
            .unwrap()
    };
    // Cancelled inside the handler.
    let call = app.router.clone().oneshot(request("/slow"));
    assert!(
        tokio::time::timeout(Duration::from_millis(500), call)
            .await
            .is_err()
    );
    app.layer.drain().await;
    // Cancelled while the store works.
    app.store
        .get_ref()
        .inject(Verb::Save, 1, Fault::Delay(Duration::from_secs(1)));
    let call = app.router.clone().oneshot(request("/write"));
    assert!(
        tokio::time::timeout(Duration::from_millis(500), call)
            .await
            .is_err()
    );
    app.layer.drain().await;
    assert_eq!(browser.get("/read").await.body, "Some(1) 2");
}

#[tokio::test]
async fn a_panic_in_the_handler_leaves_nothing() {
    let app = App::new(routes().route(
        "/panic",
        post(async |a: Typed<Account>| {
            a.set_n(99);
            assert!(a.n() < 99, "on purpose");
        }),
    ));
    let mut browser = signed_in(&app).await;
    let request = Request::post("/panic").header("cookie", browser.cookie.clone().unwrap());
    let call = app
        .router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap());
    assert!(tokio::spawn(call).await.unwrap_err().is_panic());
    assert_eq!(browser.get("/read").await.body, "Some(1) 1");
}

#[tokio::test]
async fn s9_head_and_prefetch_take_no_flash_but_keep_the_rest() {
    let app = App::new(routes().route(
        "/both",
        get(async |a: Typed<Account>| {
            a.update_n(|n| *n += 1);
            a.take_notice().unwrap_or_default()
        }),
    ));
    let mut browser = signed_in(&app).await;
    browser.post("/leave").await;
    browser.send(Request::head("/both")).await;
    for purpose in ["prefetch", "prefetch;prerender"] {
        let request = Request::get("/both").header("sec-purpose", purpose);
        assert_eq!(browser.send(request).await.body, "left");
    }
    assert_eq!(browser.get("/read").await.body, "Some(1) 4");
    assert_eq!(browser.get("/both").await.body, "left");
    assert_eq!(browser.get("/both").await.body, "");
    assert_eq!(browser.get("/read").await.body, "Some(1) 6");
}

#[tokio::test]
async fn d19_after_the_head_changes_wait_for_a_commit_that_needs_no_new_id() {
    let kept: Arc<Mutex<Option<Session>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let app = App::new(routes().route(
        "/socket",
        get(async move |session: Session| {
            *keeper.lock().unwrap() = Some(session);
        }),
    ));
    let mut browser = signed_in(&app).await;
    browser.get("/socket").await;
    let session = kept.lock().unwrap().take().unwrap();
    let account = session.typed::<Account>().unwrap();
    account.update_n(|n| *n += 10);
    assert!(session.has_changed());
    assert_eq!(browser.get("/read").await.body, "Some(1) 1");
    session.commit().await.unwrap();
    assert!(!session.has_changed());
    assert_eq!(browser.get("/read").await.body, "Some(1) 11");
    // Others' changes arrive with `reload`, and one's own survive it.
    browser.post("/write").await;
    account.update_n(|n| *n += 100);
    session.reload().await.unwrap();
    assert_eq!(account.n(), 112);
    session.commit().await.unwrap();
    session.touch().await.unwrap();
    session.regenerate_id();
    assert_eq!(
        session.commit().await.unwrap_err().kind(),
        ErrorKind::HeadSent
    );
    assert_eq!(browser.get("/read").await.body, "Some(1) 112");
    // `destroy` needs no new id.
    session.destroy();
    session.commit().await.unwrap();
    assert_eq!(browser.get("/read").await.body, "None 0");

    browser.cookie = None;
    browser.get("/socket").await;
    let session = kept.lock().unwrap().take().unwrap();
    session.set("n", 1u64).unwrap();
    assert_eq!(
        session.commit().await.unwrap_err().kind(),
        ErrorKind::HeadSent
    );
}
