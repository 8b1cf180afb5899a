//! Requests that overlap: a handler stops at a gate while others come and go.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use session::testing::{Fault, Verb};
use session::{
    Clock, ErrorKind, Op, ReadOutcome, Record, Session, SessionId, SessionSchema, SessionStore,
    StoreHandle, Typed,
};
use support::{Answer, App, Browser};
use tokio::sync::Semaphore;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    n: u64,
    otp: Option<String>,
    #[session(per_login)]
    csrf: Option<String>,
    #[session(keep)]
    theme: Option<String>,
    #[session(flash)]
    notices: Vec<String>,
}

#[derive(SessionSchema)]
struct Counted {
    n: u64,
}

/// Handlers load, wait for a permit, then act.
fn routes(gate: &Arc<Semaphore>) -> Router {
    let wait = || {
        let gate = Arc::clone(gate);
        async move || gate.acquire().await.unwrap().forget()
    };
    let routes = Router::new()
        .route(
            "/read",
            get(async |a: Typed<Account>| format!("{:?} {} {:?}", a.user_id(), a.n(), a.csrf())),
        )
        .route(
            "/now/set/{key}/{n}",
            post(async |s: Session, Path((key, n)): Path<(String, u64)>| s.set(&key, n)),
        )
        .route(
            "/get/{key}",
            get(async |s: Session, key: Path<String>| format!("{:?}", s.get::<u64>(&key).unwrap())),
        )
        .route(
            "/now/remove/{key}",
            post(async |s: Session, key: Path<String>| s.remove(&key).map(drop)),
        )
        .route("/now/logout", post(async |s: Session| s.destroy()))
        .route("/now/rotate", post(async |s: Session| s.regenerate_id()))
        .route(
            "/now/login/{id}",
            post(async |a: Typed<Account>, id: Path<u64>| a.set_user_id(id.0)),
        )
        .route(
            "/now/revoke/{id}",
            post(async |store: StoreHandle, id: Path<u64>| {
                store.destroy_all_of(&id.0).await.map(|n| n.to_string())
            }),
        )
        .route(
            "/now/others",
            post(async |s: Session| s.destroy_others().await.map(|n| n.to_string())),
        )
        .route(
            "/now/push/{text}",
            post(async |a: Typed<Account>, text: Path<String>| a.push_notices(text.0)),
        )
        .route(
            "/now/otp",
            post(async |a: Typed<Account>| a.set_otp("123456".to_owned())),
        )
        .route(
            "/now/theme",
            post(async |a: Typed<Account>| a.set_theme("dark".to_owned())),
        )
        .route(
            "/theme",
            get(async |a: Typed<Account>| format!("{:?}", a.theme())),
        )
        .route(
            "/now/csrf",
            post(async |a: Typed<Account>| a.set_csrf("token".to_owned())),
        );
    let hold = wait();
    let routes = routes.route(
        "/set/{key}/{n}",
        post(
            async move |s: Session, Path((key, n)): Path<(String, u64)>| {
                hold().await;
                s.set(&key, n)
            },
        ),
    );
    let hold = wait();
    let routes = routes.route(
        "/login/{id}",
        post(async move |a: Typed<Account>, id: Path<u64>| {
            hold().await;
            a.set_user_id(id.0);
            a.update_n(|n| *n += 1);
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/rotate",
        post(async move |s: Session| {
            hold().await;
            s.regenerate_id();
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/logout",
        post(async move |s: Session| {
            hold().await;
            s.destroy();
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/increment",
        post(async move |a: Typed<Account>| {
            a.update_n(|n| *n += 1);
            hold().await;
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/take",
        get(async move |a: Typed<Account>| {
            let taken = a.take_notices().join(",");
            hold().await;
            taken
        }),
    );
    let hold = wait();
    let routes = routes.route(
        "/consume",
        get(async move |a: Typed<Account>| {
            hold().await;
            a.consume_otp().await.map(Option::unwrap_or_default)
        }),
    );
    let hold = wait();
    routes.route(
        "/required",
        post(async move |counted: Typed<Counted>| {
            hold().await;
            counted.update_n(|n| *n += 1);
        }),
    )
}

struct Scene {
    app: App,
    gate: Arc<Semaphore>,
}

impl Scene {
    fn new() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        Self {
            app: App::new(routes(&gate)),
            gate,
        }
    }

    /// A request that is held at the gate, its session loaded.
    async fn held(
        &self,
        browser: &Browser,
        method: &str,
        path: &str,
    ) -> tokio::task::JoinHandle<Answer> {
        let browser = browser.clone();
        let request = Request::builder().method(method).uri(path);
        let task = tokio::spawn(async move { browser.peek(request).await });
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        task
    }

    async fn release(&self, task: tokio::task::JoinHandle<Answer>) -> Answer {
        self.gate.add_permits(1);
        task.await.unwrap()
    }
}

#[tokio::test]
async fn c1_d14_changes_to_different_keys_survive() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/a/1").await;
    let slow = scene.held(&browser, "POST", "/set/b/2").await;
    browser.post("/now/set/c/3").await;
    assert_eq!(scene.release(slow).await.status, StatusCode::OK);
    for (key, n) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(
            browser.get(&format!("/get/{key}")).await.body,
            format!("Some({n})")
        );
    }
}

#[tokio::test]
async fn c3_the_last_commit_wins() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/a/1").await;
    let slow = scene.held(&browser, "POST", "/set/a/2").await;
    browser.post("/now/set/a/3").await;
    scene.release(slow).await;
    assert_eq!(browser.get("/get/a").await.body, "Some(2)");
}

#[tokio::test]
async fn c5_a_take_leaves_what_was_pushed_meanwhile() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/push/one").await;
    let first = scene.held(&browser, "GET", "/take").await;
    let second = scene.held(&browser, "GET", "/take").await;
    browser.post("/now/push/two").await;
    assert_eq!(scene.release(first).await.body, "one");
    // Delivered at least once; that another request took it too is no error.
    let second = scene.release(second).await;
    assert_eq!(
        (second.status, second.body.as_str()),
        (StatusCode::OK, "one")
    );
    scene.gate.add_permits(1);
    assert_eq!(browser.get("/take").await.body, "two");
}

#[tokio::test]
async fn t22_d05_a_late_write_revives_nothing() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/login/1").await;
    let late = scene.held(&browser, "POST", "/set/a/2").await;
    let before = browser.clone();
    browser.post("/now/logout").await;
    let late = scene.release(late).await;
    assert_eq!(
        (late.status, late.set_cookies().len()),
        (StatusCode::CONFLICT, 0)
    );
    assert!(
        before
            .peek(Request::get("/read"))
            .await
            .body
            .starts_with("None 0")
    );
}

#[tokio::test]
async fn t23_s1_a_late_write_on_a_rotated_session_says_so_and_sends_no_cookie() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/a/1").await;
    let late = scene.held(&browser, "POST", "/set/a/2").await;
    browser.post("/now/login/1").await;
    let late = scene.release(late).await;
    assert_eq!(
        (late.status, late.set_cookies().len()),
        (StatusCode::CONFLICT, 0)
    );
    assert_eq!(browser.get("/get/a").await.body, "Some(1)");
}

#[tokio::test]
async fn t24_expiry_gc_and_revocation_end_it_too() {
    for end in ["expiry", "gc", "revoke"] {
        let scene = Scene::new();
        let mut browser = scene.app.browser();
        browser.post("/now/login/1").await;
        let late = scene.held(&browser, "POST", "/set/a/2").await;
        match end {
            "expiry" => scene.app.wait(4_000),
            "gc" => {
                scene.app.wait(4_000);
                assert_eq!(scene.app.layer.store().gc(100).await.unwrap().removed, 1);
            }
            _ => assert_eq!(scene.app.browser().post("/now/revoke/1").await.body, "1"),
        }
        let late = scene.release(late).await;
        assert_eq!(
            (late.status, late.set_cookies().len()),
            (StatusCode::CONFLICT, 0),
            "{end}"
        );
        assert!(
            browser.get("/read").await.body.starts_with("None 0"),
            "{end}"
        );
    }
}

#[tokio::test]
async fn t22b_s2_sign_out_follows_the_rotation() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/login/1").await;
    let out = scene.held(&browser, "POST", "/logout").await;
    for _ in 0..3 {
        browser.post("/now/rotate").await;
    }
    let out = scene.release(out).await;
    assert!(out.set_cookies()[0].contains("Max-Age=0"));
    assert!(browser.get("/read").await.body.starts_with("None 0"));
}

