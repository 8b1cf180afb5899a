//! The client for tests tells what a handler did, and nothing that it did not do.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use axum::routing::get;
use axum::{Router, http::header};
use http::{Request, StatusCode};
use session::testing::{TestOutcome, TestSession};
use session::{Data, ErrorKind, Session, SessionSchema, Typed};

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user: Option<String>,
    #[session(keep)]
    theme: Option<String>,
    #[session(default)]
    n: u64,
}

fn account(session: &Session) -> Typed<Account> {
    session.typed().unwrap()
}

async fn signed_in() -> TestSession {
    TestSession::with(|session| {
        account(session).set_user("ann".to_owned());
        account(session).set_n(1);
        account(session).set_theme("dark".to_owned());
    })
    .await
}

/// created, rotated, destroyed, told
fn did<T>(outcome: &TestOutcome<T>) -> [bool; 4] {
    [
        outcome.is_created,
        outcome.is_rotated,
        outcome.is_destroyed,
        outcome.set_cookie.is_some(),
    ]
}

#[tokio::test]
async fn a_visitor_is_told_an_id_with_the_first_write() {
    let mut client = TestSession::new();
    let read = client.run(async |s: Session| s.get::<u64>("n")).await;
    assert_eq!(read.output.as_ref().unwrap(), &None);
    assert_eq!(did(&read), [false; 4]);
    assert!(read.record().is_none());

    let first = client
        .run(async |s: Session| account(&s).update_n(|n| *n += 2))
        .await;
    assert_eq!(did(&first), [true, false, false, true]);
    let second = client
        .run(async |s: Session| account(&s).update_n(|n| *n += 2))
        .await;
    assert_eq!(did(&second), [false; 4]);
    assert_eq!(
        (first.get::<u64>("n"), second.get::<u64>("n")),
        (Some(2), Some(4))
    );
}

#[tokio::test]
async fn owners_come_and_go() {
    let mut client = signed_in().await;
    let seen = client.run(async |s: Session| account(&s).user()).await;
    assert_eq!(seen.output.as_deref(), Some("ann"));
    assert!(seen.is_owned_by("ann") && !seen.is_owned_by("bob"));
    assert_eq!(did(&seen), [false; 4]);

    let other = client
        .run(async |s: Session| account(&s).set_user("bob".to_owned()))
        .await;
    assert_eq!(did(&other), [false, true, false, true]);
    assert!(other.is_owned_by("bob"));
    assert_eq!(
        (other.get::<u64>("n"), other.get::<String>("theme")),
        (None, Some("dark".to_owned()))
    );
}

#[tokio::test]
async fn the_end_of_a_session_is_told_from_its_moving_on() {
    let mut client = signed_in().await;
    let moved = client.run(async |s: Session| s.regenerate_id()).await;
    assert_eq!(did(&moved), [false, true, false, true]);
    assert!(moved.is_owned_by("ann"));

    let over = client
        .run(async |s: Session| {
            s.destroy();
            s.set("notice", "signed out".to_owned())
        })
        .await;
    assert_eq!(did(&over), [true, false, true, true]);
    assert_eq!(over.data().keys().collect::<Vec<_>>(), ["notice"]);
    assert!(!over.is_owned_by("ann"));

    let ended = client.run(async |s: Session| s.destroy()).await;
    assert_eq!(did(&ended), [false, false, true, true]);
    assert!(ended.record().is_none());
    let after = client.run(async |s: Session| s.id()).await;
    assert_eq!((after.output, did(&after)), (None, [false; 4]));
}

#[tokio::test]
async fn what_happens_between_explicit_commits_is_summed_up() {
    let mut client = signed_in().await;
    let twice = client
        .run(async |s: Session| {
            s.regenerate_id();
            s.commit().await.unwrap();
            s.regenerate_id();
        })
        .await;
    assert_eq!(did(&twice), [false, true, false, true]);
    let over = client
        .run(async |s: Session| {
            s.regenerate_id();
            s.commit().await.unwrap();
            s.destroy();
            s.set("n", 5u64)
        })
        .await;
    assert_eq!(did(&over), [true, false, true, true]);
    assert_eq!(over.get::<u64>("n"), Some(5));
}

#[tokio::test]
async fn time_and_others_end_it_too() {
    let mut client = signed_in().await;
    client.clock().advance(Duration::from_secs(4_000));
    let late = client
        .run(async |s: Session| account(&s).user().is_some())
        .await;
    assert!(!late.output && late.record().is_none());

    let mut client = signed_in().await;
    let store = client.layer().store();
    let revoked = client
        .run(async |s: Session| {
            account(&s).set_n(9);
            store.destroy_all_of("ann").await.unwrap()
        })
        .await;
    assert_eq!(
        (
            revoked.output,
            revoked.error.as_ref().map(session::Error::kind)
        ),
        (1, Some(ErrorKind::Gone))
    );
    assert_eq!(did(&revoked), [false, false, true, false]);
}

#[tokio::test]
async fn data_signs_nobody_in() {
    let mut data = Data::new();
    data.insert("user", "ann".to_owned());
    data.insert("n", 3u64);
    let mut client = TestSession::with_data(data).await;
    let seen = client
        .run(async |s: Session| (account(&s).user(), account(&s).n()))
        .await;
    assert_eq!((&seen.output, did(&seen)), (&(None, 3), [false; 4]));
    assert!(!seen.is_owned_by("ann"));
}

#[tokio::test]
async fn a_router_is_called_with_its_own_cookies_beside_ours() {
    let handler = async |account: Typed<Account>| {
        account.update_n(|n| *n += 1);
        ([(header::SET_COOKIE, "other=1")], account.n().to_string())
    };
    let router: Router = Router::new()
        .route("/", get(handler))
        .route("/fails", get(async |s: Session| s.set("__reserved", 1)));
    let mut client = TestSession::new();
    for n in 1..3 {
        let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
        let did = client.call(router.clone(), request).await;
        assert_eq!((did.is_created, did.set_cookie.is_some()), (n == 1, n == 1));
        assert_eq!(did.output.status(), StatusCode::OK);
        assert_eq!(did.get::<u64>("n"), Some(n));
    }
    let request = Request::get("/fails").body(axum::body::Body::empty());
    let failed = client.call(router, request.unwrap()).await;
    assert_eq!(failed.output.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(failed.error.unwrap().kind(), ErrorKind::ReservedKey);
}

#[tokio::test]
#[should_panic(expected = "the session to begin with: the session takes")]
async fn a_beginning_that_cannot_be_is_no_silent_one() {
    TestSession::with(|session| session.set("much", "x".repeat(70_000)).unwrap()).await;
}
