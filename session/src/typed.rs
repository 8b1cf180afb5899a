//! A session seen through a schema.

use std::any::TypeId;
use std::fmt;
use std::ops::Deref;

use crate::handle::{Loaded, Session};
use crate::rejection::{MissingAnswer, TypedRejection};
use crate::schema::{Handle, OnMissing, Schema, SessionSchema};

/// A session seen through the schema `S`: the extractor that proves types.
///
/// Extraction loads the session (one store call, none if it is loaded already), checks that each required field is
/// present and readable, and that the schemas of the layer agree. After that every getter returns its type
/// without `Result`. Derefs to the generated accessor, which helper functions can take by reference.
///
/// `Option<Typed<S>>` is `None` only where a required field is missing; other failures still reject.
/// `Result<Typed<S>, TypedRejection>` hands the handler the cause.
// Whether a struct is `Sized` is asked of its last field only. Of the accessor it is no question where `S` is a
// schema, and where it is not, two more errors would say so.
pub struct Typed<S: SessionSchema>(S::Accessor, ());

impl<S: SessionSchema> Deref for Typed<S> {
    type Target = S::Accessor;
    fn deref(&self) -> &S::Accessor {
        &self.0
    }
}

impl<S: SessionSchema> Clone for Typed<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), ())
    }
}

impl<S: SessionSchema> fmt::Debug for Typed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Typed").field(&self.0).finish()
    }
}

impl Session {
    /// This session seen through the schema `S`, without axum. No store call.
    ///
    /// # Errors
    ///
    /// [`TypedRejection`]: a required field is missing, a `strict` one is of another type, or two schemas of the
    /// layer disagree.
    pub fn typed<S: SessionSchema>(&self) -> Result<Typed<S>, TypedRejection> {
        self.clone().typed_for::<S>(|| None)
    }

    /// As [`typed`](Self::typed); `next` says where a redirect may come back to, if there is one.
    pub(crate) fn typed_for<S: SessionSchema>(
        self,
        next: impl FnOnce() -> Option<String>,
    ) -> Result<Typed<S>, TypedRejection> {
        let mut handle = Handle::new(self);
        handle.prove(S::SCHEMA, TypeId::of::<S>(), next)?;
        Ok(Typed(S::__accessor(handle), ()))
    }
}

impl Handle {
    /// Checks what a schema asks of its session. The same code for every schema.
    fn prove(
        &mut self,
        schema: &'static Schema,
        id: TypeId,
        next: impl FnOnce() -> Option<String>,
    ) -> Result<(), TypedRejection> {
        let inner = &self.session().0;
        match inner.shared.registry.add(id, schema) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(conflict) => {
                tracing::error!(target: "session", "{conflict}");
                return Err(TypedRejection::SchemaConflict {
                    schema: schema.name,
                    field: conflict.key(),
                    message: conflict.to_string(),
                });
            }
        }
        let mut proved = Vec::new();
        for field in schema.fields.iter().filter(|field| field.is_checked()) {
            match self.present(field) {
                Some((value, Ok(()))) if field.is_required() => proved.push((field.key(), value)),
                Some((_, Err(cause))) => {
                    inner.report_mismatch(field.key(), field.type_name(), cause);
                    if field.is_strict() {
                        return Err(TypedRejection::Mismatch {
                            schema: schema.name,
                            field: field.name(),
                            error: crate::Error::mismatch_as(field.key(), field.type_name(), cause),
                        });
                    }
                    if field.is_required() {
                        return Err(self.missing(schema, field.name(), next));
                    }
                }
                None if field.is_required() => {
                    return Err(self.missing(schema, field.name(), next));
                }
                Some((_, Ok(()))) | None => {}
            }
        }
        self.set_proved(proved);
        Ok(())
    }

    /// A required field is missing; but if the store failed, that is why.
    fn missing(
        &self,
        schema: &'static Schema,
        field: &'static str,
        next: impl FnOnce() -> Option<String>,
    ) -> TypedRejection {
        let failed = self.session().0.with(|state| match &state.loaded {
            Loaded::Anonymous(error) => Some(error.clone()),
            Loaded::No | Loaded::Yes | Loaded::Failed(_) => None,
        });
        if let Some(error) = failed {
            return TypedRejection::Store {
                schema: schema.name,
                error,
            };
        }
        TypedRejection::MissingField {
            schema: schema.name,
            field,
            answer: answer(schema, next().as_deref()),
        }
    }
}

fn answer(schema: &'static Schema, came_from: Option<&str>) -> MissingAnswer {
    match schema.on_missing {
        OnMissing::Status(status) => MissingAnswer {
            status,
            redirect: None,
        },
        OnMissing::Redirect { to, next } => {
            let redirect = match (next, came_from) {
                (Some(parameter), Some(target)) => {
                    let separator = if to.contains('?') { '&' } else { '?' };
                    let target = percent_encoding::utf8_percent_encode(
                        target,
                        percent_encoding::NON_ALPHANUMERIC,
                    );
                    format!("{to}{separator}{parameter}={target}")
                }
                _ => to.to_owned(),
            };
            MissingAnswer {
                status: 303,
                redirect: Some(redirect),
            }
        }
    }
}

/// Where a redirect may come back to: path and query of a GET. Always of our own origin, whatever the request
/// line said: a leading `//` would be another host.
#[cfg(feature = "axum")]
pub(crate) fn next_target(method: &http::Method, uri: &http::Uri) -> Option<String> {
    if *method != http::Method::GET {
        return None;
    }
    let target = uri.path_and_query()?.as_str();
    let is_own = target.starts_with('/') && !target.starts_with("//") && !target.starts_with("/\\");
    is_own.then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "axum")]
    #[test]
    fn next_is_of_our_own_origin_and_only_of_a_get() {
        let target = |method: http::Method, uri: &str| next_target(&method, &uri.parse().unwrap());
        assert_eq!(
            target(http::Method::GET, "/a?b=c").as_deref(),
            Some("/a?b=c")
        );
        assert_eq!(
            target(http::Method::GET, "http://evil.example/a").as_deref(),
            Some("/a")
        );
        assert_eq!(target(http::Method::GET, "//evil.example/a"), None);
        assert_eq!(target(http::Method::POST, "/a"), None);
    }

    #[test]
    fn next_is_percent_encoded_whole() {
        static SCHEMA: Schema = Schema {
            name: "S",
            fields: &[],
            on_missing: OnMissing::Redirect {
                to: "/login?x=1",
                next: Some("next"),
            },
        };
        let answer = answer(&SCHEMA, Some("/a?b=c&d"));
        assert_eq!(
            answer.redirect.as_deref(),
            Some("/login?x=1&next=%2Fa%3Fb%3Dc%26d")
        );
        assert_eq!(answer.status, 303);
    }
}
