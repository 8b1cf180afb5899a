//! `gc` on SQL servers: in batches, past whatever is in use, and never a session that was renewed meanwhile.

#![cfg(all(feature = "postgres", feature = "mysql", feature = "sqlite"))]
#![allow(clippy::unwrap_used)]

#[path = "support/mysql_server.rs"]
#[allow(dead_code)]
mod mysql_server;
#[path = "support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
#[path = "support/sessions.rs"]
#[allow(dead_code)]
mod sessions;
#[path = "support/sql_engines.rs"]
mod sql_engines;
#[path = "support/sqlite_file.rs"]
#[allow(dead_code)]
mod sqlite_file;

use std::sync::Arc;
use std::time::Duration;

use session::{Op, OwnerKey, SessionStore, StoreKey, TouchOutcome};
use sessions::*;
use sql_engines::{Engine, MariaDb, PATIENCE, Postgres, Sqlite, literal};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Sweeps while there is more, as the layer does. How many went, and in how many calls.
async fn sweep<S: SessionStore>(store: &S, op: &Op, budget: usize) -> (usize, usize) {
    let (mut removed, mut calls) = (0, 0);
    loop {
        let swept = store.gc(op, budget).await.unwrap();
        removed += swept.removed;
        calls += 1;
        assert!(swept.removed <= budget.min(500), "{swept:?}");
        if !swept.more {
            return (removed, calls);
        }
    }
}

/// More than one batch goes in several, whatever the budget; of sessions, and of owners whose revocation is forgotten.
async fn in_batches<E: Engine>() {
    let Some(mut engine) = E::start("batches").await else {
        return;
    };
    let (store, t) = (engine.store(), now());
    let long_ago = (t - DAY).as_millis();
    let rows = |n: u64, at: u64| {
        let rows = E::ROWS.replace("{at}", &at.to_string());
        rows.replace("{n}", &n.to_string())
    };
    let owners = |n, at: u64, until: &str| {
        let rows = rows(n, at);
        let rows = rows.replacen(&at.to_string(), &format!("{at}, {at}"), 1);
        format!("INSERT INTO batches_owners (owner, not_before, {until}) {rows}")
    };
    let until = match std::any::type_name::<E::Store>().contains("mysql") {
        true => "forget_at",
        false => "until",
    };
    let records = "INSERT INTO batches (session_key, expires_at)";
    engine
        .other(format!("{records} {}", rows(1203, long_ago)))
        .await;
    engine.other(owners(1203, long_ago, until)).await;
    // These are not past.
    let later = (t + DAY).as_millis();
    engine.other(format!("{records} {}", rows(7, later))).await;
    engine.other(owners(7, later, until)).await;
    let (removed, calls) = sweep(&*store, &op(t), 100_000).await;
    assert_eq!(removed, 1203);
    assert!(calls >= 3, "{calls} calls");
    let count = |table: &str| format!("SELECT count(*) FROM {table}");
    assert_eq!(engine.other(count("batches")).await, 7);
    assert_eq!(engine.other(count("batches_owners")).await, 7);
    // With nothing but owners to forget, too.
    engine.other(owners(1203, long_ago, until)).await;
    let (removed, calls) = sweep(&*store, &op(t), 1000).await;
    assert!(removed == 0 && calls >= 3, "{removed} in {calls} calls");
    assert_eq!(engine.other(count("batches_owners")).await, 7);
}

/// A revocation is remembered for as long as a session that it is meant for can live, and no longer.
async fn remembers_revocations<E: Engine>() {
    let Some(mut engine) = E::start("revocations").await else {
        return;
    };
    let (store, t) = (engine.store(), now());
    for (owner, days) in [("ann", 402), ("bob", 399)] {
        let owner = OwnerKey::of(owner);
        let then = op(t - days * DAY);
        store.destroy_all_of(&then, &owner, None).await.unwrap();
    }
    let count = "SELECT count(*) FROM revocations_owners";
    assert_eq!(engine.other(count.to_owned()).await, 2);
    sweep(&*store, &op(t), 100).await;
    assert_eq!(engine.other(count.to_owned()).await, 1);
    let bobs = owned(t - 399 * DAY, "bob");
    let (at, key) = (op(t), fresh_key());
    let made = store.create(&at, &key, Arc::new(bobs), None);
    assert_eq!(made.await.unwrap(), session::CreateOutcome::OwnerRevoked);
}

