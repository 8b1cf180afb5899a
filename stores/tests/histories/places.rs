//! Where the sessions of several processes are: the name of a place is all that another process needs.

use std::time::Duration;

use session::SessionLayer;
use tempfile::TempDir;

use crate::file_common;
use crate::world::layer;

/// The histories ask much of few cores: slow is not wrong.
#[allow(dead_code)]
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Place {
    /// What kind of store, which part of it is ours, and where it is.
    pub(crate) name: String,
    /// For the files of the store, and those of the processes.
    pub(crate) dir: TempDir,
}

impl Place {
    fn new(kind: &str, at: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = match at {
            "" => dir.path().join("sessions").display().to_string(),
            at => at.to_owned(),
        };
        // A folder of its own is a name of its own.
        let ours = dir.path().file_name().unwrap().to_string_lossy();
        let ours: String = ours.bytes().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("{kind} h{ours} {at}");
        Self { name, dir }
    }

    pub(crate) fn files() -> Option<Self> {
        Some(Self::new("files", ""))
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn sqlite() -> Option<Self> {
        Some(Self::new("sqlite", ""))
    }

    #[cfg(feature = "redis")]
    pub(crate) fn redis() -> Option<Self> {
        use crate::redis_server::{Server, available};
        available().then(|| Self::new("redis", &Server::shared().url()))
    }

    #[cfg(feature = "redis")]
    pub(crate) fn cluster() -> Option<Self> {
        let urls = || crate::redis_cluster::Cluster::shared().urls().join(",");
        crate::redis_server::available().then(|| Self::new("cluster", &urls()))
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn postgres() -> Option<Self> {
        use crate::postgres_server::{Server, available};
        available().then(|| Self::new("postgres", &Server::shared().url()))
    }

    #[cfg(feature = "mysql")]
    pub(crate) fn mysql() -> Option<Self> {
        use crate::mysql_server::{Server, available};
        available().then(|| Self::new("mysql", &Server::shared().url()))
    }
}

/// A layer on the store of this place.
pub(crate) async fn open(name: &str) -> SessionLayer {
    let parts: Vec<_> = name.splitn(3, ' ').collect();
    match (parts[0], parts[1], parts[2]) {
        ("files", _, root) => layer(file_common::open(root)),
        #[cfg(feature = "sqlite")]
        ("sqlite", _, file) => {
            let builder = session_stores::sqlite::SqliteStore::builder();
            layer(builder.response_timeout(PATIENCE).open(file).await.unwrap())
        }
        #[cfg(feature = "redis")]
        (kind @ ("redis" | "cluster"), prefix, at) => {
            let builder = session_stores::redis::RedisStore::builder().prefix(prefix);
            let builder = builder.response_timeout(PATIENCE).connect_timeout(PATIENCE);
            let store = match kind {
                "redis" => builder.connect(at).await,
                _ => builder.cluster(at.split(',')).await,
            };
            layer(store.unwrap())
        }
        #[cfg(feature = "postgres")]
        ("postgres", table, url) => {
            let builder = session_stores::postgres::PostgresStore::builder().table(table);
            let builder = builder.response_timeout(PATIENCE).connect_timeout(PATIENCE);
            let store = builder.connect(url).await.unwrap();
            store.migrate().await.unwrap();
            layer(store)
        }
        #[cfg(feature = "mysql")]
        ("mysql", table, url) => {
            let builder = session_stores::mysql::MysqlStore::builder().table(table);
            let builder = builder.response_timeout(PATIENCE).connect_timeout(PATIENCE);
            let store = builder.connect(url).await.unwrap();
            store.migrate().await.unwrap();
            layer(store)
        }
        _ => panic!("no such place: {name}"),
    }
}