#[tokio::test]
async fn s8_sign_in_pressed_twice_works_and_keeps_the_cart() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/cart/5").await;
    let first = scene.held(&browser, "POST", "/login/1").await;
    let second = scene.held(&browser, "POST", "/login/1").await;
    let first = scene.release(first).await;
    let second = scene.release(second).await;
    assert_eq!(
        (first.status, second.status),
        (StatusCode::OK, StatusCode::OK)
    );
    // Answers in either order: whoever signed in is signed in, with the cart.
    for last in [&first, &second] {
        browser.keep(last);
        assert_eq!(browser.get("/get/cart").await.body, "Some(5)");
        assert!(browser.get("/read").await.body.starts_with("Some(1)"));
    }
}

#[tokio::test]
async fn s8_a_sign_in_whose_answer_was_lost_can_be_repeated() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/cart/5").await;
    let lost = browser.peek(Request::post("/now/login/1")).await;
    assert_eq!(lost.set_cookies().len(), 1);
    browser.post("/now/login/1").await;
    assert_eq!(browser.get("/get/cart").await.body, "Some(5)");
    // Another user finds nothing of the first one's.
    let mut other = scene.app.browser();
    other.post("/now/set/cart/6").await;
    other.peek(Request::post("/now/login/1")).await;
    other.post("/now/login/2").await;
    assert_eq!(other.get("/get/cart").await.body, "None");
    assert!(other.get("/read").await.body.starts_with("Some(2)"));
}

