//! One request after another: ids, cookies, owners, deadlines, flashes, headers, and what each costs.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::testing::Counts;
use session::{
    Flash, HeaderTransport, LazySession, Lifetime, Session, SessionSchema, StoreHandle, Typed,
};
use support::App;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    visits: u64,
    #[session(default, keep)]
    theme: String,
    #[session(per_login)]
    csrf: Option<String>,
    #[session(flash)]
    notices: Vec<String>,
}

#[derive(SessionSchema)]
#[session(redirect = "/login", next = "next")]
struct SignedIn {
    #[session(owner)]
    user_id: u64,
}

fn routes() -> Router {
    Router::new()
        .route("/untouched", get(async || "untouched"))
        .route(
            "/read",
            get(async |account: Typed<Account>| account.visits().to_string()),
        )
        .route(
            "/write",
            post(async |account: Typed<Account>| account.update_visits(|n| *n += 1)),
        )
        .route(
            "/theme",
            post(async |account: Typed<Account>| account.set_theme("dark".to_owned())),
        )
        .route(
            "/csrf",
            post(async |account: Typed<Account>| account.set_csrf("token".to_owned())),
        )
        .route(
            "/login/{id}",
            post(
                async |account: Typed<Account>,
                       axum::extract::Path(id): axum::extract::Path<u64>| {
                    account.set_user_id(id);
                    account.push_notices(format!("hello {id}"));
                },
            ),
        )
        .route("/logout", post(async |session: Session| session.destroy()))
        .route(
            "/lazy-logout",
            post(async |session: LazySession| session.destroy()),
        )
        .route(
            "/farewell",
            post(async |account: Typed<Account>| {
                account.set_theme("lost".to_owned());
                account.session().destroy();
                account.push_notices("signed out".to_owned());
            }),
        )
        .route(
            "/rotate",
            post(async |session: Session| session.regenerate_id()),
        )
        .route(
            "/me",
            get(async |me: Typed<SignedIn>| me.user_id().to_string()),
        )
        .route(
            "/state",
            get(async |account: Typed<Account>| {
                format!(
                    "{:?} {} {} {:?}",
                    account.user_id(),
                    account.visits(),
                    account.theme(),
                    account.csrf()
                )
            }),
        )
        .route(
            "/notices",
            get(async |account: Typed<Account>| account.take_notices().join(",")),
        )
        .route(
            "/peek",
            get(async |account: Typed<Account>| account.peek_notices().join(",")),
        )
        .route(
            "/flash/set",
            get(async |session: Session| session.set_flash("saved".to_owned())),
        )
        .route(
            "/flash",
            get(async |Flash(message): Flash<String>| message.unwrap_or_else(|| "none".to_owned())),
        )
        .route(
            "/id",
            get(async |session: Session| match session.id() {
                Some(id) => id.expose_secret().as_str().to_owned(),
                None => "none".to_owned(),
            }),
        )
        .route(
            "/public",
            get(async |_: Session| [("cache-control", "public, max-age=60")]),
        )
        .route(
            "/steal",
            post(async |session: Session| session.set("user_id", 7u64)),
        )
        .route(
            "/sign-off",
            post(async |account: Typed<Account>| account.clear_user_id()),
        )
        .route(
            "/remember",
            post(async |session: Session| {
                let day = Duration::from_secs(86_400);
                session
                    .set_lifetime(Lifetime {
                        idle: 7 * day,
                        absolute: 30 * day,
                    })
                    .unwrap();
            }),
        )
        .route(
            "/gc",
            get(async |store: StoreHandle, session: Session| {
                session.set("x", 1u8)?;
                store.gc(10).await.map(|swept| swept.removed.to_string())
            }),
        )
}

fn app() -> App {
    App::new(routes())
}

