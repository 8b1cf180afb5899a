//! Many calls at once.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

/// So many calls are under way at once.
const AT_ONCE: usize = 32;

/// Waits for all, a few at once, and gives their answers in order.
pub(in crate::redis) async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures = futures.into_iter().peekable();
    let mut answers = Vec::new();
    while futures.peek().is_some() {
        let mut batch: Vec<_> = futures
            .by_ref()
            .take(AT_ONCE)
            .map(|f| (Box::pin(f), None))
            .collect();
        std::future::poll_fn(|context| {
            let mut ready = true;
            for (future, answer) in &mut batch {
                if answer.is_none() {
                    match Pin::new(future).poll(context) {
                        Poll::Ready(output) => *answer = Some(output),
                        Poll::Pending => ready = false,
                    }
                }
            }
            if ready {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        answers.extend(batch.into_iter().filter_map(|(_, answer)| answer));
    }
    answers
}