/// What the owner before has kept through a change of owner is not for whoever signs in under a tombstone.
#[tokio::test]
async fn s8_a_sign_in_copies_nothing_of_another_owners_successor() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/cart/5").await;
    let mut other = browser.clone();
    browser.post("/now/login/1").await;
    browser.post("/now/theme").await;
    assert_eq!(browser.get("/theme").await.body, "Some(\"dark\")");
    other.post("/now/login/2").await;
    assert!(other.get("/read").await.body.starts_with("Some(2)"));
    assert_eq!(other.get("/theme").await.body, "None");
}

#[tokio::test]
async fn t14_what_is_per_login_does_not_pass_a_sign_in() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/csrf").await;
    assert!(browser.get("/read").await.body.ends_with("Some(\"token\")"));
    // Nor does one that was written while the sign-in was under way.
    let sign_in = scene.held(&browser, "POST", "/login/1").await;
    browser.post("/now/csrf").await;
    let answer = scene.release(sign_in).await;
    browser.keep(&answer);
    assert_eq!(browser.get("/read").await.body, "Some(1) 1 None");
}

#[tokio::test]
async fn t15_fifty_requests_while_one_signs_in() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/cart/5").await;
    let mut readers = Vec::new();
    let mut writers = Vec::new();
    for _ in 0..25 {
        readers.push(scene.held(&browser, "GET", "/consume").await);
        writers.push(scene.held(&browser, "POST", "/increment").await);
    }
    browser.post("/now/login/1").await;
    scene.gate.add_permits(50);
    for reader in readers {
        let answer = reader.await.unwrap();
        assert_eq!(
            (answer.status, answer.set_cookies().len()),
            (StatusCode::OK, 0)
        );
    }
    for writer in writers {
        let answer = writer.await.unwrap();
        assert_eq!(
            (answer.status, answer.set_cookies().len()),
            (StatusCode::CONFLICT, 0)
        );
    }
    assert_eq!(browser.get("/read").await.body, "Some(1) 0 None");
    assert_eq!(browser.get("/get/cart").await.body, "Some(5)");
}

#[tokio::test]
async fn a_required_field_that_has_gone_is_a_conflict_and_comes_not_back() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/n/1").await;
    let slow = scene.held(&browser, "POST", "/required").await;
    browser.post("/now/set/n/5").await;
    assert_eq!(scene.release(slow).await.status, StatusCode::OK);
    assert_eq!(browser.get("/get/n").await.body, "Some(6)");
    let slow = scene.held(&browser, "POST", "/required").await;
    browser.post("/now/remove/n").await;
    let slow = scene.release(slow).await;
    let error = slow.error.unwrap();
    assert_eq!(
        (slow.status, error.kind()),
        (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Conflict)
    );
    assert_eq!(error.key(), Some("n"));
    assert_eq!(browser.get("/get/n").await.body, "None");
}

