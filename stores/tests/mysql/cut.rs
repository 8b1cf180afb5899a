//! T55: the connection is cut after each byte of request and reply of each verb. What stands then is the old state or
//! the new one, and never two live ids.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session::{
    CreateOutcome, Header, Over, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome,
    SaveOutcome, SessionStore, StoreError, StoreKey, Timestamp, TouchOutcome,
};
use session_stores::mysql::MysqlStore;

use crate::mysql_proxy::Proxy;
use crate::mysql_server::{Server, available};
use crate::places::places;
use crate::proxy::Plan;
use crate::sessions::*;

/// What a verb is tried on: a session, with or without an owner, and what would come after it.
struct Given {
    t: Timestamp,
    owner: OwnerKey,
    key: StoreKey,
    new: StoreKey,
    first: Record,
    second: Arc<Record>,
}

impl Given {
    async fn new(direct: &MysqlStore, is_owned: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let t = now();
        let owner = format!("owner {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let first = if is_owned {
            owned(t, &owner)
        } else {
            record(t)
        };
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

    /// Which of the two is live where, and what the owner's list says: always one picture. A transaction whose client has
    /// gone may still be on its way out at the engine; the new place first, as that is where it goes.
    async fn found(&self, direct: &MysqlStore) -> (Option<Header>, Option<Header>) {
        let header = |record: Option<Arc<Record>>| record.map(|record| record.header.clone());
        for _ in 0..100 {
            let new = header(live(direct, self.t, &self.new).await);
            let old = header(live(direct, self.t, &self.key).await);
            let listed = direct.sessions_of(&op(self.t), &self.owner).await.unwrap();
            let again = header(live(direct, self.t, &self.new).await);
            let is_owned = self.first.header.owner.is_some();
            let expected = [&old, &new].into_iter().flatten().count();
            if new == again && listed.len() == if is_owned { expected } else { 0 } {
                return (old, new);
            }
        }
        panic!("the owner's list and the records disagree");
    }
}

/// Runs `verb` with a cut after each byte, and after each `check` with its answer. The engine cannot be reached after
/// a cut, so that the answer is what the store makes of it; with `again` it can, so that the store may repeat.
async fn cut_everywhere<T>(
    is_owned: bool,
    again: bool,
    verb: impl AsyncFn(&MysqlStore, &Given) -> Result<T, StoreError>,
    check: impl AsyncFn(&MysqlStore, &Given, Result<T, StoreError>),
) {
    if !available() {
        return;
    }
    let server = Server::shared();
    let proxy = Proxy::start(server.port).await;
    let time = Duration::from_secs(30);
    let url = server.url();
    let direct = MysqlStore::builder().response_timeout(time);
    let direct = direct.connect_timeout(time).connect(&url).await.unwrap();
    direct.migrate().await.unwrap();
    let through = MysqlStore::builder().response_timeout(time);
    let through = through.connect_timeout(time).max_connections(1);
    let through = through.connect(&proxy.url()).await.unwrap();
    // A fresh connection that the store has and that is in order, so that the bytes that are counted are the verb's.
    let prepare = async |given: &Given, plan: Plan| {
        proxy.plan(Plan::Pass);
        while through.exists(&op(given.t), &given.key).await.is_err() {}
        proxy.settled().await;
        proxy.plan(plan);
    };
    let after_cut = || Box::new(if again { Plan::Pass } else { Plan::Dead });

    // Once without a cut: how many bytes there are but for the driver's ping and its answer.
    let given = Given::new(&direct, is_owned).await;
    prepare(&given, Plan::Pass).await;
    let answer = verb(&through, &given).await;
    assert!(answer.is_ok(), "{:?}", answer.err());
    proxy.settled().await;
    let (requested, replied) = proxy.counted();
    let (requested, replied) = (requested - 5, replied - 11);
    check(&direct, &given, answer).await;
    assert!(
        requested > 50 && replied > 6,
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
    let (mut errors, mut cuts) = (0, 0);
    for plan in requests.chain(replies) {
        let given = Given::new(&direct, is_owned).await;
        // The connection of before has been cut, so this one has no statement but the one of `exists`.
        proxy.plan(Plan::CutRequest {
            after: 0,
            then: Box::new(Plan::Dead),
        });
        let _ = through.exists(&op(given.t), &given.key).await;
        prepare(&given, plan.clone()).await;
        let answer = verb(&through, &given).await;
        assert!(
            proxy.was_cut(),
            "{plan:?} of {requested} and {replied} did not happen"
        );
        errors += usize::from(answer.is_err());
        cuts += 1;
        proxy.plan(Plan::Pass);
        check(&direct, &given, answer).await;
    }
    assert!(again || errors == cuts, "{errors} errors of {cuts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_read() {
    let verb = async |store: &MysqlStore, given: &Given| {
        let op = op(given.t + INTERVAL);
        store.read(&op, &given.key, Some(INTERVAL)).await
    };
    // With `again`: the renewal is not worth an error (S14), and may be lost.
    cut_everywhere(false, true, verb, async |direct, given, answer| {
        let (old, new) = given.found(direct).await;
        let old = old.unwrap();
        let renewed = old.last_seen == given.t + INTERVAL;
        assert!(new.is_none() && (renewed || old == given.first.header));
        let Ok(ReadOutcome::Live(found)) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(found.header.commit_id, given.first.header.commit_id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_exists() {
    let verb =
        async |store: &MysqlStore, given: &Given| store.exists(&op(given.t), &given.new).await;
    cut_everywhere(false, false, verb, async |_, _, answer| {
        assert!(!answer.unwrap_or(false));
    })
    .await;
}

async fn create(store: &MysqlStore, given: &Given) -> Result<CreateOutcome, StoreError> {
    let record = Arc::clone(&given.second);
    store.create(&op(given.t), &given.new, record, None).await
}

/// What a creation has left: nothing, or all of it; a repetition ends with all of it.
async fn created(direct: &MysqlStore, given: &Given, answer: Result<CreateOutcome, StoreError>) {
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
    cut_everywhere(false, false, create, created).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_create_of_an_owner() {
    cut_everywhere(true, false, create, created).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_create_again() {
    cut_everywhere(false, true, create, created).await;
}

/// The one who has to go for a new session goes with its creation, or not at all; and nobody goes twice.
#[tokio::test(flavor = "multi_thread")]
async fn t55_create_that_evicts() {
    let verb = async |store: &MysqlStore, given: &Given| {
        let rule = OwnerRule {
            max: NonZeroU32::MIN,
            over: Over::Evict,
        };
        let (op, record) = (op(given.t), Arc::clone(&given.second));
        store.create(&op, &given.new, record, Some(rule)).await
    };
    for again in [false, true] {
        cut_everywhere(true, again, verb, async |direct, given, answer| {
            match given.found(direct).await {
                (Some(old), None) => assert!(old == given.first.header && answer.is_err()),
                (None, Some(new)) => assert_eq!(new, given.second.header),
                other => panic!("{other:?}"),
            }
            let again = verb(direct, given).await.unwrap();
            assert_eq!(again, CreateOutcome::Created);
            assert!(matches!(given.found(direct).await, (None, Some(_))));
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_save() {
    let verb = async |store: &MysqlStore, given: &Given| {
        let (op, second) = (op(given.t), Arc::clone(&given.second));
        let expected = given.first.header.version;
        store.save(&op, &given.key, second, expected).await
    };
    // Even where the engine can be reached again: nobody knows whether a save was done, so none is repeated.
    for again in [false, true] {
        cut_everywhere(true, again, verb, async |direct, given, answer| {
            let (old, new) = given.found(direct).await;
            let saved = old.as_ref() == Some(&given.second.header);
            assert!(new.is_none() && (saved || old.as_ref() == Some(&given.first.header)));
            let current = live(direct, given.t, &given.key).await.unwrap();
            // It may have come between the two looks.
            assert!(count(&current) == 2 || !saved);
            if let Ok(outcome) = answer {
                assert!(matches!(outcome, SaveOutcome::Saved(_)) && saved);
            }
        })
        .await;
    }
}

async fn rotate(store: &MysqlStore, given: &Given) -> Result<RotateOutcome, StoreError> {
    let (op, second) = (op(given.t), Arc::clone(&given.second));
    let expected = given.first.header.version;
    store
        .rotate(&op, &given.key, &given.new, second, expected, None)
        .await
}

/// T16: exactly one of the two is live, and a repetition ends with the new one.
async fn rotated(direct: &MysqlStore, given: &Given, answer: Result<RotateOutcome, StoreError>) {
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
    cut_everywhere(false, false, rotate, rotated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_t16_rotate_of_an_owner() {
    cut_everywhere(true, false, rotate, rotated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_t16_rotate_again() {
    cut_everywhere(true, true, rotate, rotated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_touch() {
    let verb = async |store: &MysqlStore, given: &Given| {
        let (version, later) = (given.first.header.version, given.t + INTERVAL);
        let deadline = later + Duration::from_secs(3600);
        store.touch(&op(later), &given.key, version, deadline).await
    };
    cut_everywhere(false, false, verb, async |direct, given, answer| {
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
        async |store: &MysqlStore, given: &Given| store.destroy(&op(given.t), &given.key).await;
    cut_everywhere(true, false, verb, async |direct, given, answer| {
        let (old, new) = given.found(direct).await;
        assert!(new.is_none() && (old.is_none() || answer.is_err()));
        let again = direct.destroy(&op(given.t), &given.key).await;
        assert_eq!(again.unwrap(), None);
        assert_eq!(given.found(direct).await, (None, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy_of() {
    let verb = async |store: &MysqlStore, given: &Given| {
        let handle = given.first.header.handle;
        store.destroy_of(&op(given.t), &given.owner, handle).await
    };
    cut_everywhere(true, false, verb, async |direct, given, answer| {
        let (old, _) = given.found(direct).await;
        assert!(answer.is_err() || (answer.unwrap() && old.is_none()));
        assert!(old.is_none() || old.as_ref() == Some(&given.first.header));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t55_destroy_all_of() {
    let verb = async |store: &MysqlStore, given: &Given| {
        store.destroy_all_of(&op(given.t), &given.owner, None).await
    };
    cut_everywhere(true, false, verb, async |direct, given, answer| {
        let (old, _) = given.found(direct).await;
        assert!(answer.is_err() || (answer.unwrap() == 1 && old.is_none()));
        // Where the session is dead, whoever authenticated before is kept out: one step did both.
        let late = create(direct, given).await.unwrap();
        let revoked = late == CreateOutcome::OwnerRevoked;
        assert!(revoked || old.is_some(), "{late:?}");
    })
    .await;
}
