//! What a session adds to a response: the id, and what caches must know.

use http::header::{CACHE_CONTROL, Entry, HeaderMap, HeaderValue, VARY};
use http::{Response, StatusCode};

use crate::config::ResponseHook;
use crate::error::Error;
use crate::events;
use crate::handle::{Base, Inner, Loaded, Outgoing};
use crate::transport::Issue;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Finishes a response that observed its session. `failed` is why the commit was refused, if it was.
pub(super) fn finish<B: Default + 'static>(
    inner: &Inner,
    failed: Option<Error>,
    response: Response<B>,
) -> Response<B> {
    let mut response = match failed {
        None => {
            let mut response = response;
            // What an extractor, or a handler with `?`, made of an error is as empty as the layer's own.
            if let Some(error) = response.extensions().get::<Error>().cloned() {
                fill(inner, &error, &mut response);
            }
            response
        }
        Some(error) => error_response(inner, error),
    };
    add_headers(inner, response.headers_mut());
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

pub(super) fn add_headers(inner: &Inner, headers: &mut HeaderMap) {
    let Some((outgoing, ambiguous, anonymous, owned, observed)) = inner.peek(|state| {
        let owned = state.draft.owner.is_some()
            || matches!(&state.base, Base::Live { record, .. } if record.header.owner.is_some());
        let anonymous = matches!(state.loaded, Loaded::Anonymous(_) | Loaded::Failed(_));
        let observed = !matches!(state.loaded, Loaded::No);
        (state.outgoing, state.ambiguous, anonymous, owned, observed)
    }) else {
        return;
    };
    if !observed {
        return;
    }
    let transport = &inner.shared.transport;
    let before = outgoing != Outgoing::Nothing || ambiguous;
    match outgoing {
        Outgoing::Id {
            id,
            created,
            max_age,
        } => {
            transport.write(&id, &Issue::new(created, max_age), headers);
        }
        Outgoing::Removal => transport.clean_up(headers),
        Outgoing::Nothing if ambiguous => transport.clean_up(headers),
        Outgoing::Nothing => {}
    }
    if before || anonymous {
        forbid_storing(headers);
    } else if let Entry::Vacant(unsaid) = headers.entry(CACHE_CONTROL) {
        unsaid.insert(if owned { NO_STORE } else { PRIVATE });
    }
    add_vary(headers, &inner.shared.vary);
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
    match headers.entry(VARY) {
        Entry::Vacant(unsaid) => {
            unsaid.insert(name.clone());
        }
        Entry::Occupied(mut said) => {
            if !said.iter().any(names_it) {
                said.append(name.clone());
            }
        }
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
