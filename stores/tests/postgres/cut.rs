//! T55: the connection is cut at every point of the request and the reply of the verbs that write. What stands then is the
//! old state or the new one, and never two live ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session::{
    CreateOutcome, Header, OwnerKey, ReadOutcome, Record, RotateOutcome, SaveOutcome, SessionStore,
    StoreError, StoreKey, Timestamp, TouchOutcome,
};
use session_stores::postgres::PostgresStore;
use session_stores::postgres::driver::postgres::{PgPool, PgPoolOptions};

use crate::postgres_server::{Server, available, url};
use crate::proxy::{Plan, Proxy, SQL};
use crate::sessions::*;

/// What a verb is tried on: a session of an owner, and what would come after it.
struct Given {
    t: Timestamp,
    owner: OwnerKey,
    key: StoreKey,
    new: StoreKey,
    first: Record,
    second: Arc<Record>,
}

impl Given {
    async fn new(direct: &PostgresStore) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let t = now();
        // An owner of its own, so that the lists stay short.
        let owner = format!("owner {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let first = owned(t, &owner);
        let key = put(direct, t, &first).await;
        Self {
            t,
            owner: OwnerKey::of(&owner),
            key,
            new: key_after(&key),
            second: Arc::new(next(&first, 2)),
            first,
        }
    }

    /// Which of the two is live where, and what the owner's list says: always one picture.
    async fn found(&self, direct: &PostgresStore) -> (Option<Header>, Option<Header>) {
        let header = async |key| live(direct, self.t, key).await.map(|r| r.header.clone());
        let (old, new) = (header(&self.key).await, header(&self.new).await);
        let listed = direct.sessions_of(&op(self.t), &self.owner).await.unwrap();
        let live = [&old, &new].into_iter().flatten();
        let live: Vec<_> = live.map(|header| header.handle).collect();
        let listed: Vec<_> = listed.iter().map(|info| info.handle).collect();
        assert_eq!(live, listed, "the owner's list and the records disagree");
        (old, new)
    }
}

/// A store behind a proxy, with one connection.
struct Through {
    proxy: Proxy,
    pool: PgPool,
    store: PostgresStore,
}

impl Through {
    async fn new(server: &Server) -> Self {
        let proxy = Proxy::start(server.port, SQL).await;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(60))
            .test_before_acquire(false);
        let pool = pool.connect(&url(proxy.port)).await.unwrap();
        let builder = PostgresStore::builder().connect_timeout(Duration::from_secs(60));
        let builder = builder.response_timeout(Duration::from_secs(60));
        let store = builder.pool(pool.clone()).await.unwrap();
        Self { proxy, pool, store }
    }

    /// Waits until the pool has looked after what was given back to it, so that no byte of that is counted.
    async fn settled(&self) {
        while self.pool.num_idle() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// What can be done once the connection is cut.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// The engine cannot be reached, so that the answer is what the store makes of the cut.
    Nothing,
    /// It can, so that the store may repeat.
    Reconnect,
}

