//! T54: clients that go away at any point.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use session::testing::{Fault, FaultStore, Verb};
use session_stores::MemoryStore;

use crate::checker::check;
use crate::world::{Act, Event, Jar, Outcome, Prng, Sent, app, layer, read_all};

const BROWSERS: u64 = 20;
const REQUESTS: u64 = 100;

/// The answer, unless it takes more polls than that.
async fn within(polls: u64, answer: impl Future<Output = Response>) -> Option<Response> {
    let mut answer = pin!(answer);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        answer.as_mut().poll(context).map(Some)
    })
    .await
}

/// One browser's requests, of which most are given up at a random point.
async fn impatient(app: Router, browser: u64, mut prng: Prng) -> Vec<Event> {
    let jar = Jar::holding(None);
    let mut events = Vec::new();
    for n in 0..REQUESTS {
        let op = ((browser + 1) << 20) + (n << 8) + prng.below(256);
        let act = Act::random(&mut prng, browser);
        let sent = Sent::new(browser, act, op, jar.get());
        // A future is dropped where it waits: in the load, in the handler, or in the commit.
        let answer = within(1 + prng.below(14), sent.answer(&app)).await;
        let event = sent.end(answer).await;
        jar.keep(&event.told);
        events.push(event);
    }
    events
}

fn tasks_alive() -> usize {
    let runtime = tokio::runtime::Handle::current();
    runtime.metrics().num_alive_tasks()
}

async fn eventually(is_so: impl Fn() -> bool, otherwise: &str) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{otherwise}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t54_two_thousand_cancelled_requests_leak_nothing() {
    let store = Arc::new(FaultStore::new(MemoryStore::new()));
    let layer = layer(Arc::clone(&store));
    let app = app(&layer);
    let tasks_before = tasks_alive();
    for (verb, fault) in [
        (Verb::Read, Fault::Delay(Duration::from_millis(1))),
        (Verb::Save, Fault::Delay(Duration::from_millis(2))),
        (Verb::Create, Fault::DelayAnswer(Duration::from_millis(2))),
        (Verb::Rotate, Fault::DelayAnswer(Duration::from_millis(3))),
        (Verb::Destroy, Fault::Delay(Duration::from_millis(1))),
        (
            Verb::DestroyAllOf,
            Fault::DelayAnswer(Duration::from_millis(1)),
        ),
    ] {
        store.always(verb, fault);
    }
    let seed = 54;
    let mut prng = Prng(seed);
    let tasks: Vec<_> = (0..BROWSERS)
        .map(|browser| tokio::spawn(impatient(app.clone(), browser, Prng(prng.next()))))
        .collect();
    let mut history = Vec::new();
    for task in tasks {
        history.extend(task.await.unwrap());
    }
    let given_up = history.iter().filter(|e| e.outcome == Outcome::Unknown);
    let (given_up, all) = (given_up.count() as u64, BROWSERS * REQUESTS);
    assert!(given_up * 4 > all && given_up * 4 < all * 3, "{given_up}");

    tokio::time::timeout(Duration::from_secs(30), layer.drain())
        .await
        .expect("every commit that was handed off ends");
    store.heal();
    let last = history.len();
    read_all(&app, &mut history).await;
    let bodies = |history: &[Event]| -> Vec<_> {
        history
            .iter()
            .map(|e| (e.sent.clone(), e.body.clone()))
            .collect()
    };
    let drained = bodies(&history[last..]);
    let seen = check(&history).unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
    assert!(seen.live > 0 && seen.gone > 0, "{seen:?}");

    // Nothing goes on behind: neither a change nor a task nor a handle that holds the store.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut again: Vec<Event> = history[..last].to_vec();
    read_all(&app, &mut again).await;
    assert_eq!(drained, bodies(&again[last..]));
    layer.stop_gc();
    drop((app, layer));
    eventually(
        || Arc::strong_count(&store) == 1,
        "something holds the store",
    )
    .await;
    eventually(
        || tasks_alive() == tasks_before,
        "there is a task that does not end",
    )
    .await;
}
