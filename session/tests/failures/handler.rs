//! The handler fails or panics, and what is committed all the same.

use super::*;

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
