//! Runs one schedule: polls requests by hand, one store call at a time.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response, StatusCode, header};
use session::testing::{FakeClock, Fault, FaultStore, SteppedStore};
use session::{
    Clock, Op, ReadOutcome, Session, SessionId, SessionLayer, SessionService, SessionStore,
    StoreHandle, Timestamp,
};
use tower::{Layer, Service};

use crate::gate::{Gate, Shared, now, poll};
use crate::requests::{Act, Start};
use crate::seen::{Answer, Cookie, Outcome, Seen, cookie, seen};
use crate::world::Lost;

type Handler =
    fn(Request<()>) -> Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>>;

#[derive(Clone, Copy)]
struct Job(Act);

#[derive(Clone, Copy)]
struct Prepare(Start);

fn handler(
    request: Request<()>,
) -> Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>> {
    Box::pin(async move {
        let (parts, ()) = request.into_parts();
        let mut response = Response::new(());
        let done = async {
            let store = parts.extensions.get::<StoreHandle>().cloned();
            let session = Session::from_parts(&parts).await.map_err(|_| None)?;
            match (
                parts.extensions.get::<Prepare>(),
                parts.extensions.get::<Job>(),
                store,
            ) {
                (Some(Prepare(start)), _, _) => start.prepare(&session).map_err(Some),
                (_, Some(Job(act)), Some(store)) => {
                    act.perform(&session, &store).await.map_err(Some)
                }
                _ => Ok(()),
            }
        };
        if let Err(error) = done.await {
            let status = error.map_or(503, |error: session::Error| error.status());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
        }
        Ok(response)
    })
}

/// One run of a schedule.
pub(crate) struct Run<S> {
    control: Shared,
    clock: FakeClock,
    store: Arc<SteppedStore<FaultStore<S>>>,
    layer: SessionLayer,
    service: SessionService<tower::util::ServiceFn<Handler>>,
    known: Vec<(String, bool)>,
    revived: bool,
    adopted: bool,
    most_live: usize,
    presented: String,
}

impl<S: SessionStore> Run<S> {
    pub(crate) fn new(start: Start, lost: Option<Lost>, store: S) -> Self {
        let control = Shared::default();
        let gate = Arc::clone(&control);
        let store = FaultStore::new(store);
        let store = Arc::new(SteppedStore::new(store, move |_| Gate(Arc::clone(&gate))));
        let clock = FakeClock::new(Timestamp::from_millis(1_700_000_000_000));
        let layer = SessionLayer::builder(Arc::clone(&store))
            .clock(clock.clone())
            .gc_interval(None)
            .build()
            .unwrap();
        let service = layer.layer(tower::service_fn(handler as Handler));
        let mut run = Self {
            control,
            clock,
            store,
            layer,
            service,
            known: Vec::new(),
            revived: false,
            adopted: false,
            most_live: 0,
            presented: String::new(),
        };
        run.control.lock().unwrap().free = true;
        run.begin(start);
        run.control.lock().unwrap().free = false;
        if let Some((verb, nth)) = lost {
            run.store.get_ref().inject(verb, nth, Fault::LoseAnswer);
        }
        run
    }

    /// Makes the id that all requests are to present, and what became of it.
    fn begin(&mut self, start: Start) {
        let mut request = Request::new(());
        request.extensions_mut().insert(Prepare(start));
        self.presented = match start {
            Start::Malformed => "not-an-id".to_owned(),
            Start::Unknown => {
                let never_issued = SessionId::generate().unwrap();
                never_issued.expose_secret().as_str().to_owned()
            }
            _ => match cookie(&now(self.service.call(request)).unwrap()) {
                Cookie::Id(id) => id,
                other => panic!("no session: {other:?}"),
            },
        };
        self.known.push((self.presented.clone(), !start.is_dead()));
        // So that a renewal is due, and nobody is stamped with the time of the sign-in.
        let is_late = start == Start::Expired;
        self.clock
            .advance(Duration::from_secs(if is_late { 7_200 } else { 600 }));
        match start {
            Start::Destroyed => drop(now(self.machine(Act::Destroy))),
            Start::Moved => {
                let answer = now(self.machine(Act::SignIn)).unwrap();
                let Cookie::Id(id) = cookie(&answer) else {
                    panic!("not signed in: {answer:?}")
                };
                self.known.push((id, true));
                // Whoever is signed out from now on is signed out of this one too.
                self.clock.advance(Duration::from_millis(1));
            }
            _ => {}
        }
    }

