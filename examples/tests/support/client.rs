//! A browser's part: sends the cookie, keeps what it is told, and looks at every `Set-Cookie`.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

type Http = legacy::Client<HttpConnector, Full<Bytes>>;

/// Clones share the jar, as the tabs of one browser do.
#[derive(Clone)]
pub(crate) struct Client {
    origin: String,
    agent: &'static str,
    http: Http,
    jar: Arc<Mutex<Jar>>,
}

#[derive(Default)]
struct Jar {
    id: Option<String>,
    /// That of the last page with a form.
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            http: legacy::Client::builder(TokioExecutor::new()).build_http(),
            jar: Arc::default(),
        }
    }

    pub(crate) fn with_agent(mut self, agent: &'static str) -> Self {
        self.agent = agent;
        self
    }

    /// The same browser, and the server at another address: after a restart, say.
    pub(crate) fn at(&self, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            ..self.clone()
        }
    }

    /// Another browser that somehow has the same cookie and form.
    pub(crate) fn copy(&self) -> Self {
        let jar = self.jar.lock().unwrap();
        let jar = Jar {
            id: jar.id.clone(),
            token: jar.token.clone(),
        };
        Self {
            jar: Arc::new(Mutex::new(jar)),
            ..self.clone()
        }
    }

    pub(crate) fn id(&self) -> Option<String> {
        self.jar.lock().unwrap().id.clone()
    }

    pub(crate) fn set_id(&self, id: Option<&str>) {
        self.jar.lock().unwrap().id = id.map(str::to_owned);
    }

    pub(crate) fn token(&self) -> Option<String> {
        self.jar.lock().unwrap().token.clone()
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, None).await
    }

    /// Sends a form with the token of the last page that had one.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token().unwrap_or_default();
        let fields = [fields, &[("csrf_token", token.as_str())]].concat();
        self.post_as_is(path, &fields).await
    }

    pub(crate) async fn post_as_is(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = serde_urlencoded::to_string(fields).unwrap();
        self.send(Method::POST, path, Some(form)).await
    }

    /// As [`post`](Self::post), to the page that it redirects to.
    pub(crate) async fn post_and_follow(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post(path, fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}: {}", page.body);
        self.get(page.location()).await
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Page {
        self.get("/login").await.expect(StatusCode::OK);
        self.post("/login", &[("name", name), ("password", password)])
            .await
    }

    async fn send(&self, method: Method, path: &str, form: Option<String>) -> Page {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin))
            .header(USER_AGENT, self.agent);
        let sent = self.id();
        if let Some(id) = &sent {
            request = request.header(COOKIE, format!("theme=x; id={id}"));
        }
        if form.is_some() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let body = Full::new(form.unwrap_or_default().into());
        let response = self
            .http
            .request(request.body(body).unwrap())
            .await
            .unwrap();
        let (head, body) = response.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let cookie = SetCookie::of(&head.headers);
        let mut jar = self.jar.lock().unwrap();
        match &cookie {
            Some(cookie) if cookie.is_removal() => jar.id = None,
            Some(cookie) => {
                assert_ne!(Some(&cookie.value), sent.as_ref(), "only a new id is sent");
                jar.id = Some(cookie.value.clone());
            }
            None => {}
        }
        let token = body.split_once("name=\"csrf_token\" value=\"");
        if let Some((token, _)) = token.and_then(|(_, rest)| rest.split_once('"')) {
            jar.token = Some(token.to_owned());
        }
        Page {
            status: head.status,
            headers: head.headers,
            body,
            cookie,
        }
    }
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) cookie: Option<SetCookie>,
}

impl Page {
    #[track_caller]
    pub(crate) fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        self.headers[LOCATION].to_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "no {text:?} in {}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn lacks(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} in {}", self.body);
        self
    }

    /// What the page says once.
    pub(crate) fn notices(&self) -> Vec<&str> {
        let after = self.body.split("role=\"status\">").skip(1);
        after
            .filter_map(|rest| rest.split_once('<'))
            .map(|(text, _)| text)
            .collect()
    }
}

#[derive(Debug)]
pub(crate) struct SetCookie {
    pub(crate) value: String,
    pub(crate) max_age: Option<u64>,
}

impl SetCookie {
    /// The session cookie of a response. Panics if there are several, or if it is not what it should be.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(SET_COOKIE).iter();
        let header = all.next()?.to_str().unwrap();
        assert_eq!(all.next(), None, "one `Set-Cookie` a response");
        assert_eq!(headers[CACHE_CONTROL], "no-store", "with {header}");
        let mut parts = header.split("; ");
        let value = parts
            .next()
            .unwrap()
            .strip_prefix("id=")
            .unwrap()
            .to_owned();
        let mut attributes: Vec<&str> = parts.collect();
        attributes.sort_unstable();
        let max_age = attributes
            .iter()
            .find_map(|part| part.strip_prefix("Max-Age="));
        let max_age = max_age.map(|seconds| seconds.parse().unwrap());
        attributes.retain(|part| !part.starts_with("Max-Age=") && !part.starts_with("Expires="));
        // `Secure` is missing because this is plain HTTP.
        assert_eq!(
            attributes,
            ["HttpOnly", "Path=/", "SameSite=Lax"],
            "{header}"
        );
        let cookie = Self { value, max_age };
        if !cookie.is_removal() {
            let is_id = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(
                cookie.value.len() == 43 && cookie.value.bytes().all(is_id),
                "{header}"
            );
        }
        Some(cookie)
    }

    pub(crate) fn is_removal(&self) -> bool {
        self.value.is_empty() && self.max_age == Some(0)
    }
}
