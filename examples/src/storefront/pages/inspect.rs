//! The same map without types: what a session holds, and entries that no schema knows.

use axum::response::{Html, Redirect};
use serde::Deserialize;
use session::{Session, Typed};

use super::catalogue::RECENT;
use crate::storefront::csrf::{self, Checked};
use crate::storefront::error::AppError;
use crate::storefront::html::{Markup, html};
use crate::storefront::schema::{Shopper, Theme};
use crate::storefront::view::page;

const NOTE: &str = "note";
const EDITS: &str = "note_edits";

pub(super) async fn show(session: Session, shop: Typed<Shopper>) -> Result<Html<String>, AppError> {
    let token = csrf::field(&shop).await?;
    let note: String = session.get(NOTE)?.unwrap_or_default();
    let edits: u64 = session.get(EDITS)?.unwrap_or_default();
    // Two views of one entry: the key of a field is its name.
    let theme: Option<Theme> = session.get("theme")?;
    let recent: Vec<String> = session.get(RECENT)?.unwrap_or_default();
    let keys = session
        .keys()
        .into_iter()
        .map(|key| html!("<code>{key}</code> ", key = key));

    let body = html!(
        "<p>Keys: {keys}</p><p>Theme: {theme}. Viewed: {recent} products.</p>\
         <form class=\"card form\" method=\"post\" action=\"/session\">{token}\
         <label>A note to yourself<input name=\"note\" value=\"{note}\" maxlength=\"200\"></label>\
         <button>Save</button> <span class=\"faint\">changed {edits} times</span></form>\
         <h2>All of it</h2><pre>{all}</pre>\
         <p class=\"faint\">Secret fields and messages are left out. The cookie holds none of it: only a random id.</p>",
        keys = keys.collect::<Markup>(),
        theme = theme.unwrap_or_default().name(),
        recent = recent.len(),
        token = token,
        note = note,
        edits = edits,
        all = session.encode()?,
    );
    Ok(page(&shop, "What we remember", &body))
}

#[derive(Deserialize)]
pub(super) struct Note {
    note: String,
}

pub(super) async fn note(
    session: Session,
    Checked(form): Checked<Note>,
) -> Result<Redirect, AppError> {
    let note: String = form.note.chars().take(200).collect();
    if note.is_empty() {
        session.remove(NOTE)?;
    } else {
        session.set(NOTE, note)?;
    }
    session.update(EDITS, |edits: &mut Option<u64>| {
        *edits.get_or_insert(0) += 1;
    })?;
    Ok(Redirect::to("/session"))
}
