//! T55: the connection is cut after each byte of request and reply of each verb. What stands then is the old state or
//! the new one, and never two live ids.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Header, OwnerKey, ReadOutcome, Record, RotateOutcome, SaveOutcome, SessionStore,
    StoreError, StoreKey, Timestamp, TouchOutcome,
};
use session_stores::redis::RedisStore;

use crate::places::places;
use crate::proxy::{Plan, Proxy, REDIS};
use crate::redis_server::{Server, available};
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
    async fn new(direct: &RedisStore, n: usize) -> Self {
        let t = now();
        // An owner of its own, so that the sets stay small.
        let owner = format!("owner {n}");
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
    async fn found(&self, direct: &RedisStore) -> (Option<Header>, Option<Header>) {
        let old = live(direct, self.t, &self.key)
            .await
            .map(|r| r.header.clone());
        let new = live(direct, self.t, &self.new)
            .await
            .map(|r| r.header.clone());
        let listed = direct.sessions_of(&op(self.t), &self.owner).await.unwrap();
        let live = [&old, &new].into_iter().flatten();
        let live: Vec<_> = live.map(|header| header.handle).collect();
        let listed: Vec<_> = listed.iter().map(|info| info.handle).collect();
        assert_eq!(live, listed, "the owner's set and the records disagree");
        (old, new)
    }
}

