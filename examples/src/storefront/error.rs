//! What goes wrong, as a page.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use session::{ConfigError, TypedRejection};

use super::view;

#[derive(Debug)]
pub(super) enum AppError {
    /// A value of another type, a store that failed, a session that moved on.
    Session(session::Error),
    /// No session, or not the one that is needed.
    Rejected(TypedRejection),
    /// The form's token is not that of the session: it is old, or not ours.
    StaleForm,
    /// The form lacks a field, or has another than asked for.
    BadForm,
    NotFound,
    /// A choice of ours that cannot be.
    Config(ConfigError),
}

impl From<session::Error> for AppError {
    fn from(error: session::Error) -> Self {
        Self::Session(error)
    }
}

impl From<ConfigError> for AppError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<TypedRejection> for AppError {
    fn from(rejection: TypedRejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            // A redirect to the login page, as the schema says, or a status that gets its page below.
            Self::Rejected(rejection) => return rejection.into_response(),
            Self::Session(error) => return error.into_response(),
            Self::StaleForm => (
                StatusCode::FORBIDDEN,
                "This form is out of date. Go back, reload the page, and send it again.",
            ),
            Self::BadForm => (StatusCode::BAD_REQUEST, "This form cannot be read."),
            Self::Config(error) => {
                eprintln!("{error}");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something went wrong here.",
                )
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "There is no such page."),
        };
        (status, Html(view::plain(text))).into_response()
    }
}

/// Gives a page to answers about sessions that could not be loaded or stored. Whoever made them, an extractor, a
/// handler or the layer, they are empty and have the error in their extensions.
pub(super) async fn explain(response: Response) -> Response {
    if response.extensions().get::<session::Error>().is_none() {
        return response;
    }
    let text = match response.status() {
        StatusCode::CONFLICT => {
            "You signed in or out meanwhile, so this was not saved. Reload the page, and try again."
        }
        StatusCode::SERVICE_UNAVAILABLE => "We cannot reach our records. Please try again soon.",
        _ => "Something went wrong here.",
    };
    let (mut head, _) = response.into_parts();
    let (page, body) = Html(view::plain(text)).into_response().into_parts();
    head.headers.extend(page.headers);
    Response::from_parts(head, body)
}
