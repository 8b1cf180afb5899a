//! The store fails, hangs, or loses an answer.

use super::*;

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
