//! Whose deadlines a session has: its own, whatever the configuration says by now.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::Request;
use session::testing::{FakeClock, ModelStore};
use session::{
    Lifetime, Op, ReadOutcome, Record, Session, SessionLayer, SessionStore, StoreKey, Timestamp,
};

use crate::support::Browser;

const HOUR: Duration = Duration::from_secs(3600);

fn application(store: &Arc<ModelStore>, clock: &FakeClock, lifetime: Lifetime) -> Browser {
    let layer = SessionLayer::builder(Arc::clone(store))
        .clock(clock.clone())
        .lifetime(lifetime)
        .gc_interval(None)
        .build()
        .unwrap();
    let visit = async |session: Session| {
        let visits = session.get::<u64>("visits").unwrap().unwrap_or_default();
        session.set("visits", visits + 1).unwrap();
        visits.to_string()
    };
    Browser::of(Router::new().route("/visit", post(visit)).layer(layer))
}

fn key(browser: &Browser) -> StoreKey {
    let id = browser
        .cookie
        .as_deref()
        .unwrap()
        .split_once('=')
        .unwrap()
        .1;
    session::SessionId::parse(id.as_bytes())
        .unwrap()
        .store_key()
}

async fn record(store: &ModelStore, clock: &FakeClock, key: &StoreKey) -> Arc<Record> {
    let op = Op {
        now: session::Clock::now(clock),
        grace: Duration::from_secs(10),
        max_skew: Duration::from_secs(60),
    };
    match store.read(&op, key, None).await.unwrap() {
        ReadOutcome::Live(record) => record,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn t21_a_session_keeps_its_deadlines_under_changed_configurations() {
    let (store, clock) = (
        Arc::new(ModelStore::new()),
        FakeClock::new(Timestamp::from_millis(1_700_000_000_000)),
    );
    let own = Lifetime {
        idle: HOUR,
        absolute: 10 * HOUR,
    };
    let mut first = application(&store, &clock, own);
    first.post("/visit").await;
    let key = key(&first);
    let made = record(&store, &clock, &key).await;

    let shorter = application(
        &store,
        &clock,
        Lifetime {
            idle: HOUR / 6,
            absolute: HOUR,
        },
    );
    let longer = application(
        &store,
        &clock,
        Lifetime {
            idle: 1_000 * HOUR,
            absolute: 2_000 * HOUR,
        },
    );
    let by = [shorter, longer].map(|mut browser| {
        browser.cookie.clone_from(&first.cookie);
        browser
    });
    for n in 1..=1_000_usize {
        clock.advance(Duration::from_secs(30));
        assert_eq!(
            by[n % 2].peek(Request::post("/visit")).await.body,
            n.to_string()
        );
        let now = record(&store, &clock, &key).await;
        assert_eq!(now.header.lifetime, own);
        assert_eq!(now.header.absolute_deadline, made.header.absolute_deadline);
        assert!(now.header.idle_deadline <= made.header.absolute_deadline);
        // The interval of renewals comes on top, and is a twentieth of what is configured.
        let latest = session::Clock::now(&clock) + own.idle + 50 * HOUR;
        assert!(now.header.idle_deadline <= latest);
    }
    // 500 minutes have passed. It ends when it was to end when it began.
    clock.advance(10 * HOUR - Duration::from_secs(30_000) - Duration::from_millis(1));
    assert_eq!(by[1].peek(Request::post("/visit")).await.body, "1001");
    clock.advance(Duration::from_millis(1));
    for browser in &by {
        assert_eq!(browser.peek(Request::post("/visit")).await.body, "0");
    }
}
