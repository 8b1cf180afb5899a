//! What a session adds to a response: the id, and what caches must know.

use http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, VARY};
use http::{Response, StatusCode};

use crate::config::ResponseHook;
use crate::error::Error;
use crate::events;
use crate::handle::{Inner, Outgoing, Told};
use crate::transport::Issue;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Finishes a response that observed its session. `commit` is why the commit was refused, if it was, or what there
/// is to tell.
pub(super) fn finish<B: Default + 'static>(
    inner: &Inner,
    commit: Result<Option<Told>, Error>,
    response: Response<B>,
) -> Response<B> {
    let (mut response, told) = match commit {
        Ok(told) => {
            let mut response = response;
            // What an extractor, or a handler with `?`, made of an error is as empty as the layer's own.
            if let Some(error) = response.extensions().get::<Error>().cloned() {
                fill(inner, &error, &mut response);
            }
            (response, told)
        }
        Err(error) => (error_response(inner, error), inner.told()),
    };
    if let Some(told) = told {
        add_headers(inner, &told, response.headers_mut());
    }
    response
}

/// An empty response in place of the handler's, which the hook may fill.
fn error_response<B: Default + 'static>(inner: &Inner, error: Error) -> Response<B> {
    inner.shared.report(&error);
    let mut response = Response::new(B::default());
    let status = StatusCode::from_u16(error.status());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    fill(inner, &error, &mut response);
    response.extensions_mut().insert(error);
    response
}

/// Lets the application's hook fill an empty error response.
fn fill<B: 'static>(inner: &Inner, error: &Error, response: &mut Response<B>) {
    if let Some(hook) = &inner.shared.hooks.response {
        match hook.downcast_ref::<ResponseHook<B>>() {
            Some(hook) => hook(error, response),
            None => events::hook_mismatch(),
        }
    }
}

fn add_headers(inner: &Inner, told: &Told, headers: &mut HeaderMap) {
    let transport = &inner.shared.transport;
    let cookie = told.outgoing != Outgoing::Nothing || told.ambiguous;
    match told.outgoing {
        Outgoing::Id {
            id,
            created,
            max_age,
        } => {
            transport.write(&id, &Issue::new(created, max_age), headers);
        }
        Outgoing::Removal => transport.clean_up(headers),
        Outgoing::Nothing if told.ambiguous => transport.clean_up(headers),
        Outgoing::Nothing => {}
    }
    if cookie || told.failed {
        forbid_storing(headers);
    } else if !has(headers, &CACHE_CONTROL) {
        headers.append(CACHE_CONTROL, if told.owned { NO_STORE } else { PRIVATE });
    }
    add_vary(headers, &inner.shared.vary);
}

/// Whether a response says something under this name. It has few names, and to look at them costs less than a hash.
fn has(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.keys().any(|said| said == name)
}

/// `no-store`, whatever the application said, unless it keeps shared caches away itself.
fn forbid_storing(headers: &mut HeaderMap) {
    let kept_private = headers.get_all(CACHE_CONTROL).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|directive| {
                // `private="field"` binds that field only (RFC 9111, section 5.2.2.7).
                let directive = directive.trim_ascii();
                directive.eq_ignore_ascii_case(b"no-store")
                    || directive.eq_ignore_ascii_case(b"private")
            })
    });
    if !kept_private {
        headers.insert(CACHE_CONTROL, NO_STORE);
    }
}

/// Adds a name to `Vary` unless it is there, or `*` is.
fn add_vary(headers: &mut HeaderMap, name: &HeaderValue) {
    let names_it = |value: &HeaderValue| {
        value.as_bytes().split(|byte| *byte == b',').any(|listed| {
            let listed = listed.trim_ascii();
            listed == b"*" || listed.eq_ignore_ascii_case(name.as_bytes())
        })
    };
    if !has(headers, &VARY) || !headers.get_all(VARY).iter().any(names_it) {
        headers.append(VARY, name.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t26_vary_is_merged() {
        let mut headers = HeaderMap::new();
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding, COOKIE"));
        add_vary(&mut headers, &HeaderValue::from_static("cookie"));
        assert_eq!(headers.get_all(VARY).iter().count(), 1);
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        add_vary(&mut headers, &HeaderValue::from_static("cookie"));
        assert_eq!(headers.get_all(VARY).iter().count(), 2);
        headers.insert(VARY, HeaderValue::from_static("*"));
        add_vary(&mut headers, &HeaderValue::from_static("cookie"));
        assert_eq!(headers.get_all(VARY).iter().count(), 1);
    }

    #[test]
    fn t26_no_store_replaces_what_shared_caches_could_use() {
        for (said, sent) in [
            ("public, max-age=60", "no-store"),
            ("private=\"set-cookie\"", "no-store"),
            ("max-age=0, Private", "max-age=0, Private"),
            ("no-store", "no-store"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(said));
            forbid_storing(&mut headers);
            assert_eq!(headers[CACHE_CONTROL], sent);
        }
    }
}