/// Runs `verb` with a cut after each byte of the reply and of the end of the request, and after every ninth of what
/// comes before that: to the engine it is one message that never ends. After each cut it runs `check` with the answer.
/// Where the store can connect again, every third of these has to do. Says how many answers were errors, and how many
/// cuts there were.
async fn cut_everywhere<T>(
    then: Then,
    verb: impl AsyncFn(&PostgresStore, &Given) -> Result<T, StoreError>,
    check: impl AsyncFn(&PostgresStore, &Given, Result<T, StoreError>),
) -> (usize, usize) {
    if !available() {
        return (0, 0);
    }
    let server = Server::shared();
    let direct = PostgresStore::builder().response_timeout(Duration::from_secs(60));
    let direct = direct.connect(&server.url()).await.unwrap();
    direct.migrate().await.unwrap();
    let through = Through::new(server).await;
    let (proxy, store) = (&through.proxy, &through.store);
    let (step, plan_then) = match then {
        Then::Nothing => (1, Plan::Dead),
        Then::Reconnect => (3, Plan::Pass),
    };
    let after_cut = || Box::new(plan_then.clone());

    // Without a cut: how many bytes there are once the connection knows the statement. What the pool sends and is
    // answered when it has the connection back, is five and six.
    let (mut requested, mut replied) = (0, 0);
    for _ in 0..2 {
        let given = Given::new(&direct).await;
        through.settled().await;
        proxy.plan(Plan::Pass);
        let answer = verb(store, &given).await;
        through.settled().await;
        assert!(answer.is_ok(), "{:?}", answer.err());
        check(&direct, &given, answer).await;
        (requested, replied) = proxy.counted();
    }
    (requested, replied) = (requested - 5, replied - 6);
    assert!(
        requested > 80 && replied > 30,
        "{requested} and {replied} bytes"
    );
    let end = requested - 48;
    let of_request = (0..end).step_by(9).chain(end..requested).step_by(step);
    let requests = of_request.map(|after| Plan::CutRequest {
        after,
        then: after_cut(),
    });
    let replies = (0..replied).step_by(step).map(|after| Plan::CutReply {
        after,
        then: after_cut(),
    });
    let (mut errors, mut cuts) = (0, 0);
    for plan in requests.chain(replies) {
        // The connection that the store has stands, and knows the statement.
        proxy.plan(Plan::Pass);
        let before = Given::new(&direct).await;
        while verb(store, &before).await.is_err() {}
        through.settled().await;
        let given = Given::new(&direct).await;
        proxy.plan(plan.clone());
        let answer = verb(store, &given).await;
        assert!(proxy.was_cut(), "{plan:?} did not happen");
        errors += usize::from(answer.is_err());
        cuts += 1;
        check(&direct, &given, answer).await;
    }
    assert!(then == Then::Reconnect || errors == cuts, "{errors} errors");
    (errors, cuts)
}

