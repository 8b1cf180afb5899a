//! Forms that only our own pages can send.

use axum::RequestExt;
use axum::extract::{FromRequest, RawForm, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use session::Typed;

use super::error::AppError;
use super::html::{Markup, html};
use super::schema::{Shopper, ShopperAccessor};
use super::users::equal;

const FIELD: &str = "csrf_token";

/// 128 random bits.
pub(super) fn fresh() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The hidden input of a form. The first form that a session is shown makes its token.
pub(super) async fn field(shop: &ShopperAccessor) -> Result<Markup, session::Error> {
    // A session that has just moved on takes no changes: its browser is about to hear of the new one.
    if shop.csrf_token().is_none() && !shop.session().is_gone() {
        let token = fresh();
        shop.update_csrf_token(move |present| {
            present.get_or_insert_with(|| token.clone());
        });
        // Two pages that open at once must show one token: the one that is stored.
        shop.session().commit().await?;
    }
    Ok(present(shop))
}

/// The same for pages that are only shown to sessions with a token: signing in makes one.
pub(super) fn present(shop: &ShopperAccessor) -> Markup {
    let token = shop.csrf_token().unwrap_or_default();
    html!(
        "<input type=\"hidden\" name=\"{name}\" value=\"{token}\">",
        name = FIELD,
        token = token
    )
}

/// A form whose token is that of the session.
///
/// A session that has just moved on has no token any more. The changes of such a request are dropped anyway; but
/// signing in works, say when the button was pressed twice. That the request brought the old id is proof enough: a
/// cookie with `SameSite=Lax` does not come with a form of another site.
pub(super) struct Checked<T>(pub(super) T);

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    csrf_token: String,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Checked<T> {
    type Rejection = AppError;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, AppError> {
        let shop: Typed<Shopper> = request.extract_parts().await?;
        let RawForm(form) = request.extract().await.map_err(|_| AppError::BadForm)?;
        let Token { csrf_token: sent } =
            serde_urlencoded::from_bytes(&form).map_err(|_| AppError::BadForm)?;
        let ours = shop.csrf_token();
        if !ours.is_some_and(|ours| equal(ours.as_bytes(), sent.as_bytes()))
            && !shop.session().is_gone()
        {
            return Err(AppError::StaleForm);
        }
        serde_urlencoded::from_bytes(&form)
            .map(Self)
            .map_err(|_| AppError::BadForm)
    }
}
