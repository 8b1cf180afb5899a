//! Stores on a server of the tests, and verbs that meet faults.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{Record, SessionStore, StoreError, StoreKey, Timestamp};
use session_stores::mysql::MysqlStore;

use crate::mysql_server::Server;
use crate::sessions::{fresh_key, op};

pub(crate) async fn store_within(server: &Server, timeout: Duration) -> MysqlStore {
    let builder = MysqlStore::builder().response_timeout(timeout);
    let builder = builder.connect_timeout(timeout).max_connections(8);
    let store = builder.connect(&server.url()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// Slow is not wrong.
pub(crate) async fn patient(server: &Server) -> MysqlStore {
    store_within(server, Duration::from_secs(30)).await
}

pub(crate) async fn put_one(
    store: &MysqlStore,
    t: Timestamp,
    record: &Record,
) -> Result<StoreKey, StoreError> {
    let key = fresh_key();
    let record = Arc::new(record.clone());
    store.create(&op(t), &key, record, None).await.map(|_| key)
}

/// The first answer that is no error.
pub(crate) async fn until_it_works<T, F: Future<Output = Result<T, StoreError>>>(
    verb: impl Fn() -> F,
) -> T {
    let start = Instant::now();
    loop {
        match verb().await {
            Ok(answer) => return answer,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(30), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
