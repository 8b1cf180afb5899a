//! The session cookie: read byte for byte, written from a template that is made once.

mod compiled;

use cookie::Cookie;
pub use cookie::SameSite;
use http::header::HeaderValue;

use crate::config::ConfigError;

pub(crate) use self::compiled::Cookies;

const HOST: &str = "__Host-";
/// What browsers refuse beyond (RFC 6265bis, section 5.6, "name + value").
const MAX_NAME_AND_VALUE: usize = 4096;
const MAX_ID_TEXT: usize = 43;
/// The longest value of an attribute that browsers heed (RFC 6265bis, section 5.6).
const MAX_ATTRIBUTE: usize = 1024;

/// The session cookie: `__Host-id`, `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/`, gone when the browser closes.
///
/// Every default is independent of every other. [`SessionLayerBuilder::build`](crate::SessionLayerBuilder::build)
/// refuses combinations that browsers would drop.
///
/// ```
/// use session::{CookieTransport, SameSite};
///
/// let cookie = CookieTransport::new().name("__Host-shop").same_site(SameSite::Strict);
/// assert!(cookie.validate().is_ok());
/// let error = cookie.domain("example.com").validate().unwrap_err();
/// assert_eq!(error.to_string(), "a cookie with the prefix `__Host-` cannot have a domain");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a cookie does nothing until it is given to `SessionLayer::builder(..).cookie(..)`"]
pub struct CookieTransport {
    name: String,
    path: String,
    domain: Option<String>,
    secure: bool,
    http_only: bool,
    same_site: SameSite,
    partitioned: bool,
    persistent: bool,
    former: Vec<CookieScope>,
}

/// A scope under which the cookie used to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieScope {
    /// The former domain; `None`: host-only.
    pub domain: Option<String>,
    /// The former path; `None`: `/`.
    pub path: Option<String>,
    /// Whether it was partitioned.
    pub partitioned: bool,
}