/// Runs `verb` with a cut after each byte, and after each `check` with its answer. The engine cannot be reached after
/// a cut, so that the answer is what the store makes of it; with `again` it can, so that the store may repeat.
async fn cut_everywhere<T>(
    again: bool,
    verb: impl AsyncFn(&RedisStore, &Given) -> Result<T, StoreError>,
    check: impl AsyncFn(&RedisStore, &Given, Result<T, StoreError>),
) {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port, REDIS).await;
    // Slow is not wrong.
    let builder = RedisStore::builder()
        .response_timeout(Duration::from_secs(20))
        .connect_timeout(Duration::from_secs(20));
    let direct = builder.clone().connect(server.url()).await.unwrap();
    let through = builder.connect(proxy.url()).await.unwrap();
    let after_cut = || Box::new(if again { Plan::Pass } else { Plan::Dead });

    // Once without a cut: how many bytes there are, and the script is known from now on.
    let mut n = 0;
    let (mut requested, mut replied) = (0, 0);
    for _ in 0..2 {
        let given = Given::new(&direct, n).await;
        n += 1;
        proxy.plan(Plan::Pass);
        let answer = verb(&through, &given).await;
        assert!(answer.is_ok(), "{:?}", answer.err());
        check(&direct, &given, answer).await;
        (requested, replied) = proxy.counted();
    }
    assert!(
        requested > 100 && replied > 10,
        "{requested} and {replied} bytes"
    );
    let requests = places(requested).map(|after| Plan::CutRequest {
        after,
        then: after_cut(),
    });
    let replies = places(replied).map(|after| Plan::CutReply {
        after,
        then: after_cut(),
    });
    let (mut cuts, mut errors) = (0, 0);
    for plan in requests.chain(replies) {
        cuts += 1;
        let given = Given::new(&direct, n).await;
        n += 1;
        // The connection that the store has stands, so that the bytes that are counted are the verb's.
        proxy.plan(Plan::Pass);
        while through.exists(&op(given.t), &given.key).await.is_err() {}
        proxy.plan(plan.clone());
        let answer = verb(&through, &given).await;
        assert!(proxy.was_cut(), "{plan:?} did not happen");
        errors += usize::from(answer.is_err());
        proxy.plan(Plan::Pass);
        check(&direct, &given, answer).await;
    }
    assert!(again || errors == cuts, "{errors} errors");
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_read() {
    let verb = async |store: &RedisStore, given: &Given| {
        store
            .read(&op(given.t + INTERVAL), &given.key, Some(INTERVAL))
            .await
    };
    cut_everywhere(false, verb, async |direct, given, answer| {
        let (old, new) = given.found(direct).await;
        let old = old.unwrap();
        let renewed = old.last_seen == given.t + INTERVAL;
        assert!(renewed || old == given.first.header);
        assert!(new.is_none() && (renewed || answer.is_err()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_read_again() {
    let verb =
        async |store: &RedisStore, given: &Given| store.read(&op(given.t), &given.key, None).await;
    cut_everywhere(true, verb, async |_, given, answer| match answer {
        Ok(ReadOutcome::Live(found)) => assert_eq!(found.header, given.first.header),
        other => panic!("{other:?}"),
    })
    .await;
}

async fn create(store: &RedisStore, given: &Given) -> Result<CreateOutcome, StoreError> {
    store
        .create(&op(given.t), &given.new, Arc::clone(&given.second), None)
        .await
}

/// What a creation has left: nothing, or all of it.
async fn created(direct: &RedisStore, given: &Given, answer: Result<CreateOutcome, StoreError>) {
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
    cut_everywhere(false, create, created).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_create_again() {
    cut_everywhere(true, create, created).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_save() {
    let verb = async |store: &RedisStore, given: &Given| {
        let expected = given.first.header.version;
        store
            .save(
                &op(given.t),
                &given.key,
                Arc::clone(&given.second),
                expected,
            )
            .await
    };
    // Even where the engine can be reached again: nobody knows whether a save was done, so none is repeated.
    for again in [false, true] {
        cut_everywhere(again, verb, async |direct, given, answer| {
            let (old, new) = given.found(direct).await;
            let saved = old.as_ref() == Some(&given.second.header);
            assert!(new.is_none() && (saved || old.as_ref() == Some(&given.first.header)));
            let current = live(direct, given.t, &given.key).await.unwrap();
            assert_eq!(count(&current), 1 + u64::from(saved));
            if let Ok(outcome) = answer {
                assert!(matches!(outcome, SaveOutcome::Saved(_)) && saved);
            }
        })
        .await;
    }
}

async fn rotate(store: &RedisStore, given: &Given) -> Result<RotateOutcome, StoreError> {
    let expected = given.first.header.version;
    let second = Arc::clone(&given.second);
    store
        .rotate(&op(given.t), &given.key, &given.new, second, expected, None)
        .await
}

/// T16: exactly one of the two is live, and a repetition ends with the new one.
async fn rotated(direct: &RedisStore, given: &Given, answer: Result<RotateOutcome, StoreError>) {
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
    cut_everywhere(false, rotate, rotated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_t16_rotate_again() {
    cut_everywhere(true, rotate, rotated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_touch() {
    let verb = async |store: &RedisStore, given: &Given| {
        let (version, later) = (given.first.header.version, given.t + INTERVAL);
        store
            .touch(
                &op(later),
                &given.key,
                version,
                later + Duration::from_secs(3600),
            )
            .await
    };
    cut_everywhere(false, verb, async |direct, given, answer| {
        let old = given.found(direct).await.0.unwrap();
        let touched = old.last_seen == given.t + INTERVAL;
        assert!(touched || old == given.first.header);
        if let Ok(outcome) = answer {
            assert!(outcome == TouchOutcome::Touched && touched);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy() {
    let verb =
        async |store: &RedisStore, given: &Given| store.destroy(&op(given.t), &given.key).await;
    cut_everywhere(false, verb, async |direct, given, answer| {
        let (old, new) = given.found(direct).await;
        assert!(new.is_none() && (old.is_none() || answer.is_err()));
        assert_eq!(
            direct.destroy(&op(given.t), &given.key).await.unwrap(),
            None
        );
        assert_eq!(given.found(direct).await, (None, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_exists_and_sessions_of() {
    let verb =
        async |store: &RedisStore, given: &Given| store.exists(&op(given.t), &given.key).await;
    cut_everywhere(true, verb, async |_, _, answer| assert!(answer.unwrap())).await;
    let verb = async |store: &RedisStore, given: &Given| {
        store.sessions_of(&op(given.t), &given.owner).await
    };
    cut_everywhere(true, verb, async |_, given, answer| {
        assert_eq!(answer.unwrap()[0].handle, given.first.header.handle);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy_of() {
    let verb = async |store: &RedisStore, given: &Given| {
        store
            .destroy_of(&op(given.t), &given.owner, given.first.header.handle)
            .await
    };
    cut_everywhere(false, verb, async |direct, given, answer| {
        let (old, _) = given.found(direct).await;
        assert!(answer.is_err() || (answer.unwrap() && old.is_none()));
        assert!(old.is_none() || old.as_ref() == Some(&given.first.header));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy_all_of() {
    let verb = async |store: &RedisStore, given: &Given| {
        store.destroy_all_of(&op(given.t), &given.owner, None).await
    };
    cut_everywhere(false, verb, async |direct, given, answer| {
        let (old, _) = given.found(direct).await;
        assert!(answer.is_err() || (answer.unwrap() == 1 && old.is_none()));
        // Where the session is dead, whoever authenticated before is kept out: one step did both.
        let late = create(direct, given).await.unwrap();
        let revoked = late == CreateOutcome::OwnerRevoked;
        assert_eq!(revoked, old.is_none(), "{late:?}");
    })
    .await;
}
