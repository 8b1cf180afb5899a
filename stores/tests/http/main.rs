//! T14, T15, T22, T22b, T23, T24, T27, T29, T54: what a browser meets, over TCP, on each store of one machine.

#![cfg(all(feature = "file", feature = "memory"))]
#![allow(clippy::unwrap_used)]

mod cancelled;
mod ended;
mod owners;
mod sign_in;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use session::testing::{FakeClock, FaultStore};
use session::{Session, SessionLayer, SessionSchema, SessionStore, StoreHandle, Timestamp, Typed};
use session_stores::{FileStore, MemoryStore};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use wire::{Answer, Browser};

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user: Option<u64>,
    #[session(default)]
    cart: Vec<u64>,
    #[session(per_login)]
    csrf: Option<u64>,
    #[session(keep)]
    theme: Option<u64>,
}

/// Where handlers wait that are to be late, each with its session loaded.
struct Gate {
    arrived: Semaphore,
    open: Semaphore,
}

/// `/{when}/{act}/{what}`: a handler acts now, or once it is let through the gate; or it acts and fails.
async fn perform(
    Path((when, act, what)): Path<(String, String, String)>,
    State(gate): State<Arc<Gate>>,
    session: Session,
    store: StoreHandle,
) -> Response {
    if when == "late" {
        let mut turn = std::pin::pin!(gate.open.acquire());
        // In the queue, before it says so.
        let waits = std::future::poll_fn(|context| Poll::Ready(turn.as_mut().poll(context)));
        let waits = waits.await;
        gate.arrived.add_permits(1);
        match waits {
            Poll::Ready(permit) => permit.unwrap().forget(),
            Poll::Pending => turn.await.unwrap().forget(),
        }
    }
    let done = act_on(&session, &store, &act, &what).await;
    match done {
        Ok(_) if when == "failing" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Ok(body) => body.into_response(),
        Err(error) => error.into_response(),
    }
}

async fn act_on(
    session: &Session,
    store: &StoreHandle,
    act: &str,
    what: &str,
) -> Result<String, session::Error> {
    let account: Typed<Account> = session.typed()?;
    let n: u64 = what.parse().unwrap_or_default();
    match act {
        "read" => {
            let user = account.user().map_or_else(String::new, |u| u.to_string());
            return Ok(format!("{user} {:?} {:?}", account.cart(), account.csrf()));
        }
        "add" => account.update_cart(move |cart| cart.push(n)),
        "csrf" => account.set_csrf(n),
        "theme" => account.set_theme(n),
        "look" => return Ok(format!("{:?}", account.theme())),
        "login" => account.set_user(n),
        "rotate" => session.regenerate_id(),
        "logout" => session.destroy(),
        "others" => return Ok(session.destroy_others().await?.to_string()),
        "revoke" => return Ok(store.destroy_all_of(&n).await?.to_string()),
        "end" => {
            let handle = what.parse().unwrap();
            return Ok(session.destroy_other(handle).await?.to_string());
        }
        "list" => return Ok(format!("{:?}", session.sessions_of_owner().await?)),
        other => panic!("no such act: {other}"),
    }
    Ok(String::new())
}

/// One node: a server, its layer, and a hand on the store.
struct Node<S> {
    at: SocketAddr,
    store: Arc<FaultStore<S>>,
    layer: SessionLayer,
    gate: Arc<Gate>,
    clock: FakeClock,
    served: JoinHandle<()>,
}

impl<S: SessionStore> Node<S> {
    async fn start(store: S) -> Self {
        let clock = FakeClock::new(Timestamp::from_millis(1_700_000_000_000));
        Self::beside(store, clock).await
    }

    async fn beside(store: S, clock: FakeClock) -> Self {
        let store = Arc::new(FaultStore::new(store));
        let layer = SessionLayer::builder(Arc::clone(&store))
            .clock(clock.clone())
            .deadline(std::time::Duration::from_secs(30))
            .gc_interval(None)
            .build()
            .unwrap();
        let gate = Arc::new(Gate {
            arrived: Semaphore::new(0),
            open: Semaphore::new(0),
        });
        let app = Router::new()
            .route("/{when}/{act}/{what}", post(perform))
            .with_state(Arc::clone(&gate))
            .layer(layer.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let served = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            at,
            store,
            layer,
            gate,
            clock,
            served,
        }
    }

    fn browser(&self) -> Browser {
        Browser::new(self.at)
    }

    /// A browser with a session of nobody, and something in its cart.
    async fn visitor(&self) -> Browser {
        let mut browser = self.browser();
        browser.send("/now/add/5").await;
        assert!(browser.id.is_some());
        browser
    }

    async fn signed_in(&self, user: u64) -> Browser {
        let mut browser = self.visitor().await;
        browser.send(&format!("/now/login/{user}")).await;
        browser
    }

    /// Requests of this browser that are all held at the gate when this returns.
    async fn late(&self, browser: &Browser, acts: &[&str]) -> Vec<JoinHandle<Answer>> {
        let send = |act: &&str| {
            let (browser, path) = (browser.clone(), format!("/late/{act}"));
            tokio::spawn(async move { browser.peek(&path).await })
        };
        let sent = acts.iter().map(send).collect();
        let all = u32::try_from(acts.len()).unwrap();
        self.gate.arrived.acquire_many(all).await.unwrap().forget();
        sent
    }

    /// Lets so many through, in the order in which they arrived, and gives their answers in the order in which they were sent.
    async fn release(&self, late: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
        self.gate.open.add_permits(late.len());
        let mut answers = Vec::new();
        for one in late {
            answers.push(one.await.unwrap());
        }
        answers
    }
}

/// Nothing of the session is left for whoever sends its id.
async fn assert_dead(browser: &Browser) {
    let answer = browser.peek("/now/read/0").await;
    assert_eq!((answer.says(), &*answer.body), ((200, false), " [] None"));
}

/// A test on each store; `two` are two stores on the same sessions.
macro_rules! on_each_store {
    ($(async fn $name:ident($two:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn run<S: SessionStore>($two: [S; 2]) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_memory() {
                let store = MemoryStore::new();
                run([store.clone(), store]).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_files() {
                let dir = tempfile::tempdir().unwrap();
                let open = || {
                    let store = FileStore::builder(dir.path().join("root"));
                    store.durability(session_stores::Durability::Process).build().unwrap()
                };
                run([open(), open()]).await;
            }
        }
    )*};
}
pub(crate) use on_each_store;
