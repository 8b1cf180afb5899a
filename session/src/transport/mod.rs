//! How the id travels between client and server.

mod cookie;
mod header;

use std::time::Duration;

use http::header::{HeaderMap, HeaderName};

pub use self::cookie::{CookieScope, CookieTransport, SameSite};
pub use self::header::HeaderTransport;
use crate::id::{ID_BYTES, SessionId};

/// How the id travels: in a cookie ([`CookieTransport`], the default), in a header ([`HeaderTransport`]), or as
/// an application decides.
///
/// A transport knows bytes and ids, and no session. What it reads is untrusted.
///
/// ```
/// use http::{HeaderMap, HeaderName, HeaderValue};
/// use session::{IdTransport, Issue, PresentedIds, SessionId};
///
/// /// `Authorization: Session <id>` in, `Session-Id: <id>` out.
/// struct Authorization;
///
/// impl IdTransport for Authorization {
///     fn name(&self) -> &str {
///         "authorization"
///     }
///     fn read(&self, headers: &HeaderMap, found: &mut PresentedIds) {
///         for value in headers.get_all("authorization") {
///             if let Some(id) = value.as_bytes().strip_prefix(b"Session ") {
///                 found.push(id);
///             }
///         }
///     }
///     fn write(&self, id: &SessionId, _: &Issue, headers: &mut HeaderMap) {
///         if let Ok(value) = HeaderValue::from_str(id.expose_secret().as_str()) {
///             headers.insert("session-id", value);
///         }
///     }
///     fn remove(&self, headers: &mut HeaderMap) {
///         headers.insert("session-id", HeaderValue::from_static(""));
///     }
///     fn vary(&self) -> HeaderName {
///         HeaderName::from_static("authorization")
///     }
/// }
/// # let id = SessionId::generate()?;
/// # let mut headers = HeaderMap::new();
/// # let text = format!("Session {}", id.expose_secret().as_str());
/// # headers.insert("authorization", text.parse()?);
/// # let mut found = PresentedIds::default();
/// # Authorization.read(&headers, &mut found);
/// # assert_eq!(found.ids().collect::<Vec<_>>(), [id]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait IdTransport: Send + Sync + 'static {
    /// What it goes by. Of two nested layers with equal names the inner one uses the outer one's session.
    fn name(&self) -> &str;

    /// Finds the ids that a request presents.
    fn read(&self, headers: &HeaderMap, found: &mut PresentedIds);

    /// Tells the client a new id: adds to the headers of the response.
    fn write(&self, id: &SessionId, issue: &Issue, headers: &mut HeaderMap);

    /// Tells the client to forget its id.
    fn remove(&self, headers: &mut HeaderMap);

    /// The request header that it reads, for `Vary`.
    fn vary(&self) -> HeaderName;

    /// Tells the client to forget ids of former scopes as well, where there are any.
    fn clean_up(&self, headers: &mut HeaderMap) {
        self.remove(headers);
    }
}

/// Why the client is told an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issue {
    /// The session is new. `false`: it had another id, and keeps its data.
    pub created: bool,
    /// How long the client should keep it; `None`: as long as it runs.
    pub max_age: Option<Duration>,
}

impl Issue {
    pub(crate) fn new(created: bool, max_age: Option<Duration>) -> Self {
        Self { created, max_age }
    }
}

/// How many different ids of one request are looked up. A client with more has a cookie of ours under several
/// scopes, or somebody has planted some.
const MAX_PRESENTED: usize = 3;

/// The well-formed, different ids that a request presents.
#[derive(Clone, Debug)]
pub struct PresentedIds {
    /// Of how many bytes the layer makes its ids: others are not its own.
    id_bytes: usize,
    first: Option<SessionId>,
    /// Nearly always empty, and then it costs nothing.
    others: Vec<SessionId>,
    overflow: bool,
}

impl Default for PresentedIds {
    fn default() -> Self {
        Self::of_len(ID_BYTES)
    }
}

impl PresentedIds {
    pub(crate) const fn of_len(id_bytes: usize) -> Self {
        Self {
            id_bytes,
            first: None,
            others: Vec::new(),
            overflow: false,
        }
    }

    /// Adds what may be an id. What is not well-formed is forgotten, an id that is there already too.
    pub fn push(&mut self, text: &[u8]) {
        let own = SessionId::parse(text).filter(|id| id.bytes().len() == self.id_bytes);
        let Some(id) = own else {
            return;
        };
        if self.first.is_none() {
            self.first = Some(id);
        } else if self.first != Some(id) && !self.others.contains(&id) {
            self.overflow |= self.others.len() + 1 == MAX_PRESENTED;
            if !self.overflow {
                self.others.push(id);
            }
        }
    }

    /// The ids.
    pub fn ids(&self) -> impl Iterator<Item = SessionId> {
        self.first.iter().chain(&self.others).copied()
    }

    /// Whether there were more than are looked up.
    pub(crate) fn overflow(&self) -> bool {
        self.overflow
    }
}
