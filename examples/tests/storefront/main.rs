//! The shop over TCP, by clients with cookie jars.

#[path = "../support/mod.rs"]
mod support;

mod account;
mod failing;
mod hostile;
mod nodes;
mod processes;
mod sign_in;
mod together;
mod visit;

use std::sync::Arc;

use examples::storefront;
use session::SessionLayer;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use support::client::Client;

const ANN: (&str, &str) = ("ann", "correct horse");
const BOB: (&str, &str) = ("bob", "battery staple");

/// The shop, in this process.
struct Shop {
    origin: String,
    stop: Arc<Notify>,
    served: tokio::task::JoinHandle<()>,
}

impl Shop {
    async fn open(layer: SessionLayer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let app = storefront::app(layer).expect("the schemas agree");
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let served = tokio::spawn(async move {
            let serve = axum::serve(listener, app);
            let served = serve.with_graceful_shutdown(async move { stopped.notified().await });
            served.await.expect("it serves");
        });
        Self {
            origin,
            stop,
            served,
        }
    }

    fn client(&self) -> Client {
        Client::new(&self.origin)
    }

    async fn close(self) {
        self.stop.notify_one();
        self.served.await.expect("it closes");
    }
}

/// A shop on each store that needs no server, for tests that say nothing of stores.
async fn shops() -> Vec<(Shop, Option<TempDir>)> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = file_store(&directory);
    let memory = storefront::layer("memory").await.expect("a store");
    let file = storefront::layer(&file).await.expect("a store");
    vec![
        (Shop::open(memory).await, None),
        (Shop::open(file).await, Some(directory)),
    ]
}

fn file_store(directory: &TempDir) -> String {
    format!("file:{}", directory.path().join("sessions").display())
}
