//! The smallest application: counts the visits of each browser.
//!
//! Run: `cargo run -p examples --bin counter`

use axum::{Router, routing::get};
use session::{CookieTransport, Session, SessionLayer};
use session_stores::MemoryStore;

async fn visits(session: Session) -> Result<String, session::Error> {
    session.update("visits", |n: &mut Option<u64>| *n.get_or_insert(0) += 1)?;
    let visits: u64 = session.get("visits")?.unwrap_or_default();
    Ok(format!("visit {visits}\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `insecure`: this is plain HTTP. Behind HTTPS it is `SessionLayer::new(store)`.
    let (store, cookie) = (MemoryStore::new(), CookieTransport::new().insecure());
    let layer = SessionLayer::builder(store).cookie(cookie).build()?;
    let app = Router::new().route("/", get(visits)).layer(layer);
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
