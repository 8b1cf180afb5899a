//! What a session takes in the memory store: bytes that are allocated for it, table and record.
//!
//! A program of its own: counting makes tasks wait for each other, which `memory` measures.
//!
//! `cargo bench -p session-stores --bench memory_size -- --sessions 10_000`

mod common;

use std::alloc::System;
use std::sync::Arc;

use session::{Owner, OwnerKey, SessionId, SessionStore};
use session_stores::MemoryStore;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use common::{data, grouped, is_bench, now, numbers, record};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let default: &[usize] = if is_bench() {
        &[10_000, 100_000, 1_000_000, 5_000_000]
    } else {
        &[100]
    };
    println!(
        "bytes a session\n{:>12} {:>12} {:>12} {:>14}",
        "sessions", "anonymous", "signed in", "of which data"
    );
    // The names of the keys are there already, as for all sessions but the first.
    let first = data(0);
    let region = Region::new(COUNTING);
    let second = data(1);
    let data = held(&region);
    drop((first, second));
    for sessions in numbers("--sessions", default) {
        println!(
            "{:>12} {:>12.0} {:>12.0} {data:>14.0}",
            grouped(sessions as f64),
            size(sessions, false),
            size(sessions, true),
        );
    }
}

/// What each of so many sessions takes. The owner of one has no other.
fn size(sessions: usize, signed_in: bool) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let (runtime, op) = (runtime.expect("a runtime"), now());
    let region = Region::new(COUNTING);
    let store = MemoryStore::builder().max_sessions(sessions).build();
    runtime.block_on(async {
        for user in 0..sessions {
            let key = SessionId::generate().expect("randomness").store_key();
            let mut record = record(op.now, data(user as u64));
            Arc::make_mut(&mut record).header.owner = signed_in.then(|| {
                Owner {
                    key: OwnerKey::of(&user.to_string()),
                    entry: "user_id".into(),
                }
                .into()
            });
            store.create(&op, &key, record, None).await.expect("room");
        }
    });
    held(&region) / sessions as f64
}

fn held(region: &Region<'_, System>) -> f64 {
    let change = region.change();
    change.bytes_allocated as f64 - change.bytes_deallocated as f64
}
