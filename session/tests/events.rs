//! What the library says of what happens, and that it never says an id, a hash or a value (T32).

#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use http::Request;
use session::testing::{Fault, Verb};
use session::{Session, SessionId, SessionSchema, StoreErrorKind, StoreHandle, Typed};
use support::{App, Browser};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(secret)]
    seed: Option<String>,
    #[session(default)]
    n: u64,
}

/// Every event of the library as a line, and how many of them were looked at.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<(String, usize)>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("session")
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let log = &mut self.0.lock().unwrap().0;
        write!(log, "{}", event.metadata().level()).unwrap();
        event.record(&mut Line(log));
        log.push('\n');
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl Log {
    /// What was said since the last look.
    fn said(&self) -> String {
        let (log, seen) = &mut *self.0.lock().unwrap();
        let said: Vec<_> = log.lines().skip(*seen).collect();
        *seen += said.len();
        said.join("\n")
    }
}

const SECRET: &str = "JBSWY3DPEHPK3PXP";

fn routes(kept: &Arc<Mutex<Option<Session>>>) -> Router {
    let keeper = Arc::clone(kept);
    Router::new()
        .route(
            "/read",
            get(async |a: Typed<Account>| format!("{a:?} {:?}", a.seed().is_some())),
        )
        .route(
            "/write",
            post(async |a: Typed<Account>| {
                a.update_n(|n| *n += 1);
                a.set_seed(SECRET.to_owned());
            }),
        )
        .route(
            "/spoil",
            post(async |s: Session| s.set("n", SECRET.to_owned())),
        )
        .route("/login", post(async |a: Typed<Account>| a.set_user_id(1)))
        .route("/rotate", post(async |s: Session| s.regenerate_id()))
        .route("/logout", post(async |s: Session| s.destroy()))
        .route(
            "/fail",
            post(async |a: Typed<Account>| {
                a.set_n(9);
                http::StatusCode::INTERNAL_SERVER_ERROR
            }),
        )
        .route(
            "/login-revoked",
            post(async |a: Typed<Account>, store: StoreHandle| {
                a.set_user_id(2);
                store.destroy_all_of(&2).await.map(drop)
            }),
        )
        .route(
            "/keep",
            post(async move |s: Session| *keeper.lock().unwrap() = Some(s)),
        )
}

#[tokio::test]
async fn t32_each_thing_that_happens_is_said_once_and_without_secrets() {
    let kept = Arc::default();
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let app = App::new(routes(&kept));
    let mut browser = app.browser();
    let mut ids = Vec::new();
    let mut said = |browser: &Browser, expected: &str| {
        ids.extend(browser.cookie.clone());
        assert_eq!(log.said(), expected);
    };

    browser.get("/read").await;
    said(&browser, "");
    browser.post("/write").await;
    said(&browser, "DEBUG message=session created");
    browser.post("/write").await;
    said(&browser, "");
    let before = browser.clone();
    browser.post("/login").await;
    said(&browser, "DEBUG message=session rotated");
    before.peek(Request::get("/read")).await;
    let gone = "INFO message=session gone: a client presented the id of a session that has ended or moved on";
    said(&browser, gone);
    before.peek(Request::post("/write")).await;
    let dropped = "WARN message=session gone: changes were dropped";
    let refused =
        "WARN message=session refused: the session has ended or moved on meanwhile kind=Gone";
    said(&browser, &format!("{gone}\n{dropped}\n{refused}"));
    browser.post("/fail").await;
    let discarded = "DEBUG message=session unchanged: the response is a server error, so data changes were not saved";
    said(&browser, discarded);

    // A value of another type: key, wanted type and cause.
    browser.post("/spoil").await;
    said(&browser, "");
    browser.get("/read").await;
    said(&browser, "");
    browser.post("/write").await;
    said(
        &browser,
        "WARN message=session value unreadable: the stored value has another shape key=\"n\" wanted=\"u64\"",
    );

    // A change that nobody commits.
    browser.post("/keep").await;
    let session: Session = kept.lock().unwrap().take().unwrap();
    session.set("n", 5u64).unwrap();
    said(&browser, "");
    drop(session);
    said(
        &browser,
        "WARN message=session lost: a handle was dropped with changes that nobody committed",
    );

    // The store fails.
    let down = Fault::Fail(StoreErrorKind::Unavailable);
    app.store.get_ref().inject(Verb::Read, 1, down);
    browser.get("/read").await;
    let failed = log.said();
    assert!(
        failed.contains("WARN message=session store: ") && failed.contains("verb=\"read\""),
        "{failed}"
    );

    let mut late = app.browser();
    late.post("/write").await;
    said(&late, "DEBUG message=session created");
    late.post("/login-revoked").await;
    let revoked = log.said();
    assert!(
        revoked.contains("INFO message=session revoked: "),
        "{revoked}"
    );

    let ended = browser.clone();
    browser.post("/logout").await;
    said(&browser, "DEBUG message=session destroyed");
    app.wait(11);
    ended.peek(Request::get("/read")).await;
    said(
        &ended,
        "DEBUG message=session unknown or expired: a client presented an id under which nothing lives",
    );

    // Of all that was said, nothing opens a session or tells what is in one.
    let all = &log.0.lock().unwrap().0;
    assert!(ids.len() > 5 && all.lines().count() > 10);
    for cookie in ids {
        let text = cookie.split_once('=').unwrap().1;
        let key = SessionId::parse(text.as_bytes()).unwrap().store_key();
        let hash: String = key.hash()[..4].iter().map(|b| format!("{b:02x}")).collect();
        assert!(!all.contains(text) && !all.contains(&hash), "{all}");
    }
    assert!(!all.contains(SECRET), "{all}");
}
