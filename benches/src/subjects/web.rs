//! What the implementations on axum have in common.

use std::convert::Infallible;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Uri, header};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tower::Service;

use tower::make::Shared;

use crate::runner::{Answer, App, Crowd};

/// A service that answers requests of axum: a router, or what is wrapped around one.
pub struct Web<S = Router>(pub S);

pub struct Prepared {
    uri: Uri,
    headers: [(HeaderName, HeaderValue); 2],
}

impl Prepared {
    fn request(&self) -> Request {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.uri.clone();
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        request
    }
}

impl<S> Web<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    /// Asks until the time is over, and says how often.
    async fn ask_at_random(mut self, crowd: Crowd, mut state: u64) -> u64 {
        let until = Instant::now() + crowd.span;
        let mut asked = 0;
        while Instant::now() < until {
            for _ in 0..32 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let client = &crowd.clients[(state >> 33) as usize % crowd.clients.len()];
                let request = self.prepare(crowd.path, client);
                assert_eq!(self.send(&request).await, 200);
                asked += 1;
            }
        }
        asked
    }
}

impl<S> App for Web<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
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
        let Ok(response) = self.0.call(request.request()).await;
        response.status().as_u16()
    }

    async fn ask(&mut self, request: &Prepared) -> Answer {
        let Ok(response) = self.0.call(request.request()).await;
        let set_cookies = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().expect("text").to_owned())
            .collect();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("a body");
        Answer {
            status,
            set_cookies,
            body: String::from_utf8_lossy(&body).into(),
        }
    }

    fn crowd(&self, crowd: &Crowd) -> Option<f64> {
        let workers = Builder::new_multi_thread()
            .worker_threads(crowd.tasks)
            .enable_all()
            .build();
        let asked = workers.expect("a runtime").block_on(async {
            let mut asking = JoinSet::new();
            for task in 0..crowd.tasks as u64 {
                let app = Web(self.0.clone());
                asking.spawn(app.ask_at_random(crowd.clone(), task + 1));
            }
            asking.join_all().await.into_iter().sum::<u64>()
        });
        Some(asked as f64 / crowd.span.as_secs_f64())
    }

    async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, Shared::new(self.0)).await
    }
}

/// The same routes for everybody: a handler each.
macro_rules! routes {
    ($untouched:expr, $read:expr, $rmw:expr, $new:expr, $set:expr, $take:expr, $rotate:expr, $seed:expr, $visits:expr, $whole:expr) => {{
        use axum::routing::get;
        axum::Router::new()
            .route("/untouched", get($untouched))
            .route("/read", get($read))
            .route("/rmw", get($rmw))
            .route("/new", get($new))
            .route("/flash/set", get($set))
            .route("/flash/take", get($take))
            .route("/rotate", get($rotate))
            .route("/seed/{name}", get($seed))
            .route("/visits", get($visits))
            .route("/whole", get($whole))
    }};
}
pub(super) use routes;
