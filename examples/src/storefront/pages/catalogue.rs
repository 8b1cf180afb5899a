//! What is sold.

use axum::extract::Path;
use axum::response::Html;
use session::Typed;

use crate::storefront::csrf;
use crate::storefront::error::AppError;
use crate::storefront::html::{Markup, html};
use crate::storefront::schema::Shopper;
use crate::storefront::shop::{MAX_QUANTITY, PRODUCTS, Product};
use crate::storefront::view::page;

/// An entry that no schema knows: the slugs of what was looked at last.
pub(super) const RECENT: &str = "recently_viewed";

/// Only reads: a visitor who has no session gets none here.
pub(super) async fn home(shop: Typed<Shopper>) -> Html<String> {
    page(&shop, "Things that last", &grid(PRODUCTS.iter()))
}

pub(super) async fn product(
    shop: Typed<Shopper>,
    Path(slug): Path<String>,
) -> Result<Html<String>, AppError> {
    let product = Product::find(&slug).ok_or(AppError::NotFound)?;
    let token = csrf::field(&shop).await?;

    // Untyped entries live in the same map as those of the schema.
    let session = shop.session();
    let before: Vec<String> = session.get(RECENT).ok().flatten().unwrap_or_default();
    if before.first() != Some(&slug) && !session.is_gone() {
        session.update(RECENT, move |recent: &mut Option<Vec<String>>| {
            let recent = recent.get_or_insert_default();
            recent.retain(|seen| *seen != slug);
            recent.insert(0, slug.clone());
            recent.truncate(5);
        })?;
    }

    let others = before.iter().filter_map(|slug| Product::find(slug));
    let others: Vec<_> = others
        .filter(|other| other.slug != product.slug)
        .take(4)
        .collect();
    let recent = if others.is_empty() {
        Markup::default()
    } else {
        html!(
            "<h2>Recently viewed</h2>{grid}",
            grid = grid(others.into_iter())
        )
    };
    let body = html!(
        "<div class=\"detail\">{tile}<div><p>{text}</p><p class=\"price\">{price}</p>\
         <form method=\"post\" action=\"/cart/add\" class=\"row\">{token}\
         <input type=\"hidden\" name=\"slug\" value=\"{slug}\">\
         <input type=\"number\" name=\"quantity\" value=\"1\" min=\"1\" max=\"{max}\" aria-label=\"Quantity\">\
         <button>Add to cart</button></form></div></div>{recent}",
        tile = tile(product),
        text = product.text,
        price = product.price,
        token = token,
        slug = product.slug,
        max = MAX_QUANTITY,
        recent = recent,
    );
    Ok(page(&shop, product.name, &body))
}

fn grid<'a>(products: impl Iterator<Item = &'a Product>) -> Markup {
    let cards = products.map(|product| {
        html!(
            "<a class=\"card\" href=\"/products/{slug}\">{tile}<div><span>{name}</span><span>{price}</span></div></a>",
            slug = product.slug,
            tile = tile(product),
            name = product.name,
            price = product.price,
        )
    });
    html!(
        "<div class=\"grid\">{cards}</div>",
        cards = cards.collect::<Markup>()
    )
}

fn tile(product: &Product) -> Markup {
    html!(
        "<svg class=\"tile\" style=\"--hue: {hue}\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"{drawing}\"/></svg>",
        hue = product.hue,
        drawing = product.drawing,
    )
}
