//! The cookie of a layer: found in a request's headers, written into a response's.

use http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use memchr::memchr;

use crate::id::SessionId;
use crate::time::MAX_LIFETIME;
use crate::transport::{IdTransport, Issue, PresentedIds};

/// A [`CookieTransport`](super::CookieTransport) made ready: each `Set-Cookie` is these texts and an id.
pub(crate) struct Cookies {
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) removal: HeaderValue,
    pub(super) former: Vec<HeaderValue>,
}

impl IdTransport for Cookies {
    fn name(&self) -> &str {
        &self.prefix[..self.prefix.len() - 1]
    }

    /// Splits at `;` and at the first `=`, and compares bytes: what a browser sent under another spelling is
    /// another cookie, whatever it decodes to (see "Cookie: Cookies" in OWASP's session cheat sheet, and T01).
    fn read(&self, headers: &HeaderMap, found: &mut PresentedIds) {
        let prefix = self.prefix.as_bytes();
        for line in headers.get_all(COOKIE) {
            let mut rest = Some(line.as_bytes());
            while let Some(pairs) = rest {
                let end = memchr(b';', pairs);
                let mut pair = &pairs[..end.unwrap_or(pairs.len())];
                while let [b' ' | b'\t', after @ ..] = pair {
                    pair = after;
                }
                // The first byte tells most others apart, and costs less than to compare the rest.
                if pair.first() == prefix.first()
                    && let Some(id) = pair.strip_prefix(prefix)
                {
                    found.push(id);
                }
                rest = end.map(|end| &pairs[end + 1..]);
            }
        }
    }

    fn write(&self, id: &SessionId, issue: &Issue, headers: &mut HeaderMap) {
        let max_age = issue.max_age.map(|max_age| {
            let seconds = max_age.min(MAX_LIFETIME).as_secs();
            format!("; Max-Age={seconds}")
        });
        let text = id.expose_secret();
        let parts = [
            self.prefix.as_bytes(),
            text.as_bytes(),
            self.suffix.as_bytes(),
            max_age.as_deref().unwrap_or_default().as_bytes(),
        ];
        // Of exactly their length: a header value that has room to spare is one allocation more.
        let value = parts.concat();
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            headers.append(SET_COOKIE, value);
        }
    }

    fn remove(&self, headers: &mut HeaderMap) {
        headers.append(SET_COOKIE, self.removal.clone());
    }

    fn vary(&self) -> HeaderName {
        COOKIE
    }

    fn clean_up(&self, headers: &mut HeaderMap) {
        self.remove(headers);
        for removal in &self.former {
            headers.append(SET_COOKIE, removal.clone());
        }
    }
}
