//! A small shop, rendered on the server: what sessions are for, in one application.
//!
//! | to see | look at |
//! |---|---|
//! | the schemas: owner, default, keep, flash, ttl, per login, secret | `schema.rs` |
//! | an atomic update; dynamic `update` and `get` on the same map | `pages/catalogue.rs`, `pages/cart.rs` |
//! | sign-in (the id rotates), "remember me", sign-out with a message | `pages/sign_in.rs` |
//! | a page that only `Typed<SignedIn>` reaches; devices | `pages/account.rs` |
//! | a value that exactly one request gets | `pages/checkout.rs` |
//! | a CSRF token, checked before a form is read | `csrf.rs` |
//! | everything untyped | `pages/inspect.rs` |
//! | what a failed load or commit looks like | `error.rs` |
//! | choosing the store | `store.rs` |
//!
//! Run: `cargo run -p examples --bin storefront`

mod csrf;
mod error;
mod html;
mod pages;
mod schema;
mod shop;
mod store;
mod users;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::map_response;
use axum::response::Response;
use session::SessionLayer;

pub use self::store::{BoxError, STORES, configure, layer};

/// The application, around the sessions of `layer`.
///
/// # Errors
///
/// Two schemas disagree about a key: found here, at start-up, and not by a visitor.
pub fn app(layer: SessionLayer) -> Result<Router, BoxError> {
    layer.check::<(schema::Shopper, schema::SignedIn)>()?;
    Ok(Router::new()
        .merge(pages::routes())
        .layer(layer)
        .layer(map_response(error::explain))
        .layer(map_response(harden))
        .with_state(Arc::new(shop::Orders::default())))
}

/// No scripts, no frames, no forms to elsewhere: what little slips through escaping finds nothing to use.
async fn harden(mut response: Response) -> Response {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
