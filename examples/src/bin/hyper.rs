//! Sessions without axum: a tower service on hyper.
//!
//! All that is needed of `session` is its feature `tower`:
//!
//! ```toml
//! session = { version = "0.1", default-features = false, features = ["tower"] }
//! ```
//!
//! Run: `cargo run -p examples --no-default-features --bin hyper`

use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use session::{CookieTransport, Session, SessionLayer, SessionRejection};
use session_stores::MemoryStore;
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};

type Body = Full<Bytes>;

async fn handle(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => visits(request).await,
        (&Method::POST, "/forget") => forget(request).await,
        // Does not ask for its session: no store call, no cookie.
        _ => Ok(text(StatusCode::NOT_FOUND, "nothing here\n")),
    };
    Ok(response.unwrap_or_else(|error| {
        let status = StatusCode::from_u16(error.status());
        text(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "")
    }))
}

async fn visits(request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    let (parts, _) = request.into_parts();
    let session = Session::from_parts(&parts).await?;
    session.update("visits", |n: &mut Option<u64>| *n.get_or_insert(0) += 1)?;
    let visits = session.get::<u64>("visits")?.unwrap_or(0);
    Ok(text(StatusCode::OK, format!("visit {visits}\n")))
}

async fn forget(request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    let (parts, _) = request.into_parts();
    Session::from_parts(&parts).await?.destroy();
    Ok(text(StatusCode::OK, "forgotten\n"))
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
}

/// Why there is no answer: the session could not be loaded, or not be used as asked.
enum Failure {
    Load(SessionRejection),
    Use(session::Error),
}

impl Failure {
    fn status(&self) -> u16 {
        match self {
            Self::Load(rejection) => rejection.status(),
            Self::Use(error) => error.status(),
        }
    }
}

impl From<SessionRejection> for Failure {
    fn from(rejection: SessionRejection) -> Self {
        Self::Load(rejection)
    }
}

impl From<session::Error> for Failure {
    fn from(error: session::Error) -> Self {
        Self::Use(error)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let layer = SessionLayer::builder(MemoryStore::new())
        .cookie(CookieTransport::new().insecure()) // plain HTTP
        .build()?;
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(service_fn(handle));

    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            // A client that goes away in the middle is no reason to stop.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
