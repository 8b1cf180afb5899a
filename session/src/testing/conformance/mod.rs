//! The store contract as tests: what [`SessionStore`] documents, rule by rule.
//!
//! One line in the tests of a store runs all of it, each rule as a test of its own, so that a failure names the
//! rule (`save::gone_for_a_session_that_was_destroyed`):
//!
//! ```
//! mod memory {
//!     use session::testing::ModelStore;
//!
//!     session::testing::conformance!(async { ModelStore::new() });
//! }
//! # fn main() {}
//! ```
//!
//! The expression gives a future of a fresh store, isolated from those of the other tests, which run beside it. What
//! has to outlive the store (a temporary directory, a schema that is dropped at the end) stands beside it in a
//! tuple: `async { (store, guard) }`. A store of which more can be told has a [`Fixture`] of its own.
//!
//! No test sleeps or asks the clock twice: time is an argument of each verb. All times that are passed, but for those of
//! two tests of clocks that have run away, lie in the past two days, so that an engine that goes by its own clock too
//! agrees that they have come. A test that takes longer than two minutes has failed.
//!
//! The letters in the names of the tests (`t28`, `p24`) are the numbers of the project's own lists of hazards. Of those
//! that concern a store, these cases are about it, and the rest is shown where it belongs:
//!
//! | hazard | cases | elsewhere |
//! |---|---|---|
//! | every answer of every verb | [`create`], [`read`], [`save`], [`rotate`], [`touch`], [`destroy`], [`gc`], [`listing`], [`owner`], [`limit`], [`revoke`] | `Damaged`, errors: each store's own tests, for only they can break what is stored |
//! | T09 ids never issued | `create::p21_t09_..`, `rotate::t09_..` | a fresh id for them: the layer (`tests/lifecycle`) |
//! | T16 half of a rotation | [`cancel`], `race::t16_..` | kills and broken connections: each store's own tests |
//! | T17 idle end | `read::d03_..`, `p24_never_revives_..` of [`touch`] | engine TTLs, file times, columns moved by hand: the stores' `pushed_deadlines.rs`, `file_root.rs` |
//! | T18 absolute end | `read::t18_..` | |
//! | T19 no later end | `drift::t19_..`, `touch::t19_..` | what a commit asks for: the layer (`commit/decide/tests.rs`) |
//! | T20 any duration | [`extreme`] | impossible configurations, Max-Age: the layer (`time.rs`, `transport/cookie/tests.rs`) |
//! | T21 no drift | `drift::t21_..` | requests under each configuration: the layer (`tests/requests/deadlines.rs`) |
//! | T22, T22b sign-out meanwhile | `save::t22_..`, `rotate::t22_..`, `touch::t22_t23_..`, `destroy::s2_..`, `race::t16_save_rotate_and_destroy_..` | answers and cookies: the layer (`tests/requests/gone.rs`, the stores' `http`) |
//! | T23 rotation meanwhile | `save::t23_..`, `touch::t22_t23_..`, `rotate::t12_..` | as before |
//! | T24 expiry, `gc`, revocation meanwhile | `save::t24_..`, `rotate::t24_..`, `revoke::t24_..` | as before |
//! | T28 nothing lost | `race::t28_..`, `race::one_creation_wins` | merging of keys, `consume`: the layer (`tests/concurrency`) |
//! | T29 owners | [`listing`], [`revoke`], `race::t29_..` | two nodes: each store's own tests |
//! | T30, T31 nothing usable at rest | `listing::t30_t31_..` | |
//! | T59 10 MiB | [`size`] | the layer's own cap, and what it tells of a store's: the layer (`tests/failures`) |
//! | P40 renewal changes nothing else | `read::p40_..`, `touch::p40_..` | |
//! | `gc` under load | `gc::t47_..` | |

mod caller;
pub mod cancel;
mod cases;
pub mod clock;
pub mod create;
pub mod data;
pub mod destroy;
pub mod drift;
pub mod extreme;
pub mod gc;
pub mod limit;
pub mod listing;
pub mod owner;
pub mod promise;
pub mod race;
pub mod read;
pub mod revoke;
pub mod rotate;
pub mod save;
pub mod size;
pub mod touch;

use std::future::Future;
use std::time::Duration;

use crate::id::StoreKey;
use crate::store::SessionStore;
pub use caller::Caller;

/// A store under test, with what has to live as long.
///
/// Every store is one, and so is a tuple of a store and a guard. Write one by hand to tell more of the store:
///
/// ```
/// use session::testing::ModelStore;
/// use session::testing::conformance::Fixture;
///
/// struct Dumped(ModelStore);
///
/// impl Fixture for Dumped {
///     type Store = ModelStore;
///     fn store(&self) -> &ModelStore {
///         &self.0
///     }
///     async fn dump(&self) -> Option<Vec<u8>> {
///         Some(format!("{:?}", self.0).into_bytes())
///     }
/// }
///
/// mod dumped {
///     use super::*;
///     session::testing::conformance!(async { Dumped(ModelStore::new()) });
/// }
/// # fn main() {}
/// ```
pub trait Fixture: Send + Sync + 'static {
    /// The store's type.
    type Store: SessionStore;

    /// Whether the engine expires records by itself, so that `gc` may leave that to it and find nothing to remove.
    const NATIVE_EXPIRY: bool = false;

    /// Whether the engine has a clock of its own, so that `gc` removes nothing before that clock agrees.
    const ENGINE_CLOCK: bool = false;

    /// The store.
    fn store(&self) -> &Self::Store;

    /// Every byte that the store has written down, where that can be told.
    fn dump(&self) -> impl Future<Output = Option<Vec<u8>>> + Send {
        std::future::ready(None)
    }

    /// Makes the record under this key one whose header is in a format of the future, and says whether that could be
    /// done. A store that writes [`Header::to_bytes`](crate::Header::to_bytes) does it by their first byte.
    fn make_newer(&self, key: &StoreKey) -> impl Future<Output = bool> + Send {
        let _ = key;
        std::future::ready(false)
    }
}

impl<S: SessionStore> Fixture for S {
    type Store = S;
    fn store(&self) -> &S {
        self
    }
}

impl<S: SessionStore, G: Send + Sync + 'static> Fixture for (S, G) {
    type Store = S;
    fn store(&self) -> &S {
        &self.0
    }
}

/// Runs one case on a runtime of its own, with the fixture that `make` gives. The macro does it for each case.
///
/// # Panics
///
/// If the store breaks the rule, or takes longer than two minutes.
pub fn run<F: Fixture, C: Future<Output = ()>>(
    make: impl Future<Output = F>,
    case: impl FnOnce(Caller<F>) -> C,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime for the test");
    runtime.block_on(async {
        let case = case(Caller::new(make.await));
        tokio::time::timeout(Duration::from_secs(120), case)
            .await
            .expect("the store answers within two minutes");
    });
}
