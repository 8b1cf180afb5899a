//! The implementations. A new one is a file here and a line in [`SUBJECTS`].

#[cfg(feature = "others")]
mod actix;
#[cfg(feature = "others")]
mod axum_session;
mod bare;
mod floor;
mod floor_ext;
mod ours;
mod ours_file;
#[cfg(feature = "postgres")]
mod ours_postgres;
#[cfg(feature = "redis")]
mod ours_redis;
#[cfg(feature = "sqlite")]
mod ours_sqlite;
mod promises;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;
mod tower_sessions_engines;
#[cfg(feature = "tower-sessions")]
mod tower_sessions_routes;
#[cfg(feature = "tower-sessions")]
mod tower_sessions_struct;
#[cfg(feature = "others")]
mod typed_session;
mod web;

use tokio::runtime::Runtime;

use crate::engine::Engine;
use crate::runner::Runner;
use crate::scenario::named;

pub struct Subject {
    pub name: &'static str,
    /// What the table's note says of it.
    pub what: &'static str,
    /// `None`: the program in `engines` serves it, and it takes part over loopback alone.
    pub build: Option<fn(Runtime) -> Box<dyn Runner>>,
    /// Whether there are sessions that could be checked.
    pub sessions: bool,
    /// Whether it is measured when nobody asks for it by name.
    pub by_default: bool,
    /// What has to run for it.
    pub engine: Option<Engine>,
}

/// What all others are compared with.
pub const BARE: &str = "bare";

pub static SUBJECTS: &[Subject] = &[
    bare::SUBJECT,
    floor::SUBJECT,
    floor_ext::SUBJECT,
    promises::SUBJECT,
    ours::AROUND,
    ours::SUBJECT,
    ours_file::SUBJECT,
    ours_file::PROCESS,
    #[cfg(feature = "redis")]
    ours_redis::SUBJECT,
    #[cfg(feature = "sqlite")]
    ours_sqlite::SUBJECT,
    #[cfg(feature = "sqlite")]
    ours_sqlite::NORMAL,
    #[cfg(feature = "postgres")]
    ours_postgres::SUBJECT,
    #[cfg(feature = "tower-sessions")]
    tower_sessions::SUBJECT,
    #[cfg(feature = "tower-sessions")]
    tower_sessions_struct::SUBJECT,
    tower_sessions_engines::REDIS,
    tower_sessions_engines::SQLITE,
    tower_sessions_engines::SQLITE_NORMAL,
    tower_sessions_engines::POSTGRES,
    #[cfg(feature = "others")]
    axum_session::SUBJECT,
    #[cfg(feature = "others")]
    typed_session::SUBJECT,
    #[cfg(feature = "others")]
    actix::SUBJECT,
    #[cfg(feature = "others")]
    actix::WITHOUT,
];
