//! What a commit repeats on a record that others have changed, and what it keeps when something fails.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::{ErrorKind, Session, SessionLayer, SessionSchema, Typed};
use tokio::sync::Semaphore;
use tower::{Layer, ServiceExt};

use crate::support::{Answer, App, Browser};

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    n: u64,
    absent: Option<u64>,
    #[session(default = 100)]
    credit: u64,
    #[session(ttl = "10m")]
    code: Option<u64>,
    #[session(flash)]
    notices: Vec<String>,
}

const FAILED: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

/// `/late` changes and then waits, so that what it changed is stored on top of what others did meanwhile.
fn app(late: impl Fn(&Typed<Account>) + Clone + Send + Sync + 'static) -> (App, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let (wait, now) = (Arc::clone(&gate), late.clone());
    let routes = Router::new()
        .route(
            "/late",
            post(async move |account: Typed<Account>| {
                late(&account);
                wait.acquire().await.unwrap().forget();
            }),
        )
        .route(
            "/now",
            post(async move |account: Typed<Account>| now(&account)),
        )
        .route(
            "/n/{n}",
            post(
                async |a: Typed<Account>, axum::extract::Path(n): axum::extract::Path<u64>| {
                    a.set_n(n);
                },
            ),
        )
        .route(
            "/read",
            get(async |a: Typed<Account>| {
                format!(
                    "{} {:?} {} {:?} {:?}",
                    a.n(),
                    a.absent(),
                    a.credit(),
                    a.code(),
                    a.peek_notices()
                )
            }),
        );
    (App::new(routes), gate)
}

async fn late(browser: &Browser) -> tokio::task::JoinHandle<Answer> {
    let browser = browser.clone();
    let late = tokio::spawn(async move { browser.peek(Request::post("/late")).await });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    late
}

#[tokio::test]
async fn c2_updates_are_repeated_on_what_is_stored() {
    let (app, gate) = app(|a| {
        // Two of one key, one of an absent field, one of a default, and one after a set, which folds into it.
        a.update_n(|n| *n += 1);
        a.update_n(|n| *n *= 10);
        a.update_absent(|value| *value = Some(value.map_or(1, |value| value + 1)));
        a.update_credit(|credit| *credit -= 1);
        a.set_code(5);
        a.update_code(|code| *code = code.map(|code| code + 1));
        a.push_notices("late".to_owned());
    });
    let mut browser = app.browser();
    browser.post("/n/1").await;
    let held = late(&browser).await;
    browser.post("/now").await;
    assert_eq!(
        browser.get("/read").await.body,
        r#"20 Some(1) 99 Some(6) ["late"]"#
    );
    gate.add_permits(1);
    assert_eq!(held.await.unwrap().status, StatusCode::OK);
    assert_eq!(
        browser.get("/read").await.body,
        r#"210 Some(2) 98 Some(6) ["late", "late"]"#
    );
}

#[tokio::test]
async fn c5_a_take_that_is_repeated_removes_what_it_returned_and_no_more() {
    let (app, gate) = app(|a| drop(a.take_notices()));
    let push = |text: &'static str| {
        let browser = Router::new().route(
            "/",
            post(async move |a: Typed<Account>| a.push_notices(text.to_owned())),
        );
        browser.layer(app.layer.clone())
    };
    let send = async |text: &'static str, browser: &Browser| {
        let mut request = Request::post("/");
        if let Some(cookie) = &browser.cookie {
            request = request.header("cookie", cookie);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        crate::support::answer(push(text).oneshot(request).await.unwrap()).await
    };
    let mut browser = app.browser();
    let first = send("one", &browser).await;
    browser.keep(&first);
    let held = late(&browser).await;
    send("two", &browser).await;
    gate.add_permits(1);
    assert_eq!(held.await.unwrap().status, StatusCode::OK);
    assert!(
        browser.get("/read").await.body.ends_with(r#"["two"]"#),
        "one was taken, and two came later"
    );
}

#[tokio::test]
async fn a_replay_keeps_the_deadline_that_the_update_started() {
    let (app, gate) = app(|a| a.update_code(|code| *code = Some(7)));
    let mut browser = app.browser();
    browser.post("/n/1").await;
    let held = late(&browser).await;
    app.wait(300);
    browser.post("/n/2").await;
    gate.add_permits(1);
    assert_eq!(held.await.unwrap().status, StatusCode::OK);
    app.wait(299);
    assert!(browser.get("/read").await.body.contains("Some(7)"));
    app.wait(2);
    assert_eq!(browser.get("/read").await.body, "2 None 100 None []");
}

