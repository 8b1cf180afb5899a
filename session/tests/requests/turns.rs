//! Several handles of one request: a commit that another has begun is waited for, and an update sees what another did.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use session::testing::{Fault, Verb};
use session::{Data, Session, SessionSchema, Typed};

use crate::support::App;

#[derive(SessionSchema)]
struct Pair {
    #[session(default)]
    a: u64,
    #[session(default)]
    b: u64,
}

async fn commit_beside(pair: Typed<Pair>) {
    pair.update_a(|a| *a += 1);
    let session: Session = pair.session().clone();
    tokio::spawn(async move { session.commit().await.unwrap() });
    // It has taken what there was, and waits for the store.
    tokio::task::yield_now().await;
    pair.update_b(|b| *b += 1);
}

fn app() -> App {
    App::new(Router::new().route("/beside", post(commit_beside)).route(
        "/read",
        get(async |pair: Typed<Pair>| format!("{} {}", pair.a(), pair.b())),
    ))
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_request_waits_for_a_commit_of_the_same_handle() {
    let app = app();
    let mut browser = app.browser();
    for (n, verb) in [Verb::Create, Verb::Save, Verb::Save]
        .into_iter()
        .enumerate()
    {
        let late = Fault::Delay(Duration::from_millis(50));
        app.store.get_ref().inject(verb, 1, late);
        app.calls();
        let answer = browser.post("/beside").await;
        assert_eq!(answer.status, 200);
        // One cookie, for the session that the other commit made.
        assert_eq!(answer.set_cookies().len(), usize::from(n == 0));
        // Each stored once: nothing met a conflict, also not later.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(app.calls(), 2 + u64::from(n > 0));
        assert_eq!(app.store.get_ref().pending(), 0);
        let both = format!("{0} {0}", n + 1);
        assert_eq!(browser.get("/read").await.body, both);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_and_is_given_up_leaves_its_place() {
    let app = app();
    let mut browser = app.browser();
    assert_eq!(browser.post("/beside").await.status, 200);
    let late = Fault::Delay(Duration::from_millis(50));
    app.store.get_ref().inject(Verb::Save, 1, late);
    let request = http::Request::post("/beside");
    let given_up = tokio::time::timeout(Duration::from_millis(20), browser.peek(request)).await;
    assert!(given_up.is_err());
    app.layer.drain().await;
    // The spawned commit, and the one that was handed to the runtime while it waited.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(browser.get("/read").await.body, "2 2");
}

#[test]
fn an_update_runs_again_on_what_another_handle_has_put_there_while_it_ran() {
    let session = Session::detached(Data::new());
    for (key, value) in [("n", 1u64), ("other", 1)] {
        session.set(key, value).unwrap();
    }
    for (changed, seen, after) in [("n", vec![1, 50], 51), ("other", vec![51], 52)] {
        let runs = Arc::new(Mutex::new(Vec::new()));
        let (beside, shown) = (session.clone(), Arc::clone(&runs));
        let update = move |n: &mut Option<u64>| {
            let mut shown = shown.lock().unwrap();
            shown.push(n.unwrap());
            if shown.len() == 1 {
                beside.set(changed, 50u64).unwrap();
            }
            *n = n.map(|n| n + 1);
        };
        session.update("n", update).unwrap();
        assert_eq!(*runs.lock().unwrap(), seen);
        assert_eq!(session.get::<u64>("n").unwrap(), Some(after));
    }
}
