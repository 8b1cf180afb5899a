//! actix-session on actix-web, called in process.
//!
//! It comes without a memory store: this one is a map behind a lock, about the least that one could write. Compared
//! with the bare axum router like all others, so what actix-web itself costs is in the figure; `actix-bare` shows it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actix_http::Request;
use actix_session::config::PersistentSession;
use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_session::{Session, SessionMiddleware};
use actix_web::body::{MessageBody, to_bytes};
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::uri::Uri;
use actix_web::test::init_service;
use actix_web::web::{self, Path, ServiceConfig};
use tokio::net::TcpListener;

use super::{Subject, bare};
use crate::runner::{Answer, App, in_thread};
use crate::scenario::{LOCALE, NO, NOTICE, Seed, TOKEN, USER, YES, large, said};

pub const SUBJECT: Subject = Subject {
    name: "actix-session",
    what: "actix-session 0.11 on actix-web 4, a map as store",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            let lifecycle = PersistentSession::default().session_ttl(Duration::hours(1));
            let session = SessionMiddleware::builder(MapStore::default(), Key::generate())
                .session_lifecycle(lifecycle)
                .build();
            Actix(init_service(actix_web::App::new().wrap(session).configure(routes)).await)
        })
    }),
    sessions: true,
    by_default: true,
    engine: None,
};

pub const WITHOUT: Subject = Subject {
    name: "actix-bare",
    what: "actix-web 4 with the same routes and no session",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            Actix(init_service(actix_web::App::new().configure(bare_routes)).await)
        })
    }),
    sessions: false,
    by_default: true,
    engine: None,
};

#[derive(Default)]
struct MapStore(Mutex<HashMap<String, HashMap<String, String>>>);

impl MapStore {
    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<String, HashMap<String, String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionStore for MapStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        Ok(self.map().get(key.as_ref()).cloned())
    }

    async fn save(
        &self,
        state: HashMap<String, String>,
        _: &Duration,
    ) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        self.map().insert(key.as_ref().to_owned(), state);
        Ok(key)
    }

    async fn update(
        &self,
        key: SessionKey,
        state: HashMap<String, String>,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        self.map().insert(key.as_ref().to_owned(), state);
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.map().remove(key.as_ref());
        Ok(())
    }
}

type Said = actix_web::Result<&'static str>;

async fn untouched() -> &'static str {
    YES
}

async fn read(session: Session) -> Said {
    Ok(said(session.get("user_id")? == Some(USER)))
}

async fn rmw(session: Session) -> Said {
    let visits: u64 = session.get("visits")?.unwrap_or_default();
    session.insert("visits", visits + 1)?;
    Ok(YES)
}

async fn new(session: Session) -> Said {
    session.insert("user_id", USER)?;
    Ok(YES)
}

async fn set(session: Session) -> Said {
    session.insert("notice", NOTICE)?;
    Ok(YES)
}

async fn take(session: Session) -> Said {
    let notice = session.remove_as::<String>("notice").and_then(Result::ok);
    Ok(said(notice.as_deref() == Some(NOTICE)))
}

async fn rotate(session: Session) -> Said {
    session.renew();
    Ok(YES)
}

async fn seed(name: Path<String>, session: Session) -> Said {
    let Some(seed) = Seed::named(&name) else {
        return Ok(NO);
    };
    session.insert("user_id", USER)?;
    if seed.person {
        session.insert("token", TOKEN)?;
        session.insert("locale", LOCALE)?;
        session.insert("visits", 0_u64)?;
    }
    for (key, value) in seed.keys() {
        session.insert(key, value)?;
    }
    if seed.large {
        session.insert("large", large())?;
    }
    Ok(YES)
}

async fn visits(session: Session) -> actix_web::Result<String> {
    let visits: Option<u64> = session.get("visits")?;
    Ok(visits.unwrap_or_default().to_string())
}

async fn whole(session: Session) -> actix_web::Result<String> {
    let large: Option<String> = session.get("large")?;
    Ok(super::named(
        session.entries().len(),
        large.map_or(0, |large| large.len()),
    ))
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/untouched", web::get().to(untouched))
        .route("/read", web::get().to(read))
        .route("/rmw", web::get().to(rmw))
        .route("/new", web::get().to(new))
        .route("/flash/set", web::get().to(set))
        .route("/flash/take", web::get().to(take))
        .route("/rotate", web::get().to(rotate))
        .route("/seed/{name}", web::get().to(seed))
        .route("/visits", web::get().to(visits))
        .route("/whole", web::get().to(whole));
}

fn bare_routes(config: &mut ServiceConfig) {
    let paths = [
        "/untouched",
        "/read",
        "/rmw",
        "/new",
        "/flash/set",
        "/flash/take",
        "/rotate",
    ];
    for path in paths
        .into_iter()
        .chain(["/seed/{name}", "/visits", "/whole"])
    {
        config.route(path, web::get().to(bare::yes));
    }
}

struct Actix<S>(S);

struct Prepared {
    uri: Uri,
    headers: [(HeaderName, HeaderValue); 2],
}

impl Prepared {
    fn request(&self) -> Request {
        let mut request = Request::new();
        *request.uri_mut() = self.uri.clone();
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        request
    }
}

impl<S, B> App for Actix<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Prepared = Prepared;

    fn prepare(&self, path: &'static str, cookies: &str) -> Prepared {
        Prepared {
            uri: Uri::from_static(path),
            headers: [
                (header::HOST, HeaderValue::from_static("example.org")),
                (header::COOKIE, cookies.parse().expect("a header")),
            ],
        }
    }

    async fn send(&mut self, request: &Prepared) -> u16 {
        let answer = self.0.call(request.request()).await;
        answer.map_or(500, |response| response.status().as_u16())
    }

    async fn ask(&mut self, request: &Prepared) -> Answer {
        let response = match self.0.call(request.request()).await {
            Ok(response) => response,
            Err(error) => {
                return Answer {
                    status: 500,
                    set_cookies: Vec::new(),
                    body: error.to_string(),
                };
            }
        };
        let set_cookies = response
            .headers()
            .get_all(header::SET_COOKIE)
            .map(|value| value.to_str().expect("text").to_owned())
            .collect();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.ok().expect("a body");
        Answer {
            status,
            set_cookies,
            body: String::from_utf8_lossy(&body).into(),
        }
    }

    async fn serve(self, _: TcpListener) -> std::io::Result<()> {
        Err(std::io::Error::other(
            "actix-web's server is another server: in process only",
        ))
    }
}