#[tokio::test]
async fn a_closure_that_panics_when_it_is_repeated_is_500_and_nothing_is_saved() {
    let (app, gate) = app(|a| {
        a.update_credit(|credit| *credit = 1);
        a.update_n(|n| {
            assert!(*n != 5, "on purpose");
            *n += 1;
        });
    });
    let mut browser = app.browser();
    browser.post("/n/1").await;
    let held = late(&browser).await;
    browser.post("/n/5").await;
    gate.add_permits(1);
    let answer = held.await.unwrap();
    assert_eq!(
        (answer.status, answer.error.unwrap().kind()),
        (FAILED, ErrorKind::Panicked)
    );
    assert_eq!(browser.get("/read").await.body, "5 None 100 None []");
    // The session is none the worse for it.
    browser.post("/n/1").await;
    assert_eq!(browser.post("/now").await.status, StatusCode::OK);
    assert_eq!(browser.get("/read").await.body, "2 None 1 None []");
}

#[tokio::test]
async fn c6_an_update_that_is_committed_reads_as_what_was_stored() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (all, together) = (Arc::clone(&seen), Arc::new(tokio::sync::Barrier::new(8)));
    let routes = Router::new()
        .route("/begin", post(async |a: Typed<Account>| a.set_n(0)))
        .route(
            "/try",
            post(async move |a: Typed<Account>| {
                a.update_n(|n| *n += 1);
                together.wait().await;
                a.session().commit().await?;
                all.lock().unwrap().push(a.n());
                Ok::<_, session::Error>(())
            }),
        );
    let app = App::new(routes);
    let mut browser = app.browser();
    browser.post("/begin").await;
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let browser = browser.clone();
            tokio::spawn(async move { browser.peek(Request::post("/try")).await })
        })
        .collect();
    for one in tries {
        assert_eq!(one.await.unwrap().status, StatusCode::OK);
    }
    // Each is told its own number: that is what limits attempts.
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn what_was_committed_explicitly_is_told_whatever_the_status() {
    let routes = Router::new()
        .route(
            "/fail",
            post(async |s: Session| {
                s.set("n", 1u64)?;
                s.commit().await?;
                s.set("n", 2u64)?;
                Ok::<_, session::Error>(FAILED)
            }),
        )
        .route(
            "/large",
            post(async |s: Session| {
                s.set("n", 1u64)?;
                s.commit().await?;
                s.set("n", "x".repeat(100_000))
            }),
        )
        .route(
            "/read",
            get(async |s: Session| format!("{:?}", s.get::<u64>("n").unwrap())),
        );
    let app = App::new(routes);
    for path in ["/fail", "/large"] {
        let mut browser = app.browser();
        let answer = browser.post(path).await;
        assert_eq!(
            (answer.status, answer.set_cookies().len()),
            (FAILED, 1),
            "{path}"
        );
        assert_eq!(browser.get("/read").await.body, "Some(1)", "{path}");
    }
}

/// An error of the inner service counts as a server error: whoever turns it into a response does so further out.
#[tokio::test]
async fn an_error_of_the_inner_service_saves_no_data_and_signs_out() {
    async fn fails(request: Request<()>) -> Result<http::Response<()>, &'static str> {
        let (parts, ()) = request.into_parts();
        let session = Session::from_parts(&parts)
            .await
            .map_err(|_| "no session")?;
        match parts.uri.path() {
            "/set" => session.set("n", 9u64).map_err(|_| "set")?,
            "/logout" => session.destroy(),
            _ => return Ok(http::Response::new(())),
        }
        Err("on purpose")
    }
    let (app, _) = app(|a| a.set_n(1));
    let mut browser = app.browser();
    browser.post("/now").await;
    let layer: SessionLayer = app.layer.clone();
    let send = |path: &str| {
        let request = Request::post(path).header("cookie", browser.cookie.clone().unwrap());
        let service = layer.layer(tower::service_fn(fails));
        service.oneshot(request.body(()).unwrap())
    };
    assert!(send("/").await.is_ok());
    assert_eq!(send("/set").await.unwrap_err(), "on purpose");
    assert!(
        browser
            .peek(Request::get("/read"))
            .await
            .body
            .starts_with("1 ")
    );
    assert_eq!(send("/logout").await.unwrap_err(), "on purpose");
    assert!(browser.get("/read").await.body.starts_with("0 "));
}
