//! What happened, as `tracing` events of the target `session`. No event tells an id, a hash, or a value.

use crate::error::Error;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident => $level:ident, $text:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name() {
            tracing::$level!(target: "session", concat!("session ", $text));
        }
    )*};
}

events! {
    created => debug, "created";
    rotated => debug, "rotated";
    destroyed => debug, "destroyed";
    conflict => debug, "changed by another request: changes are repeated on the newer state";
    unknown_id => debug, "unknown or expired: a client presented an id under which nothing lives";
    gone => info, "gone: a client presented the id of a session that has ended or moved on";
    dropped => warn, "gone: changes were dropped";
    several => warn, "ambiguous: a client presented several live sessions, and none is used";
    damaged => warn, "damaged: a stored record could not be read, and is treated as no session";
    revoked => info, "revoked: the owner's sessions were revoked meanwhile";
    discarded => debug, "unchanged: the response is a server error, so data changes were not saved";
    lost => warn, "lost: a handle was dropped with changes that nobody committed";
    nested => warn, "layers nested: two layers have one cookie name, and the inner one uses the outer one's session";
    hook_mismatch => error, "hook unused: `on_error_response` was given another body type than the responses have";
}

/// What a client can bring about by itself, being late, is no error of the server's.
pub(crate) fn error(error: &Error) {
    let (kind, key) = (error.kind(), error.key());
    if error.status() < 500 {
        tracing::warn!(target: "session", ?kind, key, "session refused: {error}");
    } else {
        tracing::error!(target: "session", ?kind, key, "session error: {error}");
    }
}

pub(crate) fn mismatch(key: &str, wanted: &str, cause: &dyn std::fmt::Display) {
    tracing::warn!(target: "session", key, wanted, "session value unreadable: {cause}");
}

pub(crate) fn store_failed(verb: &'static str, error: &crate::StoreError) {
    match std::error::Error::source(error) {
        Some(source) => tracing::warn!(target: "session", verb, "session store: {error}: {source}"),
        None => tracing::warn!(target: "session", verb, "session store: {error}"),
    }
}
