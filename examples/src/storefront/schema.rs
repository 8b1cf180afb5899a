//! What a session of the shop holds, and who sees what of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use session::SessionSchema;

use super::shop::Cart;

/// What every page knows of its visitor.
#[derive(SessionSchema)]
pub(super) struct Shopper {
    /// Who is signed in. Setting it rotates the session id.
    #[session(owner)]
    pub(super) user_id: Option<UserId>,
    /// What lies in the cart. It comes along when its owner signs in.
    pub(super) cart: Option<Cart>,
    /// Light or dark. It outlasts a change of owner.
    #[session(default, keep)]
    pub(super) theme: Theme,
    /// What the next page tells, once.
    #[session(flash)]
    pub(super) notices: Vec<Notice>,
    /// The name that was typed beside a wrong password, to fill it in again.
    #[session(flash, ttl = "10m")]
    pub(super) typed_name: Option<String>,
    /// What forms of this session carry. Signing in drops it: whoever knew it before knows nothing now.
    #[session(per_login, secret)]
    pub(super) csrf_token: Option<String>,
}

/// Somebody is signed in; who is not is sent to `/login?next=..` instead of to the handler.
#[derive(SessionSchema)]
#[session(redirect = "/login", next = "next")]
pub(super) struct SignedIn {
    /// Who.
    #[session(owner, read_only)]
    pub(super) user_id: UserId,
}

/// Whose account it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(super) struct UserId(pub(super) u32);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Theme {
    /// As the browser prefers.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub(super) const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A message over POST-redirect-GET.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Notice {
    pub(super) is_error: bool,
    pub(super) text: String,
}

impl Notice {
    pub(super) fn success(text: impl Into<String>) -> Self {
        Self {
            is_error: false,
            text: text.into(),
        }
    }

    pub(super) fn error(text: impl Into<String>) -> Self {
        Self {
            is_error: true,
            text: text.into(),
        }
    }
}
