//! The store contract with sealed records: header and data in one place, and apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use session_stores::redis::RedisStore;
use session_stores::sqlite::SqliteStore;
use session_stores::{Durability, FileStore};

use crate::{redis_server, sealed, sqlite_file};

// The cases run side by side on few cores, and no power fails: slow is not wrong.
const PATIENCE: Duration = Duration::from_secs(30);

async fn over_files() -> (FileStore, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let builder = FileStore::builder(dir.path()).durability(Durability::Process);
    (builder.codec(sealed()).build().unwrap(), dir)
}

async fn over_sqlite() -> (SqliteStore, tempfile::TempDir) {
    let (dir, path) = sqlite_file::new_file();
    let builder = SqliteStore::builder()
        .durability(session_stores::sqlite::Durability::Normal)
        .response_timeout(PATIENCE)
        .codec(sealed());
    (builder.open(path).await.unwrap(), dir)
}

struct OverRedis(RedisStore);

impl session::testing::conformance::Fixture for OverRedis {
    type Store = RedisStore;
    const NATIVE_EXPIRY: bool = true;

    fn store(&self) -> &RedisStore {
        &self.0
    }
}

async fn over_redis() -> OverRedis {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let prefix = format!("sealed{}:", NEXT.fetch_add(1, Ordering::Relaxed));
    let builder = RedisStore::builder()
        .prefix(prefix)
        .response_timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .codec(sealed());
    let server = redis_server::Server::shared();
    OverRedis(builder.connect(server.url()).await.unwrap())
}

/// Those topics of the suite to which it is something that a record is sealed. (Races, sizes and sweeps, which look at
/// headers, take the most time.)
macro_rules! cases {
    ([$make:path, $available:path] $($topic:ident $cases:tt)*) => {
        $(cases! { @$topic [$make, $available] $topic $cases })*
    };
    (@drift $($rest:tt)*) => {};
    (@extreme $($rest:tt)*) => {};
    (@gc $($rest:tt)*) => {};
    (@limit $($rest:tt)*) => {};
    (@promise $($rest:tt)*) => {};
    (@race $($rest:tt)*) => {};
    (@size $($rest:tt)*) => {};
    (@$_:ident [$make:path, $available:path] $topic:ident { $($case:ident)* }) => {
        mod $topic {
            $(#[test]
            fn $case() {
                if $available() {
                    session::testing::conformance::run(
                        $make(),
                        session::testing::conformance::$topic::$case,
                    );
                }
            })*
        }
    };
}

fn always() -> bool {
    true
}

mod files {
    session::__conformance_cases! { [cases] crate::contract::over_files, crate::contract::always }
}

mod sqlite {
    session::__conformance_cases! { [cases] crate::contract::over_sqlite, crate::contract::always }
}

mod redis {
    session::__conformance_cases! { [cases] crate::contract::over_redis, crate::redis_server::available }
}