/// A renewal is there or not, and an answer does not deny it.
async fn renewed(direct: &PostgresStore, given: &Given, answered: Option<bool>) {
    let (old, new) = given.found(direct).await;
    let old = old.unwrap();
    let renewed = old.last_seen == given.t + INTERVAL;
    assert!(new.is_none() && (renewed || old == given.first.header));
    assert!(answered.is_none_or(|answered| answered && renewed));
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_read() {
    let verb = async |store: &PostgresStore, given: &Given| {
        let op = op(given.t + INTERVAL);
        store.read(&op, &given.key, Some(INTERVAL)).await
    };
    let check = async |direct: &PostgresStore, given: &Given, answer: Result<_, _>| {
        let live = |read| matches!(read, ReadOutcome::Live(found) if found.header.handle == given.first.header.handle);
        renewed(direct, given, answer.ok().map(live)).await;
    };
    cut_everywhere(Then::Nothing, verb, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_touch() {
    let verb = async |store: &PostgresStore, given: &Given| {
        let (version, op) = (given.first.header.version, op(given.t + INTERVAL));
        let deadline = op.now + Duration::from_secs(3600);
        store.touch(&op, &given.key, version, deadline).await
    };
    let check = async |direct: &PostgresStore, given: &Given, answer: Result<_, _>| {
        let touched = answer.ok().map(|outcome| outcome == TouchOutcome::Touched);
        renewed(direct, given, touched).await;
    };
    cut_everywhere(Then::Nothing, verb, check).await;
}

async fn create(store: &PostgresStore, given: &Given) -> Result<CreateOutcome, StoreError> {
    let second = Arc::clone(&given.second);
    store.create(&op(given.t), &given.new, second, None).await
}

/// What a creation has left: nothing, or all of it.
async fn created(direct: &PostgresStore, given: &Given, answer: Result<CreateOutcome, StoreError>) {
    let (old, new) = given.found(direct).await;
    assert_eq!(old.as_ref(), Some(&given.first.header));
    assert!(new.is_none() || new.as_ref() == Some(&given.second.header));
    if let Ok(outcome) = answer {
        assert!(outcome == CreateOutcome::Created && new.is_some());
    }
    assert_eq!(create(direct, given).await.unwrap(), CreateOutcome::Created);
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_create() {
    cut_everywhere(Then::Nothing, create, created).await;
}

async fn save(store: &PostgresStore, given: &Given) -> Result<SaveOutcome, StoreError> {
    let (second, expected) = (Arc::clone(&given.second), given.first.header.version);
    store.save(&op(given.t), &given.key, second, expected).await
}

/// What a save has left: the old record, or the new one and an answer that does not deny it.
async fn saved(direct: &PostgresStore, given: &Given, answer: Result<SaveOutcome, StoreError>) {
    let (old, new) = given.found(direct).await;
    let saved = old.as_ref() == Some(&given.second.header);
    assert!(new.is_none() && (saved || old.as_ref() == Some(&given.first.header)));
    let current = live(direct, given.t, &given.key).await.unwrap();
    assert_eq!(count(&current), 1 + u64::from(saved));
    if let Ok(outcome) = answer {
        assert!(matches!(outcome, SaveOutcome::Saved(_)) && saved);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_save() {
    cut_everywhere(Then::Nothing, save, saved).await;
}

/// Nobody knows whether a save was done, so none is repeated, though it could be.
#[tokio::test(flavor = "multi_thread")]
async fn t55_save_is_not_repeated() {
    let (errors, cuts) = cut_everywhere(Then::Reconnect, save, saved).await;
    assert_eq!(errors, cuts);
}

async fn rotate(store: &PostgresStore, given: &Given) -> Result<RotateOutcome, StoreError> {
    let (second, expected) = (Arc::clone(&given.second), given.first.header.version);
    store
        .rotate(&op(given.t), &given.key, &given.new, second, expected, None)
        .await
}

/// T16: exactly one of the two is live, and a repetition ends with the new one.
async fn rotated(direct: &PostgresStore, given: &Given, answer: Result<RotateOutcome, StoreError>) {
    match given.found(direct).await {
        (Some(old), None) => assert!(old == given.first.header && answer.is_err()),
        (None, Some(new)) => assert_eq!(new, given.second.header),
        other => panic!("{other:?}"),
    }
    let outcome = rotate(direct, given).await.unwrap();
    assert!(matches!(outcome, RotateOutcome::Saved(_)), "{outcome:?}");
    let (old, new) = given.found(direct).await;
    assert!(old.is_none() && new.as_ref() == Some(&given.second.header));
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_t16_rotate() {
    cut_everywhere(Then::Nothing, rotate, rotated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_t16_rotate_again() {
    cut_everywhere(
        Then::Reconnect,
        rotate,
        async |direct: &PostgresStore, given: &Given, answer| {
            // The engine could be reached again, so nobody is told of the cut.
            assert!(matches!(answer, Ok(RotateOutcome::Saved(_))), "{answer:?}");
            rotated(direct, given, answer).await;
        },
    )
    .await;
}

async fn destroy(store: &PostgresStore, given: &Given) -> Result<Option<StoreKey>, StoreError> {
    store.destroy(&op(given.t), &given.key).await
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy() {
    cut_everywhere(
        Then::Nothing,
        destroy,
        async |direct: &PostgresStore, given: &Given, answer| {
            let (old, new) = given.found(direct).await;
            assert!(new.is_none() && (old.is_none() || answer.is_err()));
            assert_eq!(destroy(direct, given).await.unwrap(), None);
            assert_eq!(given.found(direct).await, (None, None));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy_of() {
    let verb = async |store: &PostgresStore, given: &Given| {
        let handle = given.first.header.handle;
        store.destroy_of(&op(given.t), &given.owner, handle).await
    };
    let check = async |direct: &PostgresStore, given: &Given, answer: Result<bool, _>| {
        let (old, _) = given.found(direct).await;
        assert!(answer.is_err() || (answer.unwrap() && old.is_none()));
        assert!(old.is_none() || old.as_ref() == Some(&given.first.header));
    };
    cut_everywhere(Then::Nothing, verb, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy_all_of() {
    let verb = async |store: &PostgresStore, given: &Given| {
        store.destroy_all_of(&op(given.t), &given.owner, None).await
    };
    cut_everywhere(
        Then::Nothing,
        verb,
        async |direct: &PostgresStore, given: &Given, answer| {
            let (old, _) = given.found(direct).await;
            assert!(answer.is_err() || (answer.unwrap() == 1 && old.is_none()));
            // Where the session is dead, whoever authenticated before is kept out: one step did both.
            let late = create(direct, given).await.unwrap();
            let revoked = late == CreateOutcome::OwnerRevoked;
            assert_eq!(revoked, old.is_none(), "{late:?}");
        },
    )
    .await;
}
