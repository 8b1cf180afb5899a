//! An application under test, driven in this thread.

use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::alloc;

/// An answer, for those who look at it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub set_cookies: Vec<String>,
    pub body: String,
}

/// Tasks, each a worker's, that send the cookies of a client at random for so long.
#[derive(Clone)]
pub struct Crowd {
    pub path: &'static str,
    pub clients: Arc<[String]>,
    pub tasks: usize,
    pub span: Duration,
}

/// A service that takes requests. Each implementation's own, so that none pays for being like another.
pub trait App: 'static {
    /// A request that can be sent often, for as little as possible each time.
    type Prepared;

    fn prepare(&self, path: &'static str, cookies: &str) -> Self::Prepared;

    /// The status of the answer.
    fn send(&mut self, request: &Self::Prepared) -> impl Future<Output = u16>;

    /// The whole answer.
    fn ask(&mut self, request: &Self::Prepared) -> impl Future<Output = Answer>;

    /// Serves until the process ends.
    fn serve(self, listener: TcpListener) -> impl Future<Output = std::io::Result<()>>;

    /// Requests a second of a crowd. `None`: it cannot be shared by workers.
    fn crowd(&self, _: &Crowd) -> Option<f64> {
        None
    }
}

/// What answers, in this process or another.
pub trait Ask {
    fn ask(&mut self, path: &'static str, cookies: &str) -> Answer;
}

/// What the measurements see of an [`App`].
pub trait Runner: Ask {
    /// The CPU time of all requests, on all threads: it does not grow when others use the machine.
    ///
    /// Each client asks for all paths in their order; then the next one; from the first again, `rounds` times.
    fn run(&mut self, paths: &[&'static str], clients: &[String], rounds: usize) -> Duration;

    /// The same; how often it asked for memory.
    fn count(&mut self, paths: &[&'static str], clients: &[String], rounds: usize) -> u64;

    /// Prints an address of this machine, and serves there until the process ends.
    fn serve(self: Box<Self>) -> std::io::Result<()>;

    /// See [`App::crowd`].
    fn crowd(&self, crowd: &Crowd) -> Option<f64>;
}

struct InThread<A> {
    app: A,
    runtime: Runtime,
}

/// For requests that are sent from this thread.
pub fn single() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime")
}

/// `build` is called within the runtime that the application then runs in.
pub fn in_thread<A: App>(runtime: Runtime, build: impl AsyncFnOnce() -> A) -> Box<dyn Runner> {
    let app = runtime.block_on(build());
    Box::new(InThread { app, runtime })
}

impl<A: App> Ask for InThread<A> {
    fn ask(&mut self, path: &'static str, cookies: &str) -> Answer {
        let request = self.app.prepare(path, cookies);
        self.runtime.block_on(self.app.ask(&request))
    }
}

impl<A: App> Runner for InThread<A> {
    fn run(&mut self, paths: &[&'static str], clients: &[String], rounds: usize) -> Duration {
        let prepared = self.prepare(paths, clients);
        let start = cpu_time();
        self.send(&prepared, rounds);
        cpu_time() - start
    }

    fn count(&mut self, paths: &[&'static str], clients: &[String], rounds: usize) -> u64 {
        let prepared = self.prepare(paths, clients);
        alloc::start();
        self.send(&prepared, rounds);
        alloc::stop()
    }

    fn crowd(&self, crowd: &Crowd) -> Option<f64> {
        self.app.crowd(crowd)
    }

    fn serve(self: Box<Self>) -> std::io::Result<()> {
        let Self { app, runtime } = *self;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", listener.local_addr()?);
            app.serve(listener).await
        })
    }
}

impl<A: App> InThread<A> {
    fn prepare(&self, paths: &[&'static str], clients: &[String]) -> Vec<A::Prepared> {
        let mut prepared = Vec::new();
        for client in clients {
            prepared.extend(paths.iter().map(|path| self.app.prepare(path, client)));
        }
        prepared
    }

    fn send(&mut self, prepared: &[A::Prepared], rounds: usize) {
        let app = &mut self.app;
        self.runtime.block_on(async {
            for _ in 0..rounds {
                for request in prepared {
                    assert_eq!(app.send(request).await, 200);
                }
            }
        });
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
