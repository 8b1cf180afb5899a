//! What the stores on SQL servers believe of what they are told.

#![cfg(any(feature = "postgres", feature = "mysql"))]
#![allow(clippy::unwrap_used)]

#[cfg(feature = "mysql")]
#[path = "support/mysql_server.rs"]
#[allow(dead_code)]
mod mysql_server;
#[cfg(feature = "postgres")]
#[path = "support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
#[path = "support/proxy.rs"]
#[allow(dead_code)]
mod proxy;
#[path = "support/sessions.rs"]
#[allow(dead_code)]
mod sessions;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use proxy::{Mix, Plan, Proxy, SQL};
use session::{
    OwnerKey, ReadOutcome, RotateOutcome, SessionStore, StoreError, StoreErrorKind, StoreKey,
    Timestamp,
};
use sessions::*;

/// How long a store waits for an answer, which is long enough for a busy machine.
const WITHIN: Duration = Duration::from_secs(5);

/// Two sessions of two owners, and the former keys of both.
struct Two<S> {
    store: S,
    proxy: Proxy,
    t: Timestamp,
    keys: [StoreKey; 2],
    former: [StoreKey; 2],
    owners: [OwnerKey; 2],
    handles: [session::SessionHandle; 2],
}

impl<S: SessionStore> Two<S> {
    async fn new(store: S, proxy: Proxy) -> Self {
        let t = now();
        let op = op(t);
        let (mut keys, mut former, mut owners) = (Vec::new(), Vec::new(), Vec::new());
        let mut handles = Vec::new();
        for owner in ["ann", "bob"] {
            // The test beside this one has the same table.
            let owner = &format!("{owner} {}", proxy.port);
            let first = owned(t, owner);
            let (old, second) = (put(&store, t, &first).await, Arc::new(next(&first, 2)));
            let (new, version) = (key_after(&old), first.header.version);
            handles.push(second.header.handle);
            let moved = store.rotate(&op, &old, &new, second, version, None);
            assert!(matches!(moved.await.unwrap(), RotateOutcome::Saved(_)));
            keys.push(new);
            former.push(old);
            owners.push(OwnerKey::of(owner));
        }
        let (keys, former) = (keys.try_into().unwrap(), former.try_into().unwrap());
        let (owners, handles) = (owners.try_into().unwrap(), handles.try_into().unwrap());
        Self {
            store,
            proxy,
            t,
            keys,
            former,
            owners,
            handles,
        }
    }

    /// Asks for both at once, again and again, while the answers are mixed up: each answer is that of its own question,
    /// or an error.
    async fn asked<T: Debug + PartialEq>(
        &self,
        mix: Mix,
        ask: impl AsyncFn(usize) -> Result<T, StoreError>,
        own: impl Fn(usize) -> T,
    ) {
        // So that both connections are there, and know the statement.
        for _ in 0..10 {
            let (a, b) = tokio::join!(ask(0), ask(1));
            assert_eq!((a.unwrap(), b.unwrap()), (own(0), own(1)));
        }
        let mut refused = 0;
        for _ in 0..10 {
            // The driver looks after a connection that is given back.
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.proxy.plan(Plan::Mix(mix));
            let (a, b) = tokio::join!(ask(0), ask(1));
            let mixed = self.proxy.has_mixed();
            self.proxy.plan(Plan::Pass);
            for (n, answer) in [a, b].into_iter().enumerate() {
                match answer {
                    Ok(answer) => assert_eq!(answer, own(n), "{mix:?}"),
                    Err(error) => {
                        assert!(mixed, "{error:?}");
                        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
                        refused += 1;
                    }
                }
            }
        }
        assert!(refused >= 10, "{mix:?}: nothing was mixed up: {refused}");
    }

    async fn t53_replies_of_other_calls_are_refused(&self) {
        let op = &op(self.t);
        for mix in [Mix::Swap, Mix::Repeat] {
            let read = async |key: &StoreKey| match self.store.read(op, key, None).await? {
                ReadOutcome::Live(record) => Ok((Some(record.header.handle), None)),
                ReadOutcome::Gone { successor } => Ok((None, successor)),
                other => panic!("{other:?}"),
            };
            let live = |n: usize| (Some(self.handles[n]), None);
            self.asked(mix, async |n| read(&self.keys[n]).await, live)
                .await;
            let gone = |n: usize| (None, Some(self.keys[n]));
            self.asked(mix, async |n| read(&self.former[n]).await, gone)
                .await;
            let ended = async |n: usize| self.store.destroy(op, &self.former[n]).await;
            self.asked(mix, ended, |n| Some(self.keys[n])).await;
            let listed = async |n: usize| {
                let infos = self.store.sessions_of(op, &self.owners[n]).await?;
                Ok(infos.iter().map(|info| info.handle).collect::<Vec<_>>())
            };
            self.asked(mix, listed, |n| vec![self.handles[n]]).await;
        }
    }

    /// An answer that comes after its call has been given up is not taken for that of the next one.
    async fn t53_a_late_reply_is_nobodys(&self) {
        for _ in 0..2 {
            self.proxy.plan(Plan::Mix(Mix::Delay));
            let late = self.store.read(&op(self.t), &self.keys[0], None).await;
            assert_eq!(late.unwrap_err().kind(), StoreErrorKind::Timeout);
            // With this one's answer the other's comes, and before it.
            let found = live(&self.store, self.t, &self.keys[1]).await.unwrap();
            assert_eq!(found.header.handle, self.handles[1]);
        }
    }
}

#[cfg(feature = "postgres")]
async fn postgres(timeout: Duration) -> Option<Two<session_stores::postgres::PostgresStore>> {
    use postgres_server::{Server, available, url};
    if !available() {
        return None;
    }
    let proxy = Proxy::start(Server::shared().port, SQL).await;
    let builder = session_stores::postgres::PostgresStore::builder();
    let builder = builder.response_timeout(timeout).connections(2);
    let store = builder.connect(&url(proxy.port)).await.unwrap();
    store.migrate().await.unwrap();
    Some(Two::new(store, proxy).await)
}

#[cfg(feature = "mysql")]
async fn mysql(timeout: Duration) -> Option<Two<session_stores::mysql::MysqlStore>> {
    use mysql_server::{Server, available};
    if !available() {
        return None;
    }
    let server = Server::shared();
    let proxy = Proxy::start(server.port, SQL).await;
    let url = server
        .url()
        .replace(&server.port.to_string(), &proxy.port.to_string());
    let builder = session_stores::mysql::MysqlStore::builder();
    let builder = builder.response_timeout(timeout).max_connections(2);
    let store = builder.connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    Some(Two::new(store, proxy).await)
}

macro_rules! on {
    ($($feature:literal $store:ident)*) => {
        $(#[cfg(feature = $feature)]
        mod $store {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn t53_replies_of_other_calls_are_refused() {
                if let Some(two) = super::$store(WITHIN).await {
                    two.t53_replies_of_other_calls_are_refused().await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn t53_a_late_reply_is_nobodys() {
                if let Some(two) = super::$store(WITHIN / 5).await {
                    two.t53_a_late_reply_is_nobodys().await;
                }
            }
        })*
    };
}

on! { "postgres" postgres "mysql" mysql }
