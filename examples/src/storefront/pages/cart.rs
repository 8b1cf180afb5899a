//! The cart: every change is an atomic update, so that two tabs lose nothing of each other.

use axum::response::{Html, Redirect};
use serde::Deserialize;
use session::Typed;

use crate::storefront::csrf::{self, Checked};
use crate::storefront::error::AppError;
use crate::storefront::html::{Markup, html};
use crate::storefront::schema::{Notice, Shopper};
use crate::storefront::shop::{Cart, MAX_QUANTITY, Product};
use crate::storefront::view::page;

#[derive(Deserialize)]
pub(super) struct Change {
    slug: String,
    quantity: u32,
}

impl Change {
    fn product(&self) -> Result<&'static Product, AppError> {
        Product::find(&self.slug).ok_or(AppError::NotFound)
    }
}

pub(super) async fn add(
    shop: Typed<Shopper>,
    Checked(change): Checked<Change>,
) -> Result<Redirect, AppError> {
    let product = change.product()?;
    let quantity = change.quantity.clamp(1, MAX_QUANTITY);
    // Applied to what is stored when it is saved, and again if another request was faster.
    shop.update_cart(move |cart| cart.get_or_insert_default().add(product, quantity));
    shop.push_notices(Notice::success(format!(
        "{} is in your cart.",
        product.name
    )));
    Ok(Redirect::to("/cart"))
}

pub(super) async fn set(
    shop: Typed<Shopper>,
    Checked(change): Checked<Change>,
) -> Result<Redirect, AppError> {
    let product = change.product()?;
    shop.update_cart(move |cart| {
        cart.get_or_insert_default().set(product, change.quantity);
        if cart.as_ref().is_some_and(|cart| cart.count() == 0) {
            *cart = None;
        }
    });
    Ok(Redirect::to("/cart"))
}

pub(super) async fn show(shop: Typed<Shopper>) -> Result<Html<String>, AppError> {
    let Some(cart) = shop.cart() else {
        let empty =
            html!("<p>It is empty.</p><p><a class=\"button\" href=\"/\">Look around</a></p>");
        return Ok(page(&shop, "Your cart", &empty));
    };
    let token = csrf::field(&shop).await?;
    let body = html!(
        "{table}<p><a class=\"button\" href=\"/checkout\">Check out</a></p>",
        table = table(&cart, Some(&token)),
    );
    Ok(page(&shop, "Your cart", &body))
}

/// The lines of a cart; with a token they can be changed.
pub(super) fn table(cart: &Cart, token: Option<&Markup>) -> Markup {
    let rows = cart.lines().map(|line| {
        let slug = line.product.slug;
        let quantity = match token {
            None => html!("{quantity}", quantity = line.quantity),
            Some(token) => html!(
                "<div class=\"row\"><form method=\"post\" action=\"/cart/set\" class=\"row\">{token}\
                 <input type=\"hidden\" name=\"slug\" value=\"{slug}\">\
                 <input type=\"number\" name=\"quantity\" value=\"{quantity}\" min=\"0\" max=\"{max}\" aria-label=\"Quantity\">\
                 <button class=\"quiet\">Update</button></form>\
                 <form method=\"post\" action=\"/cart/set\">{token}\
                 <input type=\"hidden\" name=\"slug\" value=\"{slug}\">\
                 <input type=\"hidden\" name=\"quantity\" value=\"0\">\
                 <button class=\"link\">Remove</button></form></div>",
                token = token,
                slug = slug,
                quantity = line.quantity,
                max = MAX_QUANTITY,
            ),
        };
        html!(
            "<tr><td><a href=\"/products/{slug}\">{name}</a></td><td>{quantity}</td>\
             <td class=\"number\">{price}</td><td class=\"number\">{total}</td></tr>",
            slug = slug,
            name = line.product.name,
            quantity = quantity,
            price = line.product.price,
            total = line.total(),
        )
    });
    html!(
        "<table><tr><th>Product</th><th>Quantity</th><th class=\"number\">Each</th>\
         <th class=\"number\">Total</th></tr>{rows}\
         <tr><td colspan=\"3\"><strong>Sum</strong></td><td class=\"number\"><strong>{total}</strong></td></tr></table>",
        rows = rows.collect::<Markup>(),
        total = cart.total(),
    )
}
