//! T28, T29: randomised histories of browsers whose tabs are on two nodes, each with a layer and a store of its own, on
//! one table; and what requests meet while the engine stands still.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used)]

#[path = "histories/checker.rs"]
mod checker;
#[path = "histories/lines.rs"]
#[allow(dead_code)]
mod lines;
#[path = "support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
#[path = "histories/seen.rs"]
#[allow(dead_code)]
mod seen;
#[path = "histories/world.rs"]
#[allow(dead_code)]
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use checker::check;
use postgres_server::{Server, available};
use seen::Seen;
use session::SessionLayer;
use session_stores::postgres::PostgresStore;
use tower::ServiceExt;
use world::{Act, Event, Jar, Prng, app, layer, read_all, send};

const BROWSERS: u64 = 10;
const TABS: u64 = 3;
const STEPS: u64 = 10;

async fn node(server: &Server, table: &str) -> SessionLayer {
    // The histories ask much of few cores: slow is not wrong.
    let builder = PostgresStore::builder().table(table);
    let builder = builder
        .response_timeout(Duration::from_secs(20))
        .connect_timeout(Duration::from_secs(20));
    let store = builder.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    layer(store)
}

/// Each browser signs in as one of two users, whom it shares with others.
fn random_act(prng: &mut Prng, browser: u64) -> Act {
    let user = 10 + (browser + prng.below(2) * 3) % 6;
    match prng.below(100) {
        0..45 => Act::Push,
        45..64 => Act::Read,
        64..76 => Act::Rotate,
        76..88 => Act::SignIn(user),
        88..96 => Act::SignOut,
        96..98 => Act::Revoke(user),
        _ => Act::Others,
    }
}

async fn tab(app: Router, jar: Arc<Jar>, browser: u64, number: u64, mut prng: Prng) -> Vec<Event> {
    let mut events = Vec::new();
    for step in 0..STEPS {
        let op = (number << 20) + (step << 8) + prng.below(256);
        let act = random_act(&mut prng, browser);
        events.push(send(&app, browser, act, op, &jar).await);
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t28_t29_mixed_histories_on_two_nodes() {
    if !available() {
        return;
    }
    let mut seen = Seen::default();
    for seed in 400..403 {
        let table = format!("seed_{seed}");
        let layers = [
            node(Server::shared(), &table).await,
            node(Server::shared(), &table).await,
        ];
        let apps = layers.each_ref().map(app);
        let mut prng = Prng(seed);
        let mut tabs = Vec::new();
        for browser in 0..BROWSERS {
            let jar = Arc::new(Jar::holding(None));
            for tab_of in 0..TABS {
                let number = browser * TABS + tab_of + 1;
                let app = apps[(number % 2) as usize].clone();
                let (jar, prng) = (Arc::clone(&jar), Prng(prng.next()));
                tabs.push(tokio::spawn(tab(app, jar, browser, number, prng)));
            }
        }
        let mut history = Vec::new();
        for tab in tabs {
            history.extend(tab.await.unwrap());
        }
        for layer in &layers {
            layer.drain().await;
        }
        read_all(&apps[0], &mut history).await;
        let found = check(&history).unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        assert_eq!(found.unknown, 0, "seed {seed}: {found:?}");
        seen += found;
    }
    seen.assert_all();
}

/// C2: 16 tasks on two nodes, three hundred increments of one session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t28_c2_no_increment_is_lost_on_two_nodes() {
    if !available() {
        return;
    }
    let layers = [
        node(Server::shared(), "increments").await,
        node(Server::shared(), "increments").await,
    ];
    let apps = layers.each_ref().map(app);
    let jar = Arc::new(Jar::holding(None));
    let mut history = vec![send(&apps[0], 0, Act::Push, 1_000, &jar).await];
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let (app, jar) = (apps[task as usize % 2].clone(), Arc::clone(&jar));
            tokio::spawn(async move {
                let mut events = Vec::new();
                for op in (task..300).step_by(16) {
                    events.push(send(&app, 0, Act::Push, op, &jar).await);
                }
                events
            })
        })
        .collect();
    for task in tasks {
        history.extend(task.await.unwrap());
    }
    read_all(&apps[1], &mut history).await;
    let seen = check(&history).unwrap();
    assert_eq!((seen.refused, seen.unknown), (0, 0), "{seen:?}");
}

/// T51, T52: while the engine stands still, whoever asks for a session is told 503 in time and nothing else, and whoever
/// does not is answered at once; when it goes on, everybody is who they were.
#[tokio::test(flavor = "multi_thread")]
async fn t51_t52_a_paused_engine_signs_nobody_out() {
    if !available() {
        return;
    }
    let server = Server::start(&[]);
    let builder = PostgresStore::builder().response_timeout(Duration::from_millis(500));
    let store = builder.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    let app = app(&layer(store)).route("/untouched", get(|| async { "at once" }));
    let jar = Jar::holding(None);
    send(&app, 1, Act::SignIn(7), 1, &jar).await;
    let id = jar.get().unwrap();
    let request = |act: Act| {
        let request = Request::post("/").header("cookie", format!("__Host-id={id}"));
        request.extension((act, 2u64)).body(Body::empty()).unwrap()
    };
    server.pause();
    for act in [Act::Read, Act::Push, Act::SignIn(8), Act::SignOut] {
        let start = Instant::now();
        let answer = app.clone().oneshot(request(act)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{act:?}");
        // Not even who asked to be signed out is told that it was done.
        assert!(!answer.headers().contains_key("set-cookie"), "{act:?}");
        assert!(start.elapsed() < Duration::from_secs(10), "{act:?}");
    }
    let untouched = Request::get("/untouched").body(Body::empty()).unwrap();
    let start = Instant::now();
    let answer = app.clone().oneshot(untouched).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(start.elapsed() < Duration::from_millis(400));
    server.resume();
    let read = loop {
        let answer = app.clone().oneshot(request(Act::Read)).await.unwrap();
        if answer.status() == StatusCode::OK {
            let body = axum::body::to_bytes(answer.into_body(), 1_000).await;
            break String::from_utf8(body.unwrap().to_vec()).unwrap();
        }
    };
    // What had no answer was done or not; a sign-out was asked for too.
    let known = [";live:7:1", ";live:7:1,2", ";gone"];
    assert!(known.iter().any(|known| read.ends_with(known)), "{read}");
}
