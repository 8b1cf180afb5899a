//! Requests that stop before each store call, and are polled by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Who is polled, who waits for a store call, and who may proceed.
#[derive(Default)]
pub(crate) struct Control {
    pub(crate) current: usize,
    pub(crate) permit: bool,
    pub(crate) waiting: u32,
    pub(crate) free: bool,
}

pub(crate) type Shared = Arc<Mutex<Control>>;

pub(crate) struct Gate(pub(crate) Shared);

impl Future for Gate {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let mut control = self.0.lock().unwrap();
        let me = 1 << control.current;
        if control.free || std::mem::take(&mut control.permit) {
            control.waiting &= !me;
            return Poll::Ready(());
        }
        control.waiting |= me;
        Poll::Pending
    }
}

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// For the store behind the gate, whose futures wait for nothing but their own yields.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
}
