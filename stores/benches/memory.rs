//! The memory store when it is large: throughput with several tasks, and what a sweep does to others.
//!
//! `cargo bench -p session-stores --bench memory -- --sessions 10_000,100_000`

mod common;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use rustix::time::{ClockId, clock_gettime};
use session::{
    ReadOutcome, Record, SaveOutcome, SessionId, SessionLayer, SessionSchema, SessionStore, Typed,
};
use session_stores::MemoryStore;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use common::{Random, fill, grouped, is_bench, long_after, now, numbers, request};

#[derive(SessionSchema)]
#[allow(dead_code, reason = "its accessors are used")]
struct Shop {
    user_id: Option<u64>,
    #[session(default)]
    visits: u64,
}

async fn read(shop: Typed<Shop>) -> &'static str {
    black_box(shop.user_id());
    "ok"
}

async fn rmw(shop: Typed<Shop>) -> &'static str {
    shop.update_visits(|visits| *visits += 1);
    "ok"
}

fn main() {
    let quick = !is_bench();
    let sizes = numbers(
        "--sessions",
        if quick {
            &[100]
        } else {
            &[10_000, 100_000, 1_000_000, 5_000_000]
        },
    );
    let span = Duration::from_millis(if quick { 1 } else { 700 });
    let tasks: &[usize] = if quick { &[1, 2] } else { &[1, 2, 4, 8] };
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    println!(
        "{cores} cores; random sessions; thousands of operations a second (microseconds of CPU for one)"
    );
    for size in sizes {
        let runtime = Runtime::new().expect("a runtime");
        let store = MemoryStore::builder().max_sessions(size).build();
        let ids: Arc<[SessionId]> = runtime.block_on(fill(&store, size)).into();
        println!("\n{} sessions", grouped(size as f64));
        println!(
            "  {:30}{}",
            "tasks",
            tasks.iter().map(|n| format!("{n:>14}")).collect::<String>()
        );
        let line = |what: &str, measure: &dyn Fn(usize) -> Throughput| {
            let cells: String = tasks
                .iter()
                .map(|tasks| {
                    let (per_second, cpu) = measure(*tasks);
                    let cpu = format!("({cpu:.2})");
                    format!("{:>6.0} {cpu:>7}", per_second / 1_000.0)
                })
                .collect();
            println!("  {what:30}{cells}");
        };
        line("verb read", &|tasks| {
            let store = store.clone();
            throughput(&runtime, &ids, tasks, span, move |id| {
                let store = store.clone();
                async move {
                    let read = store.read(&now(), &id.store_key(), None).await;
                    assert!(matches!(black_box(read), Ok(ReadOutcome::Live(_))));
                }
            })
        });
        line("verbs read and save", &|tasks| {
            let store = store.clone();
            throughput(&runtime, &ids, tasks, span, move |id| {
                let store = store.clone();
                async move { save(&store, &id).await }
            })
        });
        let layer = SessionLayer::builder(store.clone())
            .gc_interval(None)
            .build();
        let app = Router::new()
            .route("/read", get(read))
            .route("/rmw", get(rmw))
            .layer(layer.expect("defaults"));
        for path in ["/read", "/rmw"] {
            line(&format!("request {path}"), &|tasks| {
                let app = app.clone();
                throughput(&runtime, &ids, tasks, span, move |id| {
                    let app = app.clone();
                    async move {
                        let Ok(response) = app.oneshot(request(path, &id)).await;
                        assert_eq!(response.status(), 200);
                    }
                })
            });
        }
        sweep(&store, &ids);
        assert!(store.is_empty());
    }
}

/// A counter goes up by one, as a commit would do it; one that loses against another task tries again.
async fn save(store: &MemoryStore, id: &SessionId) {
    let (op, key) = (now(), id.store_key());
    loop {
        let Ok(ReadOutcome::Live(found)) = store.read(&op, &key, None).await else {
            panic!("it lives");
        };
        let mut record = Record::clone(&found);
        let visits: u64 = record.data.get("visits").ok().flatten().unwrap_or_default();
        record.data.insert("visits", visits + 1);
        record.header.version = found.header.version.next();
        let saved = store
            .save(&op, &key, Arc::new(record), found.header.version)
            .await;
        match saved {
            Ok(SaveOutcome::Saved(_)) => return,
            Ok(SaveOutcome::Conflict(_)) => {}
            Ok(SaveOutcome::Gone) | Err(_) => panic!("it lives"),
        }
    }
}

