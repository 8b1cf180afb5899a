//! From a cart to an order. Only who is signed in gets here.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, Redirect};
use serde::Deserialize;
use session::Typed;

use super::cart::table;
use crate::storefront::csrf::{self, Checked};
use crate::storefront::error::AppError;
use crate::storefront::html::{Markup, html};
use crate::storefront::schema::{Notice, Shopper, SignedIn};
use crate::storefront::shop::Orders;
use crate::storefront::users::User;
use crate::storefront::view::page;

/// A form with nothing but its token.
#[derive(Deserialize)]
pub(super) struct Confirmed {}

pub(super) async fn review(
    me: Typed<SignedIn>,
    shop: Typed<Shopper>,
) -> Result<Html<String>, AppError> {
    let name = User::find(me.user_id()).map_or("you", |user| user.name);
    let body = match shop.cart() {
        None => {
            html!("<p>Your cart is empty.</p><p><a class=\"button\" href=\"/\">Look around</a></p>")
        }
        Some(cart) => html!(
            "<p>For {name}:</p>{table}\
             <form method=\"post\" action=\"/checkout\">{token}<button>Place the order</button></form>",
            name = name,
            table = table(&cart, None),
            token = csrf::field(&shop).await?,
        ),
    };
    Ok(page(&shop, "Check out", &body))
}

pub(super) async fn order(
    me: Typed<SignedIn>,
    shop: Typed<Shopper>,
    State(orders): State<Arc<Orders>>,
    Checked(Confirmed {}): Checked<Confirmed>,
) -> Result<Redirect, AppError> {
    // Exactly one request gets the cart, however often the button was pressed.
    let Some(cart) = shop.consume_cart().await? else {
        shop.push_notices(Notice::error("Your cart is empty."));
        return Ok(Redirect::to("/orders"));
    };
    let number = orders.place(me.user_id(), cart);
    shop.push_notices(Notice::success(format!(
        "Thank you. Your order has the number {number}."
    )));
    Ok(Redirect::to("/orders"))
}

pub(super) async fn orders(
    me: Typed<SignedIn>,
    shop: Typed<Shopper>,
    State(orders): State<Arc<Orders>>,
) -> Html<String> {
    let orders = orders.of(me.user_id());
    let body = if orders.is_empty() {
        html!("<p>There are none yet.</p>")
    } else {
        let orders = orders.iter().rev().map(|order| {
            html!(
                "<h2>Order {number}</h2>{table}",
                number = order.number,
                table = table(&order.cart, None),
            )
        });
        orders.collect::<Markup>()
    };
    page(&shop, "Your orders", &body)
}
