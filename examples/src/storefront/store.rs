//! Where sessions are kept, by what the command line says.

use session::{ConfigError, CookieTransport, SessionLayer, SessionLayerBuilder};
use session_stores::{FileStore, MemoryStore};

/// Any error, for a program that only prints it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The layer over the store that `store` names: `memory` or `file:<directory>`.
///
/// # Errors
///
/// There is no such store, or it cannot be opened.
pub async fn layer(store: &str) -> Result<SessionLayer, BoxError> {
    let builder = match store.split_once(':') {
        None if store == "memory" => SessionLayer::builder(MemoryStore::new()),
        Some(("file", directory)) => SessionLayer::builder(FileStore::new(directory)?),
        _ => return Err(format!("no such store: {store} (memory, file:<directory>)").into()),
    };
    Ok(configure(builder)?)
}

/// What the shop chooses, whatever the store.
///
/// # Errors
///
/// The choices contradict each other.
pub fn configure(builder: SessionLayerBuilder) -> Result<SessionLayer, ConfigError> {
    builder
        // The shop speaks plain HTTP, on localhost. In production this line goes.
        .cookie(CookieTransport::new().insecure())
        .build()
}
