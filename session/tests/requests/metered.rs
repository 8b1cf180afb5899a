//! What a metered store tells of the calls that requests make.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use session::testing::{FakeClock, Fault, FaultStore, ModelStore};
use session::{
    CallOutcome, MeteredStore, Session, SessionLayer, StoreCall, StoreErrorKind, Timestamp, Verb,
};

use crate::support::Browser;

type Told = Arc<Mutex<Vec<StoreCall>>>;

struct World {
    browser: Browser,
    faults: Arc<FaultStore<ModelStore>>,
    clock: FakeClock,
    told: Told,
}

fn world() -> World {
    let told = Told::default();
    let faults = Arc::new(FaultStore::new(ModelStore::new()));
    let clock = FakeClock::new(Timestamp::from_millis(1_700_000_000_000));
    let hears = Arc::clone(&told);
    let store = MeteredStore::new(Arc::clone(&faults), move |call: &StoreCall| {
        hears.lock().unwrap().push(*call);
    });
    let layer = SessionLayer::builder(store)
        .clock(clock.clone())
        .gc_interval(None)
        .build()
        .unwrap();
    let write = async |session: Session| session.set("name", "ann".to_owned());
    let read = async |session: Session| {
        session
            .get::<String>("name")
            .map(|name| name.is_some().to_string())
    };
    let destroy = async |session: Session| session.destroy();
    let routes = Router::new()
        .route("/write", post(write))
        .route("/read", get(read))
        .route("/destroy", post(destroy));
    World {
        browser: Browser::of(routes.layer(layer)),
        faults,
        clock,
        told,
    }
}

impl World {
    /// What was told since it was last asked: verb, outcome, bytes, renewal.
    fn told(&self) -> Vec<(Verb, CallOutcome, Option<usize>, bool)> {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        let parts = |call: &StoreCall| (call.verb, call.outcome, call.bytes, call.renewed);
        told.iter().map(parts).collect()
    }
}

/// `name` and `"ann"`.
const BYTES: Option<usize> = Some(9);

#[tokio::test]
async fn each_call_is_told_and_what_came_of_it() {
    let mut world = world();
    world.browser.get("/read").await;
    assert_eq!(world.told(), [], "nobody has a session yet");
    world.browser.post("/write").await;
    assert_eq!(
        world.told(),
        [(Verb::Create, CallOutcome::Done, BYTES, false)]
    );
    world.clock.advance(Duration::from_secs(1));
    world.browser.get("/read").await;
    assert_eq!(
        world.told(),
        [(Verb::Read, CallOutcome::Done, BYTES, false)]
    );
    world.clock.advance(Duration::from_secs(600));
    world.browser.get("/read").await;
    assert_eq!(world.told(), [(Verb::Read, CallOutcome::Done, BYTES, true)]);
    world.clock.advance(Duration::from_secs(1));
    world.browser.post("/write").await;
    let (read, save) = (
        (Verb::Read, CallOutcome::Done, BYTES, false),
        (Verb::Save, CallOutcome::Done, BYTES, false),
    );
    assert_eq!(world.told(), [read, save]);
    let late = world.browser.cookie.clone();
    world.clock.advance(Duration::from_secs(1));
    world.browser.post("/destroy").await;
    let destroy = (Verb::Destroy, CallOutcome::Done, None, false);
    assert_eq!(world.told(), [read, destroy]);
    world.browser.cookie = late;
    world.browser.get("/read").await;
    assert_eq!(
        world.told(),
        [(Verb::Read, CallOutcome::Nothing, None, false)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_or_that_nobody_waits_for_is_told_too() {
    let mut world = world();
    world.browser.post("/write").await;
    world.told();
    let failure = Fault::Fail(StoreErrorKind::Full);
    world.faults.inject(Verb::Save, 1, failure);
    let answer = world.browser.post("/write").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let failed = (
        Verb::Save,
        CallOutcome::Failed(StoreErrorKind::Full),
        BYTES,
        false,
    );
    assert_eq!(world.told()[1], failed);

    world.faults.inject(Verb::Save, 1, Fault::Hang);
    world.browser.post("/write").await;
    let abandoned = (Verb::Save, CallOutcome::Abandoned, BYTES, false);
    assert_eq!(world.told()[1], abandoned);
}

#[tokio::test]
async fn a_conflict_is_told_as_one_and_the_time_that_a_call_took() {
    let mut world = world();
    world.browser.post("/write").await;
    world.told();
    // The answer is that of the second call, which meets the first.
    world.faults.inject(Verb::Save, 1, Fault::Repeat);
    world.browser.post("/write").await;
    let told = std::mem::take(&mut *world.told.lock().unwrap());
    assert_eq!(told[1].outcome, CallOutcome::Conflict);
    assert!(told[1].elapsed >= Duration::from_millis(1), "{told:?}");
    assert!(!format!("{told:?}").contains("ann"));
}
