//! What a request sees of a session, and what a response tells.

use super::*;

#[tokio::test]
async fn p10_p11_p12_d15_a_flash_waits_until_it_is_read() {
    let app = app();
    let mut browser = app.browser();
    assert_eq!(browser.get("/flash").await.body, "none");
    browser.get("/flash/set").await;
    // Whatever comes between does not take it.
    browser.get("/untouched").await;
    browser.get("/read").await;
    browser.send(Request::head("/flash")).await;
    browser
        .send(Request::get("/flash").header("sec-purpose", "prefetch;prerender"))
        .await;
    assert_eq!(browser.get("/flash").await.body, "saved");
    assert_eq!(browser.get("/flash").await.body, "none");
}

#[tokio::test]
async fn flashes_keep_their_order_and_wait_for_the_next_request() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/login/1").await;
    browser.post("/login/1").await;
    assert_eq!(browser.get("/peek").await.body, "hello 1,hello 1");
    assert_eq!(browser.get("/notices").await.body, "hello 1,hello 1");
    assert_eq!(browser.get("/notices").await.body, "");
}

#[tokio::test]
async fn t26_d12_caches_are_told() {
    let app = app();
    let mut browser = app.browser();
    let answer = browser.get("/untouched").await;
    assert_eq!(
        (answer.header("vary"), answer.header("cache-control")),
        (None, None)
    );
    for request in [Request::get("/read"), Request::head("/read")] {
        let answer = browser.send(request).await;
        assert_eq!(answer.header("vary"), Some("cookie"));
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    }
    let answer = browser.get("/public").await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
    let answer = browser.post("/login/1").await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        browser.get("/read").await.header("cache-control"),
        Some("no-store")
    );
    let answer = browser.get("/me").await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn t26_not_modified_tells_caches_too() {
    let routes = Router::new().route(
        "/etag",
        get(async |session: Session| (StatusCode::NOT_MODIFIED, drop(session))),
    );
    let app = App::new(routes);
    let answer = app.browser().get("/etag").await;
    assert_eq!(answer.status, StatusCode::NOT_MODIFIED);
    assert_eq!(answer.header("vary"), Some("cookie"));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
}

#[tokio::test]
async fn without_a_layer_the_developer_is_told() {
    let router: Router = Router::new().route("/", get(async |_: Session| ()));
    let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    let answer = support::answer(response).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.body.contains("SessionLayer::new"), "{}", answer.body);
}

#[tokio::test]
async fn p18_p19_a_request_sees_its_own_changes() {
    let app = App::new(Router::new().route(
        "/",
        get(async |session: Session| {
            session.set("a", 1u8)?;
            session.set("b", "two".to_owned())?;
            assert_eq!(session.get::<String>("b")?.as_deref(), Some("two"));
            assert!(session.remove("a")?);
            assert_eq!(session.get::<u8>("a")?, None);
            assert_eq!(session.encode()?, r#"{"b":"two"}"#);
            session.clear();
            assert!(session.keys().is_empty() && !session.contains("b"));
            assert!(session.set("__x", 1u8).is_err());
            session.set("flamego", "flamego".to_owned())
        }),
    ));
    let mut browser = app.browser();
    let answer = browser.get("/").await;
    assert_eq!(
        (answer.status, answer.set_cookies().len()),
        (StatusCode::OK, 1),
        "{answer:?}"
    );
}

#[tokio::test]
async fn two_layers_with_one_cookie_name_share_a_session() {
    let app = app();
    let nested = app.router.clone().layer(app.layer.clone());
    let request = Request::post("/write")
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = support::answer(tower::ServiceExt::oneshot(nested, request).await.unwrap()).await;
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(app.calls(), 1);
}
