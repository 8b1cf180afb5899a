//! What a session takes in the memory store: bytes that are allocated for it, table and record.
//!
//! A program of its own: counting makes tasks wait for each other, which `memory` measures.
//!
//! `cargo bench -p session-stores --bench memory_size -- --sessions 5_000_000`

mod common;

use std::alloc::System;
use std::sync::Arc;

use session::{SessionId, SessionStore};
use session_stores::MemoryStore;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use common::{data, grouped, is_bench, now, numbers, record};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let default: &[usize] = if is_bench() {
        &[10_000, 100_000, 1_000_000]
    } else {
        &[100]
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    println!(
        "{:>12} {:>18} {:>18}",
        "sessions", "bytes a session", "of which data"
    );
    for sessions in numbers("--sessions", default) {
        let op = now();
        let region = Region::new(COUNTING);
        let store = MemoryStore::builder().max_sessions(sessions).build();
        runtime.block_on(async {
            for user in 0..sessions {
                let key = SessionId::generate().expect("randomness").store_key();
                let record = record(op.now, data(user as u64));
                store.create(&op, &key, record, None).await.expect("room");
            }
        });
        let all = held(&region);
        let region = Region::new(COUNTING);
        let records: Vec<Arc<_>> = vec![record(op.now, data(0))];
        let data = held(&region) - size_of_val(&*records) as f64;
        println!(
            "{:>12} {:>18.0} {data:>18.0}",
            grouped(sessions as f64),
            all / sessions as f64
        );
        drop(records);
        drop(store);
    }
}

fn held(region: &Region<'_, System>) -> f64 {
    let change = region.change();
    change.bytes_allocated as f64 - change.bytes_deallocated as f64
}
