//! Where sessions are kept, by what the command line says.

use session::{ConfigError, CookieTransport, SessionLayer, SessionLayerBuilder};
use session_stores::{FileStore, MemoryStore};

/// What `--store` takes.
pub const STORES: &str =
    "memory, file:<directory>, sqlite:<file>, redis://.., postgres://.., mysql://..";

/// Any error, for a program that only prints it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The layer over the store that `store` names: `memory`, `file:<directory>`, `sqlite:<file>`, or the address of a server,
/// `redis://..`, `postgres://..` or `mysql://..`. All but the first two want a feature of their name.
///
/// # Errors
///
/// There is no such store, it cannot be opened, or the program was built without it.
pub async fn layer(store: &str) -> Result<SessionLayer, BoxError> {
    let (kind, place) = store.split_once(':').unwrap_or((store, ""));
    let builder = match kind {
        "memory" if place.is_empty() => SessionLayer::builder(MemoryStore::new()),
        "file" => SessionLayer::builder(FileStore::new(place)?),
        #[cfg(feature = "sqlite")]
        "sqlite" => {
            let store = session_stores::SqliteStore::open(place).await?;
            SessionLayer::builder(store)
        }
        #[cfg(feature = "redis")]
        "redis" => SessionLayer::builder(session_stores::RedisStore::connect(store).await?),
        #[cfg(feature = "postgres")]
        "postgres" => {
            let store = session_stores::PostgresStore::connect(store).await?;
            store.migrate().await?;
            SessionLayer::builder(store)
        }
        #[cfg(feature = "mysql")]
        "mysql" => {
            let store = session_stores::MysqlStore::connect(store).await?;
            store.migrate().await?;
            SessionLayer::builder(store)
        }
        #[allow(unreachable_patterns, reason = "with all features there is none left")]
        "sqlite" | "redis" | "postgres" | "mysql" => {
            return Err(format!("built without {kind}: add `--features {kind}`").into());
        }
        // The address may have a password in it.
        _ => return Err(format!("no such store: {kind} ({STORES})").into()),
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
