//! Ids: how they travel, rotate and die, and what is never adopted.

use super::*;

#[tokio::test]
async fn p01_p03_the_cookie_is_exact_and_names_the_session() {
    let app = app();
    let mut browser = app.browser();
    let answer = browser.post("/write").await;
    let [cookie] = answer.set_cookies()[..] else {
        panic!("{answer:?}")
    };
    let text = id(cookie).to_owned();
    assert_eq!(
        cookie,
        format!("__Host-id={text}; HttpOnly; SameSite=Lax; Secure; Path=/")
    );
    for _ in 0..2 {
        assert_eq!(browser.get("/id").await.body, text);
    }
}

#[tokio::test]
async fn p04_d02_rotation_keeps_data_and_kills_the_old_id() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/write").await;
    let old = browser.clone();
    let answer = browser.post("/rotate").await;
    assert_eq!(answer.set_cookies().len(), 1);
    assert_ne!(browser.cookie, old.cookie);
    assert_eq!(browser.get("/read").await.body, "1");
    // T12: the old id replayed is anonymous, gets no cookie, and cannot write.
    let late = old.peek(Request::get("/read")).await;
    assert_eq!((late.body.as_str(), late.set_cookies().len()), ("0", 0));
    let late = old.peek(Request::post("/write")).await;
    assert_eq!(
        (late.status, late.set_cookies().len()),
        (StatusCode::CONFLICT, 0)
    );
    assert_eq!(late.error.unwrap().kind(), session::ErrorKind::Gone);
    app.wait(11);
    assert_eq!(browser.get("/read").await.body, "1");
}

#[tokio::test]
async fn p05_p06_p07_the_id_may_travel_in_a_header() {
    let header = http::HeaderName::from_static("session-id");
    let app = App::with(routes(), |b| b.transport(HeaderTransport::new(header)));
    let browser = app.browser();
    let answer = browser.peek(Request::post("/write")).await;
    let id = answer.header("session-id").unwrap().to_owned();
    assert!(answer.set_cookies().is_empty());
    assert_eq!(answer.header("vary"), Some("session-id"));
    let again = browser
        .peek(Request::get("/id").header("session-id", &id))
        .await;
    assert_eq!(again.body, id);
    assert_eq!(again.header("session-id"), None);
    let out = browser
        .peek(Request::post("/logout").header("session-id", &id))
        .await;
    assert_eq!(out.header("session-id"), Some(""));
}

#[tokio::test]
async fn t09_d01_an_id_that_lives_not_is_never_adopted() {
    let app = app();
    let foreign = session::SessionId::generate().unwrap();
    let forged = format!("__Host-id={}", foreign.expose_secret().as_str());
    let mut victims = vec![forged];
    // After expiry, after destroy, after rotation.
    for end in ["expiry", "/logout", "/rotate"] {
        let mut browser = app.browser();
        browser.post("/write").await;
        victims.push(browser.cookie.clone().unwrap());
        if end == "expiry" {
            app.wait(2 * 3600);
        } else {
            browser.post(end).await;
        }
    }
    app.wait(11); // beyond the grace of tombstones
    for cookie in victims {
        let mut browser = app.browser();
        browser.cookie = Some(cookie.clone());
        let answer = browser.post("/write").await;
        assert_eq!(
            (answer.status, answer.set_cookies().len()),
            (StatusCode::OK, 1)
        );
        assert_ne!(browser.cookie.as_ref(), Some(&cookie));
        assert_eq!(browser.get("/read").await.body, "1");
        let text = cookie.split_once('=').unwrap().1;
        let id = session::SessionId::parse(text.as_bytes()).unwrap();
        assert!(!app.layer.store().exists(&id).await.unwrap());
    }
}

#[tokio::test]
async fn t10_an_id_elsewhere_is_nothing() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/write").await;
    let id = browser.cookie.take().unwrap();
    let text = id.split_once('=').unwrap().1.to_owned();
    let answer = browser
        .peek(
            Request::get(format!("/read?__Host-id={text}"))
                .header("session-id", &text)
                .header("authorization", format!("Bearer {text}")),
        )
        .await;
    assert_eq!(answer.body, "0");
}

#[tokio::test]
async fn s12_what_follows_destroy_goes_to_a_new_session() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/login/1").await;
    let before = browser.clone();
    let answer = browser.post("/farewell").await;
    assert_eq!(answer.set_cookies().len(), 1, "{answer:?}");
    assert_ne!(browser.cookie, before.cookie);
    assert_eq!(browser.get("/state").await.body, "None 0  None");
    assert_eq!(browser.get("/notices").await.body, "signed out");
    assert_eq!(
        before.peek(Request::get("/state")).await.body,
        "None 0  None"
    );
}

#[tokio::test]
async fn d05_d06_logout_kills_and_removes() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/login/1").await;
    let before = browser.clone();
    let answer = browser.post("/logout").await;
    let [cookie] = answer.set_cookies()[..] else {
        panic!()
    };
    assert!(
        cookie.starts_with("__Host-id=; ") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    assert_eq!(browser.cookie, None);
    // Again, late: it finds a tombstone, and removes the cookie all the same.
    let late = before.peek(Request::post("/logout")).await;
    assert_eq!(late.set_cookies().len(), 1);
    assert_eq!(
        before.peek(Request::get("/me")).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn t17_t18_idle_and_absolute_deadlines_hold() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/write").await;
    app.wait(3600 + 180 + 1);
    assert_eq!(browser.get("/read").await.body, "0", "idle");
    browser.post("/write").await;
    for _ in 0..47 {
        app.wait(1800);
        assert_eq!(browser.get("/read").await.body, "1");
    }
    app.wait(1801);
    assert_eq!(browser.get("/read").await.body, "0", "absolute");
}
