//! The routes without any session.

use axum::Router;

use super::web::{Web, routes};
use super::{BARE, Subject};
use crate::runner::in_thread;
use crate::scenario::YES;

pub const SUBJECT: Subject = Subject {
    name: BARE,
    what: "the axum router with the same routes and no session",
    build: Some(|runtime| in_thread(runtime, async || Web(router()))),
    sessions: false,
    by_default: true,
    engine: None,
};

pub async fn yes() -> &'static str {
    YES
}

pub fn router() -> Router {
    routes!(yes, yes, yes, yes, yes, yes, yes, yes, yes, yes)
}
