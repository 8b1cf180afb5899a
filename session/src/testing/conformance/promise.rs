//! What a store promises of itself.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::caller::{INTERVAL, fresh_key, key_after, next, op, owned, secs, start};
use super::{Caller, Fixture};
use crate::id::OwnerKey;
use crate::store::{SessionStore, StoreError};

/// Polls once.
fn ready<T>(verb: &str, future: impl Future<Output = Result<T, StoreError>>) {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => assert!(answer.is_ok(), "`{verb}` failed"),
        Poll::Pending => panic!("`{verb}` was not ready at its first poll"),
    }
}

/// A store that says that it is always ready is, with every verb: the layer drops a future that is not.
pub async fn always_ready_means_always<F: Fixture>(store: Caller<F>) {
    if !F::Store::ALWAYS_READY {
        return;
    }
    let t = start();
    let (op, key) = (op(t), fresh_key());
    let new = key_after(&key);
    let first = owned(t, "ann");
    let (second, third) = (next(&first, 2), next(&first, 3));
    let handle = first.header.handle;
    let ann = OwnerKey::of("ann");
    let (one, two) = (first.header.version, second.header.version);
    let (first, second, third) = (Arc::new(first), Arc::new(second), Arc::new(third));
    let store = store.store();
    ready("create", store.create(&op, &key, first, None));
    ready("read", store.read(&op, &key, Some(INTERVAL)));
    ready("exists", store.exists(&op, &key));
    ready("touch", store.touch(&op, &key, one, t + secs(5)));
    ready("save", store.save(&op, &key, second, one));
    ready("rotate", store.rotate(&op, &key, &new, third, two, None));
    ready("sessions_of", store.sessions_of(&op, &ann));
    ready("destroy_of", store.destroy_of(&op, &ann, handle));
    ready("destroy_all_of", store.destroy_all_of(&op, &ann, None));
    ready("destroy", store.destroy(&op, &new));
    ready("gc", store.gc(&op, 100));
}