fn id(cookie: &str) -> &str {
    cookie.split_once('=').unwrap().1.split(';').next().unwrap()
}

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
async fn p02_gc_inside_a_request_does_not_deadlock() {
    let app = app();
    assert_eq!(app.browser().get("/gc").await.body, "0");
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
async fn t56_d31_d32_requests_without_a_cookie_cost_nothing() {
    let app = app();
    for _ in 0..10_000 {
        for path in ["/untouched", "/read", "/notices", "/flash", "/id", "/peek"] {
            let answer = app.browser().get(path).await;
            assert!(answer.set_cookies().is_empty(), "{path}");
        }
        for path in ["/logout", "/lazy-logout", "/sign-off", "/rotate"] {
            app.browser().post(path).await;
        }
    }
    assert_eq!(app.calls(), 0);
}

#[tokio::test]
async fn each_request_costs_what_semantics_10_says() {
    let app = app();
    let mut browser = app.browser();
    let counts = |app: &App| {
        let counts = app.store.counts();
        app.store.reset();
        counts
    };
    browser.post("/write").await;
    assert_eq!(
        counts(&app),
        Counts {
            create: 1,
            ..Counts::default()
        }
    );
    browser.get("/untouched").await;
    assert_eq!(counts(&app), Counts::default());
    app.wait(600); // a renewal is due, and costs nothing
    browser.get("/read").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            ..Counts::default()
        }
    );
    browser.post("/write").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            save: 1,
            ..Counts::default()
        }
    );
    browser.post("/rotate").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            rotate: 1,
            ..Counts::default()
        }
    );
    browser.post("/login/1").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            rotate: 1,
            ..Counts::default()
        }
    );
    let mut leaves = browser.clone();
    leaves.post("/rotate").await;
    browser = leaves.clone();
    counts(&app);
    // Whatever is left of a session that ended costs what a first write does, on top.
    leaves.post("/farewell").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            destroy: 1,
            create: 1,
            ..Counts::default()
        }
    );
    browser.post("/login/1").await;
    counts(&app);
    let mut twin = browser.clone();
    browser.post("/logout").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            destroy: 1,
            ..Counts::default()
        }
    );
    twin.post("/lazy-logout").await;
    assert_eq!(
        counts(&app),
        Counts {
            destroy: 1,
            ..Counts::default()
        }
    );
    assert_eq!(twin.cookie, None);
    // A first write under an unknown id does not adopt it.
    let stale = format!("__Host-id={}", "A".repeat(43));
    browser.cookie = Some(stale.clone());
    browser.post("/write").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            create: 1,
            ..Counts::default()
        }
    );
    assert_ne!(browser.cookie, Some(stale));
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
async fn t11_t13_owners_rotate_carry_and_wipe() {
    let app = app();
    let mut browser = app.browser();
    for path in ["/write", "/theme", "/csrf"] {
        browser.post(path).await;
    }
    let before = browser.clone();
    browser.post("/login/1").await;
    assert_ne!(browser.cookie, before.cookie);
    assert_eq!(browser.get("/state").await.body, "Some(1) 1 dark None");
    assert_eq!(
        before.peek(Request::get("/state")).await.body,
        "None 0  None"
    );
    // The same user again.
    let before = browser.clone();
    browser.post("/login/1").await;
    assert_ne!(browser.cookie, before.cookie);
    assert_eq!(browser.get("/state").await.body, "Some(1) 1 dark None");
    // Another user finds what is kept, and nothing else.
    browser.post("/login/2").await;
    assert_eq!(browser.get("/state").await.body, "Some(2) 0 dark None");
    // Nobody.
    browser.post("/sign-off").await;
    assert_eq!(browser.get("/state").await.body, "None 0 dark None");
}

#[tokio::test]
async fn t13_a_dynamic_set_of_the_owners_key_signs_nobody_in() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/steal").await;
    assert_eq!(browser.get("/state").await.body, "None 0  None");
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    // On a signed-in session it signs out.
    browser.post("/login/1").await;
    browser.post("/write").await;
    browser.post("/steal").await;
    assert_eq!(browser.get("/state").await.body, "None 0  None");
}

#[tokio::test]
async fn a_required_owner_is_proved_or_redirected() {
    let app = app();
    let mut browser = app.browser();
    let answer = browser.get("/me?tab=1&x=%20").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.header("location"),
        Some("/login?next=%2Fme%3Ftab%3D1%26x%3D%2520")
    );
    browser.post("/login/42").await;
    assert_eq!(browser.get("/me").await.body, "42");
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

#[tokio::test]
async fn d18_remember_me_makes_the_cookie_persistent_and_ends_with_the_owner() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/login/1").await;
    let answer = browser.post("/remember").await;
    assert!(
        answer.set_cookies()[0].ends_with("Max-Age=2592000"),
        "{answer:?}"
    );
    app.wait(6 * 86_400);
    assert_eq!(browser.get("/me").await.body, "1");
    // A rotation keeps it persistent, to the same absolute deadline.
    let answer = browser.post("/rotate").await;
    assert!(
        answer.set_cookies()[0].ends_with(&format!("Max-Age={}", 24 * 86_400)),
        "{answer:?}"
    );
    let answer = browser.post("/sign-off").await;
    assert!(!answer.set_cookies()[0].contains("Max-Age"), "{answer:?}");
    browser.post("/write").await;
    app.wait(3_800);
    assert_eq!(browser.get("/read").await.body, "0");
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

#[tokio::test]
async fn next_names_the_whole_path_also_inside_a_nested_router() {
    let app = App::new(Router::new().nest("/shop", routes()));
    let answer = app.browser().get("/shop/me?a=1").await;
    assert_eq!(
        answer.header("location"),
        Some("/login?next=%2Fshop%2Fme%3Fa%3D1")
    );
}

#[tokio::test]
async fn max_per_owner_evicts_the_oldest_or_refuses() {
    use session::Over;
    use std::num::NonZeroU32;
    for over in [Over::Evict, Over::Refuse] {
        let two = NonZeroU32::new(2).unwrap();
        let app = App::with(routes(), |b| b.max_per_owner(two, over));
        let mut devices = vec![app.browser(), app.browser(), app.browser()];
        let mut statuses = Vec::new();
        for device in &mut devices {
            app.wait(1);
            statuses.push(device.post("/login/1").await.status);
        }
        let mut signed_in = Vec::new();
        for device in &mut devices {
            signed_in.push(device.get("/me").await.status == StatusCode::OK);
        }
        match over {
            Over::Evict => {
                assert_eq!(statuses, [StatusCode::OK; 3]);
                assert_eq!(signed_in, [false, true, true]);
            }
            Over::Refuse => {
                assert_eq!(
                    statuses,
                    [StatusCode::OK, StatusCode::OK, StatusCode::CONFLICT]
                );
                assert_eq!(signed_in, [true, true, false]);
            }
        }
        // Signing in again on a device that is signed in counts once.
        assert_eq!(devices[1].post("/login/1").await.status, StatusCode::OK);
    }
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
