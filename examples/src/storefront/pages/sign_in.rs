//! Signing in and out.

use std::time::Duration;

use axum::extract::Query;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::response::{Html, Redirect};
use serde::Deserialize;
use session::{Lifetime, Typed};

use super::checkout::Confirmed;
use crate::storefront::csrf::{self, Checked};
use crate::storefront::error::AppError;
use crate::storefront::html::html;
use crate::storefront::schema::{Notice, Shopper};
use crate::storefront::users::User;
use crate::storefront::view::page;

/// How long "keep me signed in" keeps.
const REMEMBERED: Lifetime = Lifetime {
    idle: Duration::from_secs(14 * 24 * 3600),
    absolute: Duration::from_secs(60 * 24 * 3600),
};

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

pub(super) async fn form(
    shop: Typed<Shopper>,
    Query(Next { next }): Query<Next>,
) -> Result<Html<String>, AppError> {
    if shop.session().is_gone() {
        // Somebody signed in or out, and this browser did not hear of it: begin anew, so that the form works.
        shop.session().start_over();
    }
    let token = csrf::field(&shop).await?;
    let body = html!(
        "<form class=\"card form\" method=\"post\" action=\"/login\">{token}\
         <input type=\"hidden\" name=\"next\" value=\"{next}\">\
         <label>Name<input name=\"name\" value=\"{name}\" autocomplete=\"username\" required></label>\
         <label>Password<input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\
         <label class=\"check\"><input name=\"remember\" type=\"checkbox\" value=\"yes\"> Keep me signed in</label>\
         <button>Sign in</button></form>\
         <p class=\"faint\">This is a demonstration: <b>ann</b> with <b>correct horse</b>, or <b>bob</b> with <b>battery staple</b>.</p>",
        token = token,
        next = own_path(&next).unwrap_or_default(),
        name = shop.take_typed_name().unwrap_or_default(),
    );
    Ok(page(&shop, "Sign in", &body))
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
    remember: Option<String>,
}

pub(super) async fn sign_in(
    shop: Typed<Shopper>,
    headers: HeaderMap,
    Checked(form): Checked<Credentials>,
) -> Result<Redirect, AppError> {
    let next = own_path(&form.next);
    let Some(user) = User::verify(&form.name, &form.password) else {
        shop.push_notices(Notice::error(
            "There is nobody with this name and password.",
        ));
        shop.set_typed_name(form.name.chars().take(100).collect());
        return Ok(Redirect::to(&match next {
            None => "/login".to_owned(),
            Some(next) => format!("/login?{}", query("next", next)),
        }));
    };
    // A new id, so that whoever knew the old one knows nothing. The cart comes along.
    shop.set_user_id(user.id);
    shop.set_csrf_token(csrf::fresh());
    shop.push_notices(Notice::success(format!("Welcome, {}.", user.name)));
    shop.session().set_label(device(&headers));
    if form.remember.is_some() {
        shop.session().set_lifetime(REMEMBERED)?;
    }
    Ok(Redirect::to(next.unwrap_or("/account")))
}

pub(super) async fn sign_out(
    shop: Typed<Shopper>,
    Checked(Confirmed {}): Checked<Confirmed>,
) -> Redirect {
    let theme = shop.theme();
    shop.session().destroy();
    // What is written from here on goes to a new session, which knows nothing of the old one.
    shop.set_theme(theme);
    shop.push_notices(Notice::success("You are signed out."));
    Redirect::to("/")
}

/// Where to go after signing in: a path of this site, or nowhere. Browsers read `\` as `/`, drop tabs and line
/// breaks, and take `//` for another host.
fn own_path(next: &str) -> Option<&str> {
    let is_own = next.starts_with('/')
        && !next.starts_with("//")
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_own.then_some(next)
}

fn query(name: &str, value: &str) -> String {
    serde_urlencoded::to_string([(name, value)]).unwrap_or_default()
}

/// What the list of devices calls this browser: "Firefox on Linux".
fn device(headers: &HeaderMap) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(part, _)| agent.contains(part))
            .map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "An unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn next_stays_on_this_site() {
        assert_eq!(own_path("/orders?page=2"), Some("/orders?page=2"));
        for elsewhere in [
            "",
            "orders",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "/\t/evil.example",
            "/\n/evil.example",
            "/ü",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_path(elsewhere), None, "{elsewhere:?}");
        }
    }

    #[test]
    fn devices_are_named_by_browser_and_system() {
        let named = |agent: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            device(&headers)
        };
        assert_eq!(
            named("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            "Firefox on Linux"
        );
        assert_eq!(
            named(
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
            ),
            "Edge on Windows"
        );
        assert_eq!(named("curl/8.0"), "curl");
        assert_eq!(device(&HeaderMap::new()), "An unknown browser");
    }
}
