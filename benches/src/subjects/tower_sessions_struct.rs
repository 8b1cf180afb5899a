//! tower-sessions as its documentation shows it: one struct under one key.

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::Subject;
use super::tower_sessions::layer;
use super::tower_sessions_routes::{Failed, Said};
use super::web::{Web, routes};
use crate::runner::in_thread;
use crate::scenario::{LOCALE, NO, NOTICE, Seed, TOKEN, USER, YES, large, said};

pub const SUBJECT: Subject = Subject {
    name: "tower-sessions-struct",
    what: "the same, one struct under one key",
    build: Some(|runtime| in_thread(runtime, async || Web(router().layer(layer())))),
    sessions: true,
    by_default: true,
    engine: None,
};

const KEY: &str = "shop";

#[derive(Default, Serialize, Deserialize)]
struct Data {
    user_id: Option<u64>,
    token: Option<String>,
    locale: Option<String>,
    visits: Option<u64>,
    notice: Option<String>,
    more: Vec<(String, u64)>,
    large: String,
}

struct Shop {
    session: Session,
    data: Data,
}

impl<S: Send + Sync> FromRequestParts<S> for Shop {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let session = Session::from_request_parts(parts, state).await?;
        let failed = |_| {
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the session cannot be read",
            )
        };
        let data = session.get(KEY).await.map_err(failed)?.unwrap_or_default();
        Ok(Self { session, data })
    }
}

impl Shop {
    async fn save(self) -> Result<(), Failed> {
        Ok(self.session.insert(KEY, self.data).await?)
    }
}

async fn untouched() -> &'static str {
    YES
}

async fn read(shop: Shop) -> &'static str {
    said(shop.data.user_id == Some(USER))
}

async fn rmw(mut shop: Shop) -> Said {
    *shop.data.visits.get_or_insert_default() += 1;
    shop.save().await?;
    Ok(YES)
}

async fn new(mut shop: Shop) -> Said {
    shop.data.user_id = Some(USER);
    shop.save().await?;
    Ok(YES)
}

async fn set(mut shop: Shop) -> Said {
    shop.data.notice = Some(NOTICE.into());
    shop.save().await?;
    Ok(YES)
}

async fn take(mut shop: Shop) -> Said {
    let Some(notice) = shop.data.notice.take() else {
        return Ok(NO);
    };
    shop.save().await?;
    Ok(said(notice == NOTICE))
}

async fn rotate(session: Session) -> Said {
    session.cycle_id().await?;
    Ok(YES)
}

async fn seed(Path(name): Path<String>, mut shop: Shop) -> Said {
    let Some(seed) = Seed::named(&name) else {
        return Ok(NO);
    };
    shop.data = Data {
        user_id: Some(USER),
        token: seed.person.then(|| TOKEN.into()),
        locale: seed.person.then(|| LOCALE.into()),
        visits: seed.person.then_some(0),
        notice: None,
        more: seed.keys().collect(),
        large: if seed.large { large() } else { String::new() },
    };
    shop.save().await?;
    Ok(YES)
}

async fn visits(shop: Shop) -> String {
    shop.data.visits.unwrap_or_default().to_string()
}

async fn whole(shop: Shop) -> String {
    let data = &shop.data;
    let fields = [
        data.user_id.is_some(),
        data.token.is_some(),
        data.locale.is_some(),
        data.visits.is_some(),
        !data.large.is_empty(),
    ];
    let keys = fields.into_iter().filter(|there| *there).count() + data.more.len();
    super::named(keys, data.large.len())
}

fn router() -> Router {
    routes!(
        untouched, read, rmw, new, set, take, rotate, seed, visits, whole
    )
}
