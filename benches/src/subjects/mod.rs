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
#[cfg(feature = "redis")]
mod ours_redis;
#[cfg(feature = "others")]
mod tower_sessions;
#[cfg(feature = "others")]
mod tower_sessions_struct;
#[cfg(feature = "others")]
mod typed_session;
mod web;

use tokio::runtime::Runtime;

use crate::runner::Runner;

pub struct Subject {
    pub name: &'static str,
    /// What the table's note says of it.
    pub what: &'static str,
    pub build: fn(Runtime) -> Box<dyn Runner>,
    /// Whether there are sessions that could be checked.
    pub sessions: bool,
    /// Whether it is measured when nobody asks for it by name.
    pub by_default: bool,
}

/// What all others are compared with.
pub const BARE: &str = "bare";

pub static SUBJECTS: &[Subject] = &[
    bare::SUBJECT,
    floor::SUBJECT,
    floor_ext::SUBJECT,
    ours::AROUND,
    ours::SUBJECT,
    ours_file::SUBJECT,
    ours_file::PROCESS,
    #[cfg(feature = "redis")]
    ours_redis::SUBJECT,
    #[cfg(feature = "others")]
    tower_sessions::SUBJECT,
    #[cfg(feature = "others")]
    tower_sessions_struct::SUBJECT,
    #[cfg(feature = "others")]
    axum_session::SUBJECT,
    #[cfg(feature = "others")]
    typed_session::SUBJECT,
    #[cfg(feature = "others")]
    actix::SUBJECT,
    #[cfg(feature = "others")]
    actix::WITHOUT,
];

/// Which seed a session has that holds so many keys and so large a value: proof that it holds all of it.
fn named(keys: usize, large: usize) -> String {
    let name = match (keys, large) {
        (1, 0) => "/seed/one",
        (4, 0) => "/seed/four",
        (16, 0) => "/seed/sixteen",
        (256, 0) => "/seed/many",
        (5, 16_384) => "/seed/large",
        _ => return format!("{keys} keys and {large} bytes"),
    };
    name.into()
}
