//! Stores on a server of the tests.

use std::time::Duration;

use session_stores::mysql::MysqlStore;

use crate::mysql_server::Server;

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