    fn op(&self) -> Op {
        Op {
            now: self.clock.now(),
            grace: Duration::from_secs(10),
            max_skew: Duration::from_secs(60),
        }
    }

    /// The state machine of one act, which stops before each of its store calls.
    fn machine(&mut self, act: Act) -> Pin<Box<dyn Future<Output = Option<Response<()>>> + Send>> {
        if act.passes_time() {
            let (gate, clock) = (Gate(Arc::clone(&self.control)), self.clock.clone());
            let (store, mut op) = (Arc::clone(&self.store), self.op());
            return Box::pin(async move {
                gate.await;
                clock.advance(Duration::from_secs(2 * 3600));
                if act == Act::Sweep {
                    op.now = clock.now();
                    now(store.get_ref().gc(&op, 1_000)).unwrap();
                }
                None
            });
        }
        let cookie = format!("__Host-id={}", self.presented);
        let mut request = Request::builder()
            .header(header::COOKIE, cookie)
            .body(())
            .unwrap();
        request.extensions_mut().insert(Job(act));
        request.extensions_mut().insert(self.layer.store());
        let call = self.service.call(request);
        Box::pin(async move { Some(call.await.unwrap()) })
    }

    pub(crate) async fn go(
        mut self,
        acts: &[Act],
        mut pick: impl FnMut(&[usize]) -> usize,
    ) -> Outcome {
        let mut machines: Vec<_> = acts.iter().map(|act| Some(self.machine(*act))).collect();
        let mut answers = vec![None; acts.len()];
        // What may be polled: everything at first, then whoever goes, and whoever waits for something else.
        let mut ready: Vec<usize> = (0..acts.len()).collect();
        loop {
            for n in ready.drain(..) {
                let Some(machine) = &mut machines[n] else {
                    continue;
                };
                self.control.lock().unwrap().current = n;
                if let Poll::Ready(response) = poll(machine.as_mut()) {
                    machines[n] = None;
                    if let Some(response) = response {
                        let cookie = cookie(&response);
                        if let Cookie::Id(id) = &cookie {
                            self.known.push((id.clone(), true));
                        }
                        answers[n] = Some(Answer {
                            status: response.status(),
                            cookie,
                        });
                    }
                }
            }
            self.look();
            let waiting = self.control.lock().unwrap().waiting;
            let gated: Vec<_> = (0..acts.len()).filter(|n| waiting >> n & 1 == 1).collect();
            let other = (0..acts.len()).filter(|n| machines[*n].is_some() && waiting >> n & 1 == 0);
            ready.extend(other);
            if gated.is_empty() {
                if ready.is_empty() {
                    break;
                }
                // Whoever is left waits for a timer or for a turn.
                tokio::time::advance(Duration::from_millis(100)).await;
                continue;
            }
            let taken = pick(&gated);
            self.control.lock().unwrap().permit = true;
            ready.insert(0, taken);
        }
        self.outcome(answers)
    }

    /// Whether this is an id, and a session lives under it.
    fn lives(&self, id: &str) -> bool {
        SessionId::parse(id.as_bytes()).is_some_and(|id| {
            let (op, key) = (self.op(), id.store_key());
            now(self.store.get_ref().exists(&op, &key)).unwrap()
        })
    }

    /// Looks at every known id: none may live that was dead.
    fn look(&mut self) {
        let mut known = std::mem::take(&mut self.known);
        let mut live = 0;
        for (id, was_live) in &mut known {
            let lives = self.lives(id);
            let wakes = lives && !*was_live;
            // What was presented is the first, and dead from the start or not.
            self.revived |= wakes;
            self.adopted |= wakes && *id == self.presented;
            *was_live = lives;
            live += usize::from(lives);
        }
        self.known = known;
        self.most_live = self.most_live.max(live);
    }

    fn outcome(self, answers: Vec<Option<Answer>>) -> Outcome {
        let op = self.op();
        let mut live: Vec<(String, Seen)> = Vec::new();
        for (id, _) in &self.known {
            let Some(key) = SessionId::parse(id.as_bytes()).map(|id| id.store_key()) else {
                continue;
            };
            if let ReadOutcome::Live(record) =
                now(self.store.get_ref().read(&op, &key, None)).unwrap()
            {
                live.push((id.clone(), seen(&record)));
            }
        }
        let mut sessions: Vec<_> = live.iter().map(|(_, seen)| seen.clone()).collect();
        sessions.sort();
        let Self {
            presented,
            revived,
            adopted,
            most_live,
            ..
        } = self;
        Outcome {
            answers,
            live,
            sessions,
            presented,
            revived,
            adopted,
            most_live,
        }
    }
}
