//! What a store believes of what it is told: whose an answer is, and whether the engine keeps what it was given.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use session::{OwnerKey, ReadOutcome, SaveOutcome, SessionStore, StoreErrorKind};
use session_stores::redis::RedisStore;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::proxy::{Mix, Plan, Proxy, REDIS};
use crate::redis_server::{Server, available};
use crate::sessions::*;

/// T53: replies that change places or come twice are recognised, and nobody is given another's session.
#[tokio::test(flavor = "multi_thread")]
async fn t53_replies_of_other_calls_are_refused() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port, REDIS).await;
    let store = RedisStore::connect(proxy.url()).await.unwrap();
    let t = now();
    let (mine, theirs) = (next(&record(t), 1), next(&record(t), 2));
    let (my_key, their_key) = (put(&store, t, &mine).await, put(&store, t, &theirs).await);
    let op = op(t);
    let mut confused = 0;
    for mix in [Mix::Swap, Mix::Repeat] {
        for _ in 0..20 {
            proxy.plan(Plan::Mix(mix));
            // Writes, so that no second attempt hides what the first one met.
            let (first, second) = (next(&mine, 3), next(&theirs, 4));
            let version = |record: &session::Record| record.header.version;
            let (a, b) = tokio::join!(
                store.save(&op, &my_key, Arc::new(first), version(&theirs)),
                store.save(&op, &their_key, Arc::new(second), version(&mine)),
            );
            confused += u32::from(a.is_err()) + u32::from(b.is_err());
            for (answer, header) in [(a, &mine.header), (b, &theirs.header)] {
                match answer {
                    Ok(SaveOutcome::Conflict(found)) => assert_eq!(found.header, *header),
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
                }
            }
            proxy.plan(Plan::Mix(mix));
            let (a, b) = tokio::join!(
                store.read(&op, &my_key, None),
                store.read(&op, &their_key, None),
            );
            for (answer, header) in [(a, &mine.header), (b, &theirs.header)] {
                if let Ok(ReadOutcome::Live(found)) = answer {
                    assert_eq!(found.header, *header);
                }
            }
            proxy.plan(Plan::Pass);
        }
    }
    assert!(confused >= 40, "the proxy mixed nothing up: {confused}");
    assert_eq!(live(&store, t, &my_key).await.unwrap().header, mine.header);
}

/// T53: an answer that comes after its call has been given up is not taken for that of the next one.
#[tokio::test(flavor = "multi_thread")]
async fn t53_a_late_reply_is_nobodys() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port, REDIS).await;
    let builder = RedisStore::builder().response_timeout(Duration::from_millis(300));
    let store = builder.connect(proxy.url()).await.unwrap();
    let t = now();
    let (mine, theirs) = (next(&record(t), 1), next(&record(t), 2));
    let (my_key, their_key) = (put(&store, t, &mine).await, put(&store, t, &theirs).await);
    for _ in 0..2 {
        proxy.plan(Plan::Mix(Mix::Delay));
        let late = store.read(&op(t), &my_key, None).await;
        assert_eq!(late.unwrap_err().kind(), StoreErrorKind::Timeout);
        // With this one's answer the other's comes, and before it.
        let found = live(&store, t, &their_key).await.unwrap();
        assert_eq!(found.header, theirs.header);
    }
}

/// T54: 2,000 requests that are dropped at any point, all over one connection. Nobody is given another's answer, and who
/// is not dropped gets one.
#[tokio::test(flavor = "multi_thread")]
async fn t54_dropped_requests_leave_nothing_behind() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let builder = RedisStore::builder().response_timeout(Duration::from_secs(30));
    let store = Arc::new(builder.connect(server.url()).await.unwrap());
    let t = now();
    let client = |n: u64| {
        let store = Arc::clone(&store);
        async move {
            let mine = next(&owned(t, &format!("owner {n}")), n);
            let (key, op) = (put(&*store, t, &mine).await, op(t));
            let mut dropped = 0;
            for turn in 0..100 {
                // Sooner or later than the verbs take.
                let patience = Duration::from_micros((turn * 137 + n * 59) % 4_000);
                let verbs = async {
                    let read = live(&*store, t, &key).await.unwrap();
                    let found = (read.header.handle, count(&read));
                    assert_eq!(found, (mine.header.handle, n));
                    let changed = Arc::new(next(&read, n));
                    let save = store.save(&op, &key, changed, read.header.version);
                    match save.await.unwrap() {
                        SaveOutcome::Saved(_) => {}
                        // By one that was dropped, and then done.
                        SaveOutcome::Conflict(found) => assert_eq!(count(&found), n),
                        SaveOutcome::Gone => panic!("nobody has ended it"),
                    }
                    let ann = OwnerKey::of(&format!("owner {n}"));
                    let listed = store.sessions_of(&op, &ann).await.unwrap();
                    assert_eq!(listed[0].handle, mine.header.handle);
                };
                dropped += u32::from(tokio::time::timeout(patience, verbs).await.is_err());
            }
            assert_eq!(count(&live(&*store, t, &key).await.unwrap()), n);
            dropped
        }
    };
    let clients: Vec<_> = (0..20).map(|n| tokio::spawn(client(n))).collect();
    let mut dropped = 0;
    for client in clients {
        dropped += client.await.unwrap();
    }
    assert!(dropped > 100, "{dropped} of 2000 were dropped");
    let connected = server.info("clients", "connected_clients");
    assert!(
        connected.parse::<u32>().unwrap() <= 3,
        "{connected} connections"
    );
}

/// T55: an engine that may throw sessions away is told of at the start; one that may not is not.
#[tokio::test]
async fn t55_an_engine_that_evicts_is_told_of() {
    if !available() {
        return;
    }
    let heard = Arc::new(Mutex::new(Vec::new()));
    let _listening = tracing::subscriber::set_default(Ear(Arc::clone(&heard)));
    for (policy, warnings) in [("noeviction", 0), ("allkeys-lru", 1), ("volatile-ttl", 1)] {
        let server = Server::start(&["--maxmemory-policy", policy]);
        RedisStore::connect(server.url()).await.unwrap();
        let heard = std::mem::take(&mut *heard.lock().unwrap());
        let told = |line: &&String| line.contains(policy) && line.contains("WARN");
        assert_eq!(
            heard.iter().filter(told).count(),
            warnings,
            "{policy}: {heard:?}"
        );
    }
}

/// Hears what is told under the target of sessions.
struct Ear(Arc<Mutex<Vec<String>>>);

impl Subscriber for Ear {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target() == "session"
    }
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}