/// Rows that another transaction holds are passed over and not waited for. What that renews lives on; what it leaves as
/// it was goes with the next sweep.
async fn passes_over_what_is_held<E: Engine>(table: &'static str, until: &str) {
    let Some(mut engine) = E::start(table).await else {
        return;
    };
    let (store, t) = (engine.store(), now() - DAY);
    for owner in ["ann", "bob"] {
        let then = op(t - 402 * DAY);
        let owner = OwnerKey::of(owner);
        store.destroy_all_of(&then, &owner, None).await.unwrap();
    }
    let mut dead = Vec::new();
    for _ in 0..10 {
        dead.push(put(&*store, t, &record(t)).await);
    }
    let deadline = record(t).header.idle_deadline;
    let (at, renewed) = (op(deadline + DAY / 2), deadline + DAY);
    let ann = OwnerKey::of("ann");
    let one = |key: &StoreKey| format!("session_key = {}", literal::<E>(key.hash()));
    let renew = format!(
        "UPDATE {table} SET idle_deadline = {0}, expires_at = {0} WHERE {1}",
        renewed.as_millis(),
        one(&dead[3])
    );
    engine.hold(&renew).await;
    let lock = |table: &str, which: &str| format!("SELECT 1 FROM {table} WHERE {which} FOR UPDATE");
    engine.other(lock(table, &one(&dead[0]))).await;
    let anns = format!("owner = {}", literal::<E>(ann.as_bytes()));
    let owners = format!("{table}_owners");
    engine.other(lock(&owners, &anns)).await;
    // Whoever waited would wait for this test.
    let swept = tokio::time::timeout(PATIENCE / 2, sweep(&*store, &at, 100));
    assert_eq!(swept.await.expect("it waits for nobody").0, 8);
    let left = format!("SELECT count(*) FROM {owners} WHERE {until} > 0");
    engine.other("COMMIT".to_owned()).await;
    assert_eq!(engine.other(left.clone()).await, 1);
    assert_eq!(sweep(&*store, &at, 100).await.0, 1);
    assert_eq!(engine.other(left).await, 0);
    assert!(live(&*store, deadline, &dead[3]).await.is_some());
    for key in [&dead[..3], &dead[4..]].concat() {
        assert!(
            !store
                .exists(&op(deadline - Duration::from_secs(1)), &key)
                .await
                .unwrap()
        );
    }
}

/// Sessions that a node with a clock that is behind renews while another sweeps them: what was acknowledged as renewed
/// lives, and the sweep has removed the others, each once.
async fn t47_takes_nothing_that_was_renewed_meanwhile<E: Engine>()
where
    E::Store: 'static,
{
    let Some(engine) = E::start("renewed").await else {
        return;
    };
    let (store, t) = (engine.store(), now() - DAY);
    let first = record(t);
    let deadline = first.header.idle_deadline;
    let mut keys = Vec::new();
    for _ in 0..200 {
        keys.push(put(&*store, t, &first).await);
    }
    let behind = deadline - Duration::from_secs(1);
    let touch = async |store: &E::Store, key: &StoreKey| {
        let (at, later) = (op(behind), deadline + DAY / 2);
        let touched = store.touch(&at, key, first.header.version, later);
        touched.await.unwrap()
    };
    assert_eq!(touch(&store, &keys[0]).await, TouchOutcome::Touched);
    let at = op(deadline + Duration::from_secs(600));
    let sweeper = {
        let store = Arc::clone(&store);
        async move {
            let mut removed = 0;
            loop {
                let swept = store.gc(&at, 7).await.unwrap();
                removed += swept.removed;
                if !swept.more {
                    return removed;
                }
            }
        }
    };
    let toucher = async {
        let mut touched = Vec::new();
        // From the other end, where the sweep comes last.
        for key in keys[1..].iter().rev() {
            touched.push((*key, touch(&store, key).await));
        }
        touched
    };
    let (mut removed, mut touched) = tokio::join!(sweeper, toucher);
    removed += sweep(&*store, &at, 1000).await.0;
    touched.push((keys[0], TouchOutcome::Touched));
    let mut lost = 0;
    for (key, outcome) in &touched {
        let lives = store.exists(&op(deadline), key).await.unwrap();
        assert_eq!(lives, *outcome == TouchOutcome::Touched, "{outcome:?}");
        lost += usize::from(!lives);
    }
    assert_eq!(removed, lost, "of {}", touched.len());
    println!("{lost} of {} went", touched.len());
}

macro_rules! cases {
    ($($engine:ident $name:ident)*) => {
        $(mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn in_batches() {
                super::in_batches::<$engine>().await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn remembers_revocations() {
                super::remembers_revocations::<$engine>().await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn t47_takes_nothing_that_was_renewed_meanwhile() {
                super::t47_takes_nothing_that_was_renewed_meanwhile::<$engine>().await;
            }
        })*
    };
}

cases! { Postgres postgres MariaDb mariadb Sqlite sqlite }

#[tokio::test(flavor = "multi_thread")]
async fn postgres_passes_over_what_is_held() {
    passes_over_what_is_held::<Postgres>("held", "until").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_passes_over_what_is_held() {
    passes_over_what_is_held::<MariaDb>("held", "forget_at").await;
}
