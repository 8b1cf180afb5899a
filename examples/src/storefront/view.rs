//! The frame around every page.

use axum::response::Html;

use super::csrf;
use super::html::{Markup, html};
use super::schema::{ShopperAccessor, Theme};
use super::users::User;

/// A page with the visitor's theme, cart and messages, which are shown once.
pub(super) fn page(shop: &ShopperAccessor, title: &str, body: &Markup) -> Html<String> {
    let notices = shop.take_notices().into_iter().map(|notice| {
        let kind = if notice.is_error { "error" } else { "success" };
        html!(
            "<p class=\"notice {kind}\" role=\"status\">{text}</p>",
            kind = kind,
            text = notice.text,
        )
    });
    let frame = html!(
        "<header><nav><a class=\"brand\" href=\"/\">Fern &amp; Clay</a>{links}</nav></header>\
         <main>{notices}<h1>{title}</h1>{body}</main>\
         <footer><a href=\"/preferences\">Theme</a> · <a href=\"/session\">What we remember</a> · \
         One cookie, no scripts.</footer>",
        links = links(shop),
        notices = notices.collect::<Markup>(),
        title = title,
        body = body,
    );
    document(shop.theme(), title, &frame)
}

fn links(shop: &ShopperAccessor) -> Markup {
    let count = shop.with_cart(super::shop::Cart::count).unwrap_or_default();
    let badge = match count {
        0 => Markup::default(),
        count => html!(" <span class=\"badge\">{count}</span>", count = count),
    };
    let user = shop.user_id().and_then(User::find);
    let account = match user {
        None => html!("<a href=\"/login\">Sign in</a>"),
        Some(user) => html!(
            "<a href=\"/orders\">Orders</a><a href=\"/account\">{name}</a>\
             <form method=\"post\" action=\"/logout\">{token}<button class=\"link\">Sign out</button></form>",
            name = user.name,
            token = csrf::present(shop),
        ),
    };
    html!(
        "<a href=\"/cart\">Cart{badge}</a>{account}",
        badge = badge,
        account = account,
    )
}

/// A page about an error, without a session.
pub(super) fn plain(text: &str) -> String {
    let body = html!(
        "<main><h1>{text}</h1><p><a href=\"/\">To the shop</a></p></main>",
        text = text,
    );
    document(Theme::Auto, "Fern & Clay", &body).0
}

fn document(theme: Theme, title: &str, body: &Markup) -> Html<String> {
    let document = html!(
        "<!doctype html>\n\
         <html lang=\"en\" data-theme=\"{theme}\">\n\
         <head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"icon\" href=\"data:,\"><style>{style}</style></head>\n\
         <body>{body}</body>\n\
         </html>\n",
        theme = theme.name(),
        title = title,
        style = Markup::of_literals(include_str!("style.css").to_owned()),
        body = body,
    );
    Html(document.into_string())
}