impl Default for CookieTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl CookieTransport {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            name: "__Host-id".to_owned(),
            path: "/".to_owned(),
            domain: None,
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
            partitioned: false,
            persistent: false,
            former: Vec::new(),
        }
    }

    /// The name, prefix included.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The path below which the browser sends it.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The domain whose hosts all see it. Without one only the host that set it does.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Whether it travels over HTTPS only.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether scripts are kept from it.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// When requests from other sites carry it.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Whether it is kept apart per top-level site (CHIPS).
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// Whether it outlives the browser, to the session's absolute deadline. One session gets that from
    /// [`Session::set_lifetime`](crate::Session::set_lifetime).
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }

    /// For development over plain HTTP: drops `Secure` and the `__Host-` or `__Secure-` prefix. Logs one warning
    /// when the layer is built.
    pub fn insecure(mut self) -> Self {
        self.secure = false;
        for prefix in [HOST, "__Secure-"] {
            if let Some(name) = self.name.strip_prefix(prefix) {
                self.name = name.to_owned();
            }
        }
        self
    }

    /// A scope under which the cookie used to be set. Where a request presents several live sessions, the cookie
    /// of this scope is removed too.
    pub fn cleanup_scope(mut self, scope: CookieScope) -> Self {
        self.former.push(scope);
        self
    }

    /// Whether browsers would accept this cookie.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] says what they would not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let name = self.name.as_str();
        let fail = |problem: &str| Err(ConfigError::new(problem));
        if name.is_empty() || !name.bytes().all(is_token) {
            return fail(
                "a cookie name is one or more ASCII letters, digits or any of !#$%&'*+-.^_`|~",
            );
        }
        if name.len() + MAX_ID_TEXT > MAX_NAME_AND_VALUE {
            return fail("the cookie name is too long: name and value may take 4096 bytes");
        }
        let lower = name.to_ascii_lowercase();
        let prefixes = ["__Host-", "__Secure-", "__Http-", "__Host-Http-"];
        let prefix = prefixes
            .iter()
            .find(|p| lower.starts_with(&p.to_ascii_lowercase()));
        if prefix.is_some_and(|prefix| !name.starts_with(prefix)) {
            return fail(
                "cookie prefixes are spelt `__Host-`, `__Secure-`, `__Http-` and `__Host-Http-`",
            );
        }
        if lower.starts_with("host__") || lower.starts_with("secure__") {
            return fail("the cookie prefixes are `__Host-` and `__Secure-`: underscores first");
        }
        if prefix.is_some() && !self.secure {
            return fail("a cookie with a prefix must be secure; `insecure()` drops both");
        }
        if lower.contains("http-") && prefix.is_some() && !self.http_only {
            return fail("a cookie with the prefix `__Http-` must be HttpOnly");
        }
        if lower.starts_with("__host-") {
            if self.domain.is_some() {
                return fail("a cookie with the prefix `__Host-` cannot have a domain");
            }
            if self.path != "/" {
                return fail("a cookie with the prefix `__Host-` must have the path `/`");
            }
        }
        if self.same_site == SameSite::None && !self.secure {
            return fail("a cookie with `SameSite=None` must be secure");
        }
        if self.partitioned && !self.secure {
            return fail("a partitioned cookie must be secure");
        }
        check_path(&self.path)?;
        self.domain.as_deref().map_or(Ok(()), check_domain)?;
        for scope in &self.former {
            scope.path.as_deref().map_or(Ok(()), check_path)?;
            scope.domain.as_deref().map_or(Ok(()), check_domain)?;
        }
        Ok(())
    }

    pub(crate) fn is_insecure(&self) -> bool {
        !self.secure
    }

    pub(crate) fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// The cookie of a scope without value. Attributes come from the `cookie` crate.
    fn template(&self, scope: Option<&CookieScope>) -> Cookie<'static> {
        let mut cookie = Cookie::new(self.name.clone(), "");
        let (path, domain, partitioned) = match scope {
            None => (Some(&self.path), self.domain.as_ref(), self.partitioned),
            Some(scope) => (
                scope.path.as_ref(),
                scope.domain.as_ref(),
                scope.partitioned,
            ),
        };
        cookie.set_path(path.map_or("/", String::as_str).to_owned());
        if let Some(domain) = domain {
            cookie.set_domain(domain.clone());
        }
        cookie.set_http_only(self.http_only);
        cookie.set_secure(self.secure);
        cookie.set_same_site(self.same_site);
        cookie.set_partitioned(partitioned);
        cookie
    }

    pub(crate) fn compile(&self) -> Result<Cookies, ConfigError> {
        self.validate()?;
        let removal = |scope: Option<&CookieScope>| {
            let mut cookie = self.template(scope);
            cookie.make_removal();
            HeaderValue::from_str(&cookie.to_string())
                .map_err(|_| ConfigError::new("the cookie's attributes are not a header value"))
        };
        let template = self.template(None).to_string();
        let prefix = format!("{}=", self.name);
        let suffix = template
            .strip_prefix(&prefix)
            .unwrap_or_default()
            .to_owned();
        Ok(Cookies {
            suffix,
            prefix,
            removal: removal(None)?,
            former: self
                .former
                .iter()
                .map(|scope| removal(Some(scope)))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn check_path(path: &str) -> Result<(), ConfigError> {
    let printable = path.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b';');
    if path.starts_with('/') && printable && path.len() <= MAX_ATTRIBUTE {
        Ok(())
    } else {
        Err(ConfigError::new(
            "a cookie path begins with `/` and is printable ASCII without `;`",
        ))
    }
}

fn check_domain(domain: &str) -> Result<(), ConfigError> {
    let host = domain.strip_prefix('.').unwrap_or(domain);
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if host.split('.').all(label) && domain.len() <= 253 {
        Ok(())
    } else {
        Err(ConfigError::new(
            "a cookie domain is a host name of ASCII letters, digits, `-` and `.`",
        ))
    }
}

#[cfg(test)]
mod tests;
