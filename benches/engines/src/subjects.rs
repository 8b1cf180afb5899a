//! What the subjects here have in common with those of `session-benches`.

#[path = "../../src/subjects/tower_sessions_routes.rs"]
pub mod tower_sessions_routes;
#[path = "../../src/subjects/web.rs"]
pub mod web;

use crate::scenario::named;
