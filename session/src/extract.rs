//! The extractors and responses of axum.

use std::ops::Deref;

use axum::extract::OriginalUri;
use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};

use crate::data::SessionValue;
use crate::error::Error;
use crate::handle::{LazySession, Session};
use crate::rejection::{SessionRejection, TypedRejection};
use crate::schema::SessionSchema;
use crate::store_handle::StoreHandle;
use crate::typed::{Typed, next_target};

impl<S: Send + Sync> FromRequestParts<S> for LazySession {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        Self::of(&parts.extensions, &parts.method, &parts.headers)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        LazySession::of(&parts.extensions, &parts.method, &parts.headers)?
            .into_loaded()
            .await
    }
}

/// `None` where no layer is around the route. A store that fails still rejects: that is never "no session".
impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, SessionRejection> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(session) => Ok(Some(session)),
            Err(SessionRejection::MissingLayer) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

impl<T: SessionSchema, S: Send + Sync> FromRequestParts<S> for Typed<T> {
    type Rejection = TypedRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TypedRejection> {
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| TypedRejection::session(T::SCHEMA.name, rejection))?;
        session.typed_for(|| next_target(&parts.method, original_uri(parts)))
    }
}

/// `None` only where a required field is missing.
impl<T: SessionSchema, S: Send + Sync> OptionalFromRequestParts<S> for Typed<T> {
    type Rejection = TypedRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, TypedRejection> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(typed) => Ok(Some(typed)),
            Err(TypedRejection::MissingField { .. }) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

/// Inside a nested router the request's own URI has lost its prefix.
fn original_uri(parts: &Parts) -> &http::Uri {
    parts
        .extensions
        .get()
        .map_or(&parts.uri, |OriginalUri(uri)| uri)
}

/// Takes the message that an earlier request left with [`Session::set_flash`]; `None` if there is none.
///
/// Extraction takes it: the handler that asks is the one that shows it.
///
/// ```
/// use session::Flash;
///
/// async fn page(Flash(message): Flash<String>) -> String {
///     message.unwrap_or_else(|| "none".to_owned())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash<T>(pub Option<T>);

impl<T> Deref for Flash<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

/// A message of another type reads as none, with an event, and stays.
impl<T: SessionValue, S: Send + Sync> FromRequestParts<S> for Flash<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let taken = session.flash();
        if let Err(error) = &taken {
            crate::events::error(error);
        }
        Ok(Self(taken.ok().flatten()))
    }
}

/// `None` where there is no message.
impl<T: SessionValue, S: Send + Sync> OptionalFromRequestParts<S> for Flash<T> {
    type Rejection = SessionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, SessionRejection> {
        let flash = <Self as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(flash.0.is_some().then_some(flash))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for StoreHandle {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let lazy = parts
            .extensions
            .get::<LazySession>()
            .ok_or(SessionRejection::MissingLayer)?;
        Ok(Self::new(std::sync::Arc::clone(&lazy.0.shared)))
    }
}

fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// An empty body under [`Error::status`], with the error in the extensions.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = empty(self.status());
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        tracing::debug!(target: "session::rejection", "{self}");
        match self {
            Self::Store(error) => error.into_response(),
            // A mistake of the developer, who reads the body.
            Self::MissingLayer => {
                (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
            }
        }
    }
}

impl IntoResponse for TypedRejection {
    fn into_response(self) -> Response {
        tracing::debug!(target: "session::rejection", "{self}");
        let mut response = match &self {
            Self::MissingLayer { .. } | Self::SchemaConflict { .. } => {
                (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
            }
            _ => empty(self.status()),
        };
        if let Some(Ok(location)) = self.redirect().map(HeaderValue::from_str) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(error) = self.error() {
            response.extensions_mut().insert(error.clone());
        }
        response
    }
}
