//! Light or dark.

use axum::response::{Html, Redirect};
use serde::Deserialize;
use session::Typed;

use crate::storefront::csrf::{self, Checked};
use crate::storefront::error::AppError;
use crate::storefront::html::{Markup, html};
use crate::storefront::schema::{Notice, Shopper, Theme};
use crate::storefront::view::page;

pub(super) async fn show(shop: Typed<Shopper>) -> Result<Html<String>, AppError> {
    let present = shop.theme();
    let buttons = Theme::ALL.map(|theme| {
        html!(
            "<button class=\"quiet\" name=\"theme\" value=\"{name}\" aria-pressed=\"{pressed}\">{label}</button>",
            name = theme.name(),
            pressed = if theme == present { "true" } else { "false" },
            label = match theme {
                Theme::Auto => "As the browser",
                Theme::Light => "Light",
                Theme::Dark => "Dark",
            },
        )
    });
    let body = html!(
        "<form method=\"post\" action=\"/preferences\" class=\"row\">{token}{buttons}</form>",
        token = csrf::field(&shop).await?,
        buttons = buttons.into_iter().collect::<Markup>(),
    );
    Ok(page(&shop, "Theme", &body))
}

#[derive(Deserialize)]
pub(super) struct Choice {
    theme: Theme,
}

pub(super) async fn set(shop: Typed<Shopper>, Checked(choice): Checked<Choice>) -> Redirect {
    shop.set_theme(choice.theme);
    shop.push_notices(Notice::success("Your theme is saved."));
    Redirect::to("/preferences")
}