/// Operations a second of all tasks together, and the microseconds of CPU time for one. Where others use the machine,
/// the latter still says whether tasks are in each other's way.
type Throughput = (f64, f64);

fn throughput<F>(
    runtime: &Runtime,
    ids: &Arc<[SessionId]>,
    tasks: usize,
    span: Duration,
    operation: impl Fn(SessionId) -> F + Clone + Send + 'static,
) -> Throughput
where
    F: Future<Output = ()> + Send,
{
    let (start, before) = (Instant::now(), cpu_time(ClockId::ProcessCPUTime));
    let task = |number| {
        let (ids, operation) = (Arc::clone(ids), operation.clone());
        let mut random = Random(number);
        runtime.spawn(async move {
            let mut done = 0_u64;
            while start.elapsed() < span {
                for _ in 0..32 {
                    operation(ids[random.below(ids.len())]).await;
                }
                done += 32;
                tokio::task::yield_now().await;
            }
            done
        })
    };
    let tasks: Vec<_> = (0..tasks as u64).map(task).collect();
    let done: u64 = tasks
        .into_iter()
        .map(|task| runtime.block_on(task).expect("no panic"))
        .sum();
    let (took, used) = (start.elapsed(), cpu_time(ClockId::ProcessCPUTime) - before);
    (
        done as f64 / took.as_secs_f64(),
        used.as_secs_f64() * 1e6 / done as f64,
    )
}

fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Sweeps everything, while another thread reads: how long that one waits. What it waits for beside a thread that only
/// counts, for as long, is the machine's own: where the cores are shared, a core stands still now and then.
fn sweep(store: &MemoryStore, ids: &Arc<[SessionId]>) {
    let (mut calls, mut took, mut longest) = (0, Duration::ZERO, Duration::ZERO);
    let start = Instant::now();
    let beside_sweep = waits(store, ids, || {
        // A runtime of this thread, so that its clock tells what the sweep itself used.
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let (runtime, op) = (runtime.expect("a runtime"), long_after());
        let start = cpu_time(ClockId::ThreadCPUTime);
        loop {
            let call = cpu_time(ClockId::ThreadCPUTime);
            let swept = runtime.block_on(store.gc(&op, 1_000)).expect("no failure");
            longest = longest.max(cpu_time(ClockId::ThreadCPUTime) - call);
            calls += 1;
            if !swept.more {
                break;
            }
        }
        took = cpu_time(ClockId::ThreadCPUTime) - start;
    });
    let span = start.elapsed();
    // Of a store that is empty by now: this one's reads are quicker, and what the machine does to them is the same.
    let beside_count = waits(store, ids, || while start.elapsed() < span * 2 {});
    println!("  full sweep: {took:.3?} of CPU in {calls} calls, the longest {longest:.1?}");
    println!("  a read waited, in {span:.1?} beside it: {beside_sweep}");
    println!("    beside a thread that only counts:  {beside_count}");
}

/// How long reads waited: the longest, and how many longer than these.
struct Waits {
    longest: Duration,
    over: [(Duration, u64); 3],
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1?} at most", self.longest)?;
        for (bound, count) in self.over {
            write!(f, ", {count} over {bound:.1?}")?;
        }
        Ok(())
    }
}

fn waits(store: &MemoryStore, ids: &Arc<[SessionId]>, meanwhile: impl FnOnce()) -> Waits {
    let stop = Arc::new(AtomicBool::new(false));
    let reader = {
        let (store, ids, stop) = (store.clone(), Arc::clone(ids), Arc::clone(&stop));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let runtime = runtime.expect("a runtime");
            let mut random = Random(1);
            let mut waits = Waits {
                longest: Duration::ZERO,
                over: [20, 100, 1_000].map(|micros| (Duration::from_micros(micros), 0)),
            };
            let op = now();
            while !stop.load(Ordering::Relaxed) {
                let key = ids[random.below(ids.len())].store_key();
                let start = Instant::now();
                let _ = black_box(runtime.block_on(store.read(&op, &key, None)));
                let waited = start.elapsed();
                waits.longest = waits.longest.max(waited);
                for (bound, count) in &mut waits.over {
                    *count += u64::from(waited > *bound);
                }
            }
            waits
        })
    };
    meanwhile();
    stop.store(true, Ordering::Relaxed);
    reader.join().expect("no panic")
}
