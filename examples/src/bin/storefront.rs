//! A shop. Sign in as `ann` (`correct horse`) or `bob` (`battery staple`).
//!
//! Run: `cargo run -p examples --bin storefront`
//!
//! With `-- --store file:./sessions` the sessions are files, and outlive a restart. `sqlite:sessions.db`, `redis://..`,
//! `postgres://..` and `mysql://..` keep them there; for each of these four, add `--features` with its name before the
//! `--`. `--port 8080` is another port, and `--port 0` any that is free.

use examples::storefront::{self, BoxError};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let options = Options::parse(std::env::args().skip(1))?;
    let layer = storefront::layer(&options.store).await?;
    let app = storefront::app(layer.clone())?;

    // Only this machine: the cookie of a plain HTTP server is not for networks.
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(asked_to_stop()?)
        .await?;

    // Requests whose clients went away may still be saving.
    layer.drain().await;
    Ok(())
}

/// Ctrl-C, or what service managers send.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

struct Options {
    store: String,
    port: u16,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut options = Self {
            store: "memory".to_owned(),
            port: 3000,
        };
        while let Some(name) = arguments.next() {
            match (name.as_str(), arguments.next()) {
                ("--store", Some(store)) => options.store = store,
                ("--port", Some(port)) => options.port = port.parse()?,
                _ => {
                    let stores = storefront::STORES;
                    let usage = "usage: storefront [--store <store>] [--port <number>]";
                    return Err(format!("{usage}\nstores: {stores}").into());
                }
            }
        }
        Ok(options)
    }
}
