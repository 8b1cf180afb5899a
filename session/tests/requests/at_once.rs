//! A store that is always ready: the commit is made where the request ends, by whoever has the handle alone.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::routing::{get, post};
use session::testing::{CountingStore, Counts, FakeClock, ModelStore};
use session::{
    Clock, ErrorKind, LazySession, Op, ReadOutcome, Record, Session, SessionLayer, SessionSchema,
    SessionStore, Timestamp, Typed,
};

use crate::support::Browser;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user: Option<u64>,
    #[session(default)]
    n: u64,
    #[session(default)]
    text: String,
}

type Store = Arc<CountingStore<ModelStore>>;

#[derive(Clone)]
struct World {
    store: Store,
    clock: FakeClock,
}

impl World {
    fn op(&self) -> Op {
        Op {
            now: self.clock.now(),
            grace: Duration::from_secs(10),
            max_skew: Duration::ZERO,
        }
    }

    /// What another node does while the handler runs: adds ten.
    async fn interfere(&self, session: &Session) {
        let key = session.id().unwrap().store_key();
        let op = self.op();
        let found = self.store.read(&op, &key, None).await.unwrap();
        let ReadOutcome::Live(record) = found else {
            panic!("{found:?}");
        };
        let expected = record.header.version;
        let mut next = Record::clone(&record);
        next.header.version = expected.next();
        let n = next.data.get::<u64>("n").unwrap().unwrap_or_default();
        next.data.insert("n", n + 10);
        let saved = self.store.save(&op, &key, Arc::new(next), expected);
        saved.await.unwrap();
    }

    fn calls(&self) -> Counts {
        let counts = self.store.counts();
        self.store.reset();
        counts
    }
}

async fn add(State(world): State<World>, account: Typed<Account>) {
    account.update_n(|n| *n += 1);
    world.interfere(account.session()).await;
}

async fn add_and_keep(State(world): State<World>, account: Typed<Account>) {
    account.update_n(|n| *n += 1);
    world.interfere(account.session()).await;
    let session = account.session().clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        session.set("later", 1u64).unwrap();
        session.commit().await.unwrap();
    });
}

async fn write_too_late(State(world): State<World>, account: Typed<Account>) {
    account.set_n(1);
    let key = account.session().id().unwrap().store_key();
    world.store.destroy(&world.op(), &key).await.unwrap();
}

fn world() -> (World, Browser) {
    let world = World {
        store: Arc::default(),
        clock: FakeClock::new(Timestamp::from_millis(1_700_000_000_000)),
    };
    let layer = SessionLayer::builder(Arc::clone(&world.store))
        .clock(world.clock.clone())
        .gc_interval(None)
        .max_bytes(1_000)
        .build()
        .unwrap();
    let sleepy = world.clock.clone();
    let wait = from_fn(move |request: Request, next: Next| {
        let clock = sleepy.clone();
        async move {
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(2 * 3600));
            next.run(request).await
        }
    });
    let router = Router::new()
        .route(
            "/lives",
            get(async |s: Session| s.id().is_some().to_string()),
        )
        .route_layer(wait)
        .route("/login", post(async |a: Typed<Account>| a.set_user(1)))
        .route("/n", get(async |a: Typed<Account>| a.n().to_string()))
        .route(
            "/later",
            get(async |s: Session| s.contains("later").to_string()),
        )
        .route("/add", post(add))
        .route("/add-and-keep", post(add_and_keep))
        .route("/late", post(write_too_late))
        .route(
            "/grow",
            post(async |a: Typed<Account>| a.set_text("x".repeat(2_000))),
        )
        .route(
            "/login-and-grow",
            post(async |a: Typed<Account>| {
                a.set_user(1);
                a.set_text("x".repeat(2_000));
            }),
        )
        .route(
            "/leave",
            post(async |a: Typed<Account>| {
                a.session().destroy();
                a.set_n(7);
            }),
        )
        .route("/plain", post(async |a: Typed<Account>| a.set_n(1)))
        .route("/nothing", get(async |_: LazySession| ()))
        .with_state(world.clone())
        .layer(layer);
    let browser = Browser::of(router);
    (world, browser)
}

#[tokio::test]
async fn an_update_that_meets_another_is_repeated_on_what_that_one_stored() {
    let (world, mut browser) = world();
    browser.post("/login").await;
    let plain = browser.post("/plain").await;
    assert_eq!(plain.header("cache-control"), Some("no-store"));
    world.calls();
    let answer = browser.post("/add").await;
    assert_eq!(
        (answer.status.as_u16(), answer.set_cookies().len()),
        (200, 0)
    );
    // Somebody is signed in.
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // Of ours a read, the refused save and the next; of the other node a read and a save.
    assert_eq!(
        world.calls(),
        Counts {
            read: 2,
            save: 3,
            ..Counts::default()
        }
    );
    assert_eq!(browser.get("/n").await.body, "12");
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_outlives_the_request_goes_on_from_what_was_stored() {
    let (world, mut browser) = world();
    browser.post("/login").await;
    assert_eq!(browser.post("/add-and-keep").await.status, 200);
    assert_eq!(browser.get("/n").await.body, "11");
    world.calls();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // It knows the version that the request stored in the end: there is no conflict.
    assert_eq!(
        world.calls(),
        Counts {
            save: 1,
            ..Counts::default()
        }
    );
    assert_eq!(browser.get("/later").await.body, "true");
}

#[tokio::test]
async fn what_is_refused_is_said_and_no_shared_cache_keeps_it() {
    let (_, mut browser) = world();
    let refused = browser.post("/login-and-grow").await;
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    assert_eq!(refused.set_cookies().len(), 0);
    browser.post("/login").await;
    let refused = browser.post("/grow").await;
    let kind = refused.error.as_ref().map(session::Error::kind);
    assert_eq!(
        (refused.status.as_u16(), kind),
        (500, Some(ErrorKind::TooLarge))
    );
    // Somebody is signed in, as before.
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    assert_eq!(browser.post("/add").await.status, 200);

    let late = browser.post("/late").await;
    let kind = late.error.as_ref().map(session::Error::kind);
    assert_eq!((late.status.as_u16(), kind), (409, Some(ErrorKind::Gone)));
    assert_eq!(late.set_cookies().len(), 0);
}

#[tokio::test]
async fn who_leaves_and_is_told_so_has_a_new_session() {
    let (world, mut browser) = world();
    browser.post("/login").await;
    let first = browser.cookie.clone();
    world.calls();
    let answer = browser.post("/leave").await;
    assert_eq!(answer.set_cookies().len(), 1);
    let calls = Counts {
        read: 1,
        destroy: 1,
        create: 1,
        ..Counts::default()
    };
    assert_eq!(world.calls(), calls);
    assert_ne!(browser.cookie, first);
    assert_eq!(browser.get("/n").await.body, "7");
    browser.cookie = first;
    assert_eq!(browser.get("/n").await.body, "0");
    world.calls();
    browser.get("/nothing").await;
    assert_eq!(world.calls(), Counts::default());
}

#[tokio::test]
async fn t17_a_session_that_dies_while_its_request_waits_is_dead() {
    let (_, mut browser) = world();
    browser.post("/login").await;
    assert_eq!(browser.get("/n").await.body, "0");
    // Two hours pass between its arrival and the handler; it lives for one.
    assert_eq!(browser.get("/lives").await.body, "false");
}