#[tokio::test]
async fn c6_consume_hands_the_value_to_exactly_one() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/otp").await;
    let mut callers = Vec::new();
    for _ in 0..32 {
        callers.push(scene.held(&browser, "GET", "/consume").await);
    }
    scene.gate.add_permits(32);
    let mut winners = 0;
    for caller in callers {
        let answer = caller.await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        winners += u32::from(answer.body == "123456");
    }
    assert_eq!(winners, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t28_a_thousand_increments_from_32_tasks() {
    let scene = Arc::new(Scene::new());
    let mut browser = scene.app.browser();
    browser.post("/now/set/n/0").await;
    scene.gate.add_permits(2_000);
    let mut tasks = Vec::new();
    for task in 0..32 {
        let browser = browser.clone();
        let rounds = 1000 / 32 + usize::from(task < 1000 % 32);
        tasks.push(tokio::spawn(async move {
            for _ in 0..rounds {
                let answer = browser.peek(Request::post("/increment")).await;
                assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            }
            rounds
        }));
    }
    let mut acknowledged = 0;
    for task in tasks {
        acknowledged += task.await.unwrap();
    }
    assert_eq!(acknowledged, 1000);
    assert_eq!(browser.get("/get/n").await.body, "Some(1000)");
}

#[tokio::test]
async fn t29_s3_revocation_cannot_be_escaped() {
    let scene = Scene::new();
    let mut devices = Vec::new();
    for _ in 0..5 {
        let mut browser = scene.app.browser();
        browser.post("/now/login/1").await;
        devices.push(browser);
    }
    // A sign-in and a rotation that began before the revocation, and end after it.
    let mut late = scene.app.browser();
    late.post("/now/set/cart/1").await;
    let sign_in = scene.held(&late, "POST", "/login/1").await;
    let rotation = scene.held(&devices[1], "POST", "/rotate").await;
    scene.app.wait(1);
    assert_eq!(devices[0].post("/now/others").await.body, "4");
    let sign_in = scene.release(sign_in).await;
    assert_eq!(
        (sign_in.status, sign_in.set_cookies().len()),
        (StatusCode::CONFLICT, 0)
    );
    let rotation = scene.release(rotation).await;
    assert_eq!(rotation.set_cookies().len(), 0);
    assert!(devices[0].get("/read").await.body.starts_with("Some(1)"));
    for device in &mut devices[1..] {
        assert!(device.get("/read").await.body.starts_with("None"));
    }
    // The one that was excepted can rotate, and sign-ins from now on work.
    assert_eq!(devices[0].post("/now/rotate").await.set_cookies().len(), 1);
    scene.app.wait(1);
    devices[1].post("/now/login/1").await;
    assert!(devices[1].get("/read").await.body.starts_with("Some(1)"));
}

/// Another node changes the record every millisecond; each save takes 50.
#[tokio::test(start_paused = true)]
async fn a_conflict_that_does_not_end_is_503_within_the_deadline() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/n/0").await;
    let key = browser.cookie.as_ref().unwrap().split_once('=').unwrap().1;
    let key = SessionId::parse(key.as_bytes()).unwrap().store_key();
    let (model, clock) = (Arc::clone(&scene.app.model), scene.app.clock.clone());
    let other_node = tokio::spawn(async move {
        loop {
            let op = Op {
                now: clock.now(),
                grace: Duration::ZERO,
                max_skew: Duration::ZERO,
            };
            if let Ok(ReadOutcome::Live(record)) = model.read(&op, &key, None).await {
                let expected = record.header.version;
                let mut next = Record::clone(&record);
                next.header.version = expected.next();
                model
                    .save(&op, &key, Arc::new(next), expected)
                    .await
                    .unwrap();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    scene
        .app
        .store
        .get_ref()
        .always(Verb::Save, Fault::Delay(Duration::from_millis(50)));
    let start = tokio::time::Instant::now();
    scene.gate.add_permits(1);
    let answer = browser.post("/increment").await;
    other_node.abort();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let spent = start.elapsed();
    assert!(
        (Duration::from_millis(1_900)..Duration::from_millis(2_100)).contains(&spent),
        "{spent:?}"
    );
    assert!(scene.app.store.counts().save > 10);
    scene.app.store.get_ref().heal();
    assert_eq!(browser.get("/get/n").await.body, "Some(0)");
}
