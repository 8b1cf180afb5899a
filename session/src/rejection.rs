//! Why an extractor did not give a session.

use std::fmt;

use crate::error::{Error, ErrorKind};

/// Why a [`Session`](crate::Session) could not be extracted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionRejection {
    /// No [`SessionLayer`](crate::SessionLayer) around this route. 500.
    MissingLayer,
    /// The store failed. 503.
    Store(Error),
}

impl SessionRejection {
    /// The status code of the response: 500 or 503.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::MissingLayer => 500,
            Self::Store(error) => error.status(),
        }
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingLayer => f.write_str(
                "no session layer: add `.layer(SessionLayer::new(store))` around this route",
            ),
            Self::Store(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for SessionRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::MissingLayer => None,
            Self::Store(error) => Some(error),
        }
    }
}

/// Why a [`Typed`](crate::Typed) could not be extracted. Each variant names the schema.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TypedRejection {
    /// No [`SessionLayer`](crate::SessionLayer) around this route. 500.
    MissingLayer {
        /// The schema's name.
        schema: &'static str,
    },
    /// The store failed. 503.
    Store {
        /// The schema's name.
        schema: &'static str,
        /// What failed.
        error: Error,
    },
    /// A required field is absent: with `redirect` 303, with `status` that, else 401.
    MissingField {
        /// The schema's name.
        schema: &'static str,
        /// The field's name.
        field: &'static str,
        /// What its schema says the client is told.
        answer: MissingAnswer,
    },
    /// A `strict` field holds a value of another type. 500.
    Mismatch {
        /// The schema's name.
        schema: &'static str,
        /// The field's name.
        field: &'static str,
        /// What the value is not.
        error: Error,
    },
    /// Two schemas of this layer disagree about a key. 500.
    SchemaConflict {
        /// The schema's name.
        schema: &'static str,
        /// The field's key.
        field: &'static str,
        /// Both structs, fields and types.
        message: String,
    },
}

/// What the client is told when a required field is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingAnswer {
    pub(crate) status: u16,
    pub(crate) redirect: Option<String>,
}

impl TypedRejection {
    #[cfg(feature = "axum")]
    pub(crate) fn session(schema: &'static str, rejection: SessionRejection) -> Self {
        match rejection {
            SessionRejection::MissingLayer => Self::MissingLayer { schema },
            SessionRejection::Store(error) => Self::Store { schema, error },
        }
    }

    /// The name of the schema that was asked for.
    #[must_use]
    pub fn schema(&self) -> &'static str {
        match self {
            Self::MissingLayer { schema }
            | Self::Store { schema, .. }
            | Self::MissingField { schema, .. }
            | Self::Mismatch { schema, .. }
            | Self::SchemaConflict { schema, .. } => schema,
        }
    }

    /// The field that it is about, where there is one.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::MissingField { field, .. }
            | Self::Mismatch { field, .. }
            | Self::SchemaConflict { field, .. } => Some(field),
            Self::MissingLayer { .. } | Self::Store { .. } => None,
        }
    }

    /// The status code of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::MissingLayer { .. } | Self::Mismatch { .. } | Self::SchemaConflict { .. } => 500,
            Self::Store { error, .. } => error.status(),
            Self::MissingField { answer, .. } => answer.status,
        }
    }

    /// Where the client is sent, if a required field is missing and the schema says where.
    #[must_use]
    pub fn redirect(&self) -> Option<&str> {
        match self {
            Self::MissingField { answer, .. } => answer.redirect.as_deref(),
            _ => None,
        }
    }

    /// The error behind it, for the response's extensions.
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Store { error, .. } | Self::Mismatch { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for TypedRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingLayer { schema } => {
                write!(f, "`Typed<{schema}>`: {}", SessionRejection::MissingLayer)
            }
            Self::Store { schema, error } => write!(f, "`Typed<{schema}>`: {error}"),
            Self::MissingField { schema, field, .. } => {
                write!(
                    f,
                    "`Typed<{schema}>`: the required field `{field}` is not in the session"
                )
            }
            Self::Mismatch {
                schema,
                field,
                error,
            } => {
                write!(f, "`Typed<{schema}>`: the strict field `{field}`: {error}")
            }
            Self::SchemaConflict {
                schema, message, ..
            } => {
                write!(f, "`Typed<{schema}>`: {message}")
            }
        }
    }
}

impl std::error::Error for TypedRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error().map(|error| error as _)
    }
}

impl From<TypedRejection> for Error {
    /// For `session.typed::<S>()?` in a function that returns [`Error`].
    fn from(rejection: TypedRejection) -> Self {
        match rejection {
            TypedRejection::Store { error, .. } | TypedRejection::Mismatch { error, .. } => error,
            TypedRejection::MissingField { field, .. } => {
                Self::on_key(ErrorKind::MissingField, field)
            }
            TypedRejection::SchemaConflict { field, .. } => {
                Self::on_key(ErrorKind::SchemaConflict, field)
            }
            TypedRejection::MissingLayer { .. } => Self::of(ErrorKind::SchemaConflict),
        }
    }
}
