//! The wrapping of each verb in the same way.

/// `SessionStore` for a wrapper with a field `inner`: each verb is `self.around(verb, || the inner call)`.
macro_rules! wrap_verbs {
    ($wrapper:ident, $ready:expr) => {
        $crate::testing::verb::wrap_verbs! { @impl $wrapper, $ready;
            Read read(key: &StoreKey, renew: Option<Duration>) -> ReadOutcome;
            Create create(key: &StoreKey, record: Arc<Record>, bind: Option<OwnerRule>) -> CreateOutcome;
            Save save(key: &StoreKey, record: Arc<Record>, expected: Version) -> SaveOutcome;
            Rotate rotate(
                old: &StoreKey, new: &StoreKey, record: Arc<Record>, expected: Version,
                bind: Option<OwnerRule>
            ) -> RotateOutcome;
            Touch touch(key: &StoreKey, expected: Version, idle_deadline: Timestamp) -> TouchOutcome;
            Destroy destroy(key: &StoreKey) -> Option<StoreKey>;
            Exists exists(key: &StoreKey) -> bool;
            Gc gc(budget: usize) -> Swept;
            SessionsOf sessions_of(owner: &OwnerKey) -> Vec<SessionInfo>;
            DestroyOf destroy_of(owner: &OwnerKey, handle: SessionHandle) -> bool;
            DestroyAllOf destroy_all_of(owner: &OwnerKey, except: Option<&StoreKey>) -> u64;
        }
    };
    (@impl $wrapper:ident, $ready:expr;
        $($name:ident $verb:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*
    ) => {
        const _: () = {
            use std::future::Future;
            use std::sync::Arc;
            use std::time::Duration;
            use $crate::{
                CreateOutcome, Op, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome,
                SaveOutcome, SessionHandle, SessionInfo, SessionStore, StoreError, StoreKey, Swept,
                Timestamp, TouchOutcome, Version,
            };

            impl<S: SessionStore> SessionStore for $wrapper<S> {
                const ALWAYS_READY: bool = $ready;
                $(
                    fn $verb(&self, op: &Op, $($arg: $ty),*)
                        -> impl Future<Output = Result<$out, StoreError>> + Send
                    {
                        self.around($crate::Verb::$name, move || {
                            self.inner.$verb(op, $(Clone::clone(&$arg)),*)
                        })
                    }
                )*
            }
        };
    };
}

pub(super) use wrap_verbs;
