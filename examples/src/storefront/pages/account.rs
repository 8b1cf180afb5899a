//! Whose account it is, and on which devices it is in use.

use std::time::Duration;

use axum::response::{Html, Redirect};
use serde::Deserialize;
use session::{Clock, SessionInfo, SystemClock, Timestamp, Typed};

use super::checkout::Confirmed;
use crate::storefront::csrf::{self, Checked};
use crate::storefront::error::AppError;
use crate::storefront::html::{Markup, html};
use crate::storefront::schema::{Notice, Shopper, SignedIn};
use crate::storefront::users::User;
use crate::storefront::view::page;

pub(super) async fn show(
    me: Typed<SignedIn>,
    shop: Typed<Shopper>,
) -> Result<Html<String>, AppError> {
    let name = User::find(me.user_id()).map_or("you", |user| user.name);
    let token = csrf::field(&shop).await?;
    let here = me.session().handle();
    let now = SystemClock.now();
    let sessions = me.session().sessions_of_owner().await?;
    let rows = sessions
        .iter()
        .map(|session| row(session, here == Some(session.handle), now, &token));
    let body = html!(
        "<p>Hello, {name}. Here are <a href=\"/orders\">your orders</a>.</p>\
         <h2>Your devices</h2>\
         <table><tr><th>Device</th><th>Since</th><th>Last seen</th><th></th></tr>{rows}</table>\
         <form method=\"post\" action=\"/account/sign-out-others\">{token}\
         <button class=\"quiet\">Sign out all others</button></form>",
        name = name,
        rows = rows.collect::<Markup>(),
        token = token,
    );
    Ok(page(&shop, "Your account", &body))
}

fn row(session: &SessionInfo, is_here: bool, now: Timestamp, token: &Markup) -> Markup {
    let action = if is_here {
        html!("<span class=\"faint\">this one</span>")
    } else {
        html!(
            "<form method=\"post\" action=\"/account/sign-out-device\">{token}\
             <input type=\"hidden\" name=\"device\" value=\"{handle}\">\
             <button class=\"quiet\">Sign out</button></form>",
            token = token,
            handle = session.handle,
        )
    };
    html!(
        "<tr><td>{label}</td><td>{created}</td><td>{seen}</td><td class=\"number\">{action}</td></tr>",
        label = session.label.as_deref().unwrap_or("An unknown browser"),
        created = ago(now.since(session.created)),
        seen = ago(now.since(session.last_seen)),
        action = action,
    )
}

#[derive(Deserialize)]
pub(super) struct Device {
    /// What the listing calls it: no id, and of no use to another owner.
    device: String,
}

pub(super) async fn sign_out_device(
    me: Typed<SignedIn>,
    shop: Typed<Shopper>,
    Checked(form): Checked<Device>,
) -> Result<Redirect, AppError> {
    let handle = form.device.parse().map_err(|_| AppError::BadForm)?;
    shop.push_notices(if me.session().destroy_other(handle).await? {
        Notice::success("That device is signed out.")
    } else {
        Notice::error("That device was signed out already.")
    });
    Ok(Redirect::to("/account"))
}

pub(super) async fn sign_out_others(
    me: Typed<SignedIn>,
    shop: Typed<Shopper>,
    Checked(Confirmed {}): Checked<Confirmed>,
) -> Result<Redirect, AppError> {
    let notice = match me.session().destroy_others().await? {
        0 => "There was no other device.".to_owned(),
        1 => "The other device is signed out.".to_owned(),
        n => format!("{n} other devices are signed out."),
    };
    shop.push_notices(Notice::success(notice));
    Ok(Redirect::to("/account"))
}

fn ago(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..2880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}
