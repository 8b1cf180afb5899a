//! The id in a header of the application's choice: for clients that are not browsers.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{IdTransport, Issue, PresentedIds};
use crate::id::SessionId;

/// Carries the id in a request header and a response header of one name.
///
/// Removal is an empty value. A browser script of another origin sees the header only if the application sends
/// `Access-Control-Expose-Headers`.
///
/// ```
/// use http::HeaderName;
/// use session::HeaderTransport;
///
/// let transport = HeaderTransport::new(HeaderName::from_static("session-id"));
/// assert_eq!(transport.header(), "session-id");
/// ```
#[derive(Clone, Debug)]
pub struct HeaderTransport {
    header: HeaderName,
}

impl HeaderTransport {
    /// Carries the id in this header.
    #[must_use]
    pub const fn new(header: HeaderName) -> Self {
        Self { header }
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &HeaderName {
        &self.header
    }
}

impl IdTransport for HeaderTransport {
    fn name(&self) -> &str {
        self.header.as_str()
    }

    fn read(&self, headers: &HeaderMap, found: &mut PresentedIds) {
        for value in headers.get_all(&self.header) {
            found.push(value.as_bytes());
        }
    }

    fn write(&self, id: &SessionId, _: &Issue, headers: &mut HeaderMap) {
        if let Ok(mut value) = HeaderValue::from_bytes(id.expose_secret().as_bytes()) {
            value.set_sensitive(true);
            headers.insert(self.header.clone(), value);
        }
    }

    fn remove(&self, headers: &mut HeaderMap) {
        headers.insert(self.header.clone(), HeaderValue::from_static(""));
    }

    fn vary(&self) -> HeaderName {
        self.header.clone()
    }
}
