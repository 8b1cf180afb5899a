//! T02: whatever a client sends as `Cookie`, a session is found if, and only if, a splitter written another way finds its
//! id there.
//!
//! Run: `cargo +nightly fuzz run cookies` in `session/fuzz`. Each line of the input is a header line; `@` stands for the
//! cookie's name, `1`, `2`, `3` and `4` for well-formed ids, of which only `1` lives.
#![no_main]

use std::convert::Infallible;
use std::sync::LazyLock;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderValue, Request, Response};
use libfuzzer_sys::fuzz_target;
use session::testing::ModelStore;
use session::{Session, SessionId, SessionLayer, SessionService};
use tokio::runtime::Runtime;
use tower_layer::Layer;
use tower_service::Service;

/// Sets a value if that is asked for, and says whether one is there.
#[derive(Clone)]
struct Handler;

type Answer = std::pin::Pin<Box<dyn Future<Output = Result<Response<bool>, Infallible>> + Send>>;

impl Service<Request<bool>> for Handler {
    type Response = Response<bool>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<bool>) -> Answer {
        Box::pin(async move {
            let (parts, sets) = request.into_parts();
            let session = Session::from_parts(&parts)
                .await
                .expect("the store answers");
            if sets {
                session.set("here", true).expect("no reserved key");
            }
            Ok(Response::new(session.contains("here")))
        })
    }
}

struct World {
    runtime: Runtime,
    service: SessionService<Handler>,
    ids: [String; 4],
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let layer = SessionLayer::builder(ModelStore::new())
        .gc_interval(None)
        .build()
        .expect("the defaults");
    let mut service = layer.layer(Handler);
    let answer = runtime.block_on(service.call(Request::new(true)));
    let answer = answer.expect("no error of its own");
    let cookie = answer.headers()[SET_COOKIE].to_str().expect("text");
    let live = cookie["__Host-id=".len()..][..43].to_owned();
    let other = || {
        let id = SessionId::generate().expect("randomness");
        id.expose_secret().as_str().to_owned()
    };
    World {
        runtime,
        service,
        ids: [live, other(), other(), other()],
    }
});

fn finds(lines: &[Vec<u8>], ids: &[String; 4]) -> bool {
    let mut found: Vec<&str> = Vec::new();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    for pair in lines.iter().flat_map(|line| line.split(';')) {
        let pair = pair.trim_start_matches([' ', '\t']);
        if let Some(("__Host-id", value)) = pair.split_once('=')
            // A shorter one may be well-formed, and is not of this layer's making.
            && value.len() == 43
            && SessionId::parse(value.as_bytes()).is_some()
            && !found.contains(&value)
        {
            found.push(value);
        }
    }
    found.len() <= 3 && found.contains(&ids[0].as_str())
}

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let mut request = Request::new(false);
    let mut lines = Vec::new();
    for line in input.split(|byte| *byte == b'\n') {
        let mut spelt = Vec::new();
        for byte in line {
            match byte {
                b'@' => spelt.extend_from_slice(b"__Host-id"),
                b'1'..=b'4' => {
                    spelt.extend_from_slice(world.ids[usize::from(byte - b'1')].as_bytes())
                }
                _ => spelt.push(*byte),
            }
        }
        if let Ok(value) = HeaderValue::from_bytes(&spelt) {
            request.headers_mut().append(COOKIE, value);
            lines.push(spelt);
        }
    }
    let answer = world.runtime.block_on(world.service.clone().call(request));
    let found = *answer.expect("no error of its own").body();
    assert_eq!(found, finds(&lines, &world.ids));
});
