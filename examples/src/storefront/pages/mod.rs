//! What can be asked for, and who answers.

mod account;
mod cart;
mod catalogue;
mod checkout;
mod inspect;
mod preferences;
mod sign_in;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::error::AppError;
use super::shop::Orders;

pub(super) fn routes() -> Router<Arc<Orders>> {
    Router::new()
        .route("/", get(catalogue::home))
        .route("/products/{slug}", get(catalogue::product))
        .route("/cart", get(cart::show))
        .route("/cart/add", post(cart::add))
        .route("/cart/set", post(cart::set))
        .route("/checkout", get(checkout::review).post(checkout::order))
        .route("/orders", get(checkout::orders))
        .route("/login", get(sign_in::form).post(sign_in::sign_in))
        .route("/logout", post(sign_in::sign_out))
        .route("/account", get(account::show))
        .route("/account/sign-out-device", post(account::sign_out_device))
        .route("/account/sign-out-others", post(account::sign_out_others))
        .route(
            "/preferences",
            get(preferences::show).post(preferences::set),
        )
        .route("/session", get(inspect::show).post(inspect::note))
        .fallback(async || AppError::NotFound)
}
