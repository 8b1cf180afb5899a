//! The middleware: one layer, one service, one named future.

mod builder;
mod response;
mod service;
mod sweeper;

use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

pub use self::builder::SessionLayerBuilder;
pub use self::service::{ResponseFuture, SessionService};
pub(crate) use self::sweeper::Sweeper;
use crate::schema::{Registry, SessionSchema};
use crate::shared::Shared;
use crate::store::SessionStore;
use crate::store_handle::StoreHandle;

/// Gives each request of the routes that it is around a session. Cloning copies one pointer.
///
/// A request that does not touch its session costs no store call. Around the whole router
/// (`ServiceBuilder::new().layer(session).service(router)`) it costs a little less than with `Router::layer`,
/// which wraps each route.
///
/// ```
/// # async fn app(store: impl session::SessionStore) {
/// use axum::{Router, routing::get};
/// use session::{Session, SessionLayer};
///
/// async fn visits(session: Session) -> Result<String, session::Error> {
///     session.update("visits", |visits: &mut Option<u64>| *visits.get_or_insert(0) += 1)?;
///     Ok(format!("visit {}", session.get::<u64>("visits")?.unwrap_or(0)))
/// }
///
/// let app: Router = Router::new().route("/", get(visits)).layer(SessionLayer::new(store));
/// # let _ = app;
/// # }
/// ```
#[derive(Clone)]
pub struct SessionLayer {
    shared: Arc<Shared>,
}

impl SessionLayer {
    /// A layer with the defaults: cookie `__Host-id`, one hour idle and 24 hours in all, `gc` every minute.
    #[must_use]
    pub fn new(store: impl SessionStore) -> Self {
        SessionLayerBuilder::new(store).build_defaults()
    }

    /// A layer with choices.
    ///
    /// ```
    /// # fn layer(store: impl session::SessionStore) -> Result<(), session::ConfigError> {
    /// use std::time::Duration;
    /// use session::{CookieTransport, Lifetime, SessionLayer};
    ///
    /// let layer = SessionLayer::builder(store)
    ///     .cookie(CookieTransport::new().name("__Host-shop"))
    ///     .lifetime(Lifetime { idle: Duration::from_secs(900), absolute: Duration::from_secs(8 * 3600) })
    ///     .build()?;
    /// # let _ = layer;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(store: impl SessionStore) -> SessionLayerBuilder {
        SessionLayerBuilder::new(store)
    }

    /// Compares schemas at start-up, so that two that disagree about a key stop the program instead of a request.
    ///
    /// # Errors
    ///
    /// [`SchemaConflict`](crate::SchemaConflict) names both structs, fields and types.
    pub fn check<S: SchemaList>(&self) -> Result<(), crate::SchemaConflict> {
        S::register(&self.shared.registry)
    }

    /// The store, for background jobs.
    #[must_use]
    pub fn store(&self) -> StoreHandle {
        StoreHandle::new(Arc::clone(&self.shared))
    }

    /// Waits for commits whose clients went away: call it when the server has shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops waiting, not the commits.
    pub async fn drain(&self) {
        self.shared.handed_off.drain().await;
    }

    /// Stops the background `gc`. It ends by itself with the last clone of the layer.
    pub fn stop_gc(&self) {
        self.shared.sweeper.stop();
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("transport", &self.shared.transport.name())
            .finish_non_exhaustive()
    }
}

/// One schema, or a tuple of up to eight.
pub trait SchemaList: sealed::Sealed {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "implemented here only")]
    fn register(registry: &Registry) -> Result<(), crate::SchemaConflict>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! schema_lists {
    ($($($schema:ident)+;)+) => {$(
        impl<$($schema: SessionSchema),+> sealed::Sealed for ($($schema,)+) {}
        impl<$($schema: SessionSchema),+> SchemaList for ($($schema,)+) {
            #[expect(private_interfaces, reason = "implemented here only")]
            fn register(registry: &Registry) -> Result<(), crate::SchemaConflict> {
                $(registry.register::<$schema>().map_err(Clone::clone)?;)+
                Ok(())
            }
        }
    )+};
}

schema_lists! {
    A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H;
}

#[cfg(all(test, feature = "axum"))]
mod tests;
