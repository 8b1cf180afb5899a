//! Counts what a request executes and allocates beyond the same route without a session, and fails when that is more
//! than was recorded.
//!
//! Counts do not drift with the machine's load. The bare router is counted in the same way and taken off, so that
//! another axum or compiler changes little. `.ci/guard` runs it; `.ci/guard --record` writes the limits anew.

mod common;

use std::alloc::System;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use session::{SessionId, SessionLayer, SessionSchema, Typed};
use session_stores::MemoryStore;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::runtime::Runtime;
use tower::Service;

use common::{fill, has, is_bench, request};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SCENARIOS: [&str; 4] = ["untouched", "read", "write", "new"];
/// Instructions are the difference of two runs that differ in nothing but this.
const SHORT: usize = 500;
const LONG: usize = 2_500;
/// By how much more instructions may be than recorded: ids are random, and compilers differ a little.
const ROOM: f64 = 0.04;

#[derive(SessionSchema)]
#[allow(dead_code, reason = "its accessors are used")]
struct Shop {
    user_id: Option<u64>,
    #[session(default)]
    visits: u64,
}

async fn untouched() -> &'static str {
    "ok"
}

async fn read(shop: Typed<Shop>) -> &'static str {
    if shop.user_id().is_some() { "ok" } else { "no" }
}

async fn write(shop: Typed<Shop>) -> &'static str {
    shop.update_visits(|visits| *visits += 1);
    "ok"
}

async fn new(shop: Typed<Shop>) -> &'static str {
    shop.set_user_id(7);
    "ok"
}

/// An application, and who asks it.
struct App {
    runtime: Runtime,
    router: Router,
    id: SessionId,
}

impl App {
    fn bare() -> Self {
        let routes = SCENARIOS.into_iter();
        let router = routes.fold(Router::new(), |router, name| {
            router.route(&format!("/{name}"), get(untouched))
        });
        Self::of(router, SessionId::generate().expect("randomness"))
    }

    fn session() -> Self {
        let store = MemoryStore::new();
        let runtime = Runtime::new().expect("a runtime");
        let ids = runtime.block_on(fill(&store, 1));
        let router = Router::new()
            .route("/untouched", get(untouched))
            .route("/read", get(read))
            .route("/write", get(write))
            .route("/new", get(new))
            .layer(SessionLayer::new(store));
        Self::of(router, ids[0])
    }

    fn of(router: Router, id: SessionId) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self {
            runtime: runtime.expect("a runtime"),
            router,
            id,
        }
    }

    /// How many allocations so many requests make. Building them counts too, as it does for the bare router.
    fn run(&mut self, scenario: &str, requests: usize) -> usize {
        let region = Region::new(COUNTING);
        for _ in 0..requests {
            let request = self.request(scenario);
            let Ok(response) = self.runtime.block_on(self.router.call(request));
            assert_eq!(response.status(), 200);
        }
        let change = region.change();
        change.allocations + change.reallocations
    }

    fn request(&self, scenario: &str) -> Request {
        if scenario == "new" {
            let request = Request::get("/new").header("host", "example.org");
            return request.body(Body::empty()).expect("a request");
        }
        request(&format!("/{scenario}"), &self.id)
    }
}

fn app(name: &str) -> App {
    if name == "bare" {
        App::bare()
    } else {
        App::session()
    }
}

/// Allocations of a request.
fn allocations(name: &str, scenario: &str) -> f64 {
    let mut app = app(name);
    // Whatever is made once is made now.
    app.run(scenario, 10);
    let (short, long) = (app.run(scenario, SHORT), app.run(scenario, LONG));
    (long - short) as f64 / (LONG - SHORT) as f64
}

/// Instructions of a request, as callgrind counts them.
fn instructions(name: &str, scenario: &str) -> f64 {
    let count = |requests: usize| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().expect("this program"))
            .args(["run", name, scenario, &requests.to_string()])
            .output()
            .expect("valgrind, which `.ci/guard` installs");
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text
            .lines()
            .find_map(|line| line.split_once("Collected : "));
        let line = line.unwrap_or_else(|| panic!("callgrind counted nothing:\n{text}"));
        line.1.trim().parse::<f64>().expect("a number")
    };
    (count(LONG) - count(SHORT)) / (LONG - SHORT) as f64
}

type Counts = (f64, f64);

fn beyond_bare(scenario: &str) -> Counts {
    let over = |count: fn(&str, &str) -> f64| count("session", scenario) - count("bare", scenario);
    (over(allocations), over(instructions))
}

fn limits_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/guard.limits")
}

/// `scenario allocations instructions` a line.
fn limits() -> Vec<(String, Counts)> {
    let text = std::fs::read_to_string(limits_path()).expect("the limits");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next().expect("a scenario").to_owned();
            let mut number = || words.next()?.parse().ok();
            (name, number().zip(number()).expect("two numbers"))
        })
        .collect()
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if let [_, run, name, scenario, requests] = args.as_slice()
        && run == "run"
    {
        app(name).run(scenario, requests.parse().expect("a number"));
        return ExitCode::SUCCESS;
    }
    if !is_bench() {
        // Counts of a build without optimisations say nothing; that everything answers does.
        for scenario in SCENARIOS {
            App::bare().run(scenario, 1);
            App::session().run(scenario, 1);
        }
        return ExitCode::SUCCESS;
    }
    if has("--record") {
        record();
        return ExitCode::SUCCESS;
    }
    check()
}

fn record() {
    let mut text = String::from(
        "# What a request does beyond the bare router: allocations, instructions. `.ci/guard --record` writes this.\n",
    );
    for scenario in SCENARIOS {
        let (allocations, instructions) = beyond_bare(scenario);
        let _ = writeln!(text, "{scenario} {} {instructions:.0}", allocations.ceil());
    }
    print!("{text}");
    std::fs::write(limits_path(), text).expect("a file that can be written");
}

fn check() -> ExitCode {
    let mut failed = false;
    println!(
        "beyond the bare router, a request  allocations (limit)  instructions (recorded, limit)"
    );
    for (scenario, (most, recorded)) in limits() {
        let (allocations, instructions) = beyond_bare(&scenario);
        let limit = recorded * (1.0 + ROOM);
        let too_many = allocations > most;
        let too_long = instructions > limit;
        println!(
            "{scenario:33}  {allocations:11.2} ({most:5})  {instructions:12.0} ({recorded:8}, {limit:5.0}){}{}",
            if too_many { "  MORE ALLOCATIONS" } else { "" },
            if too_long { "  MORE INSTRUCTIONS" } else { "" },
        );
        failed |= too_many || too_long;
    }
    if failed {
        println!(
            "a request does more than is recorded. If it has to: `.ci/guard --record`, and say why in the commit"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
