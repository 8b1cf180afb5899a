//! The routes with tower-sessions, whatever its store: this comparison's own and the one in `engines` have them.

use axum::Router;
use axum::extract::Path;
use tower_sessions::Session;
use tower_sessions::session::Error;

use super::web::routes;
use crate::scenario::{LOCALE, NO, NOTICE, Seed, TOKEN, USER, YES, large, said};

pub struct Failed;

impl From<Error> for Failed {
    fn from(_: Error) -> Self {
        Self
    }
}

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

pub type Said = Result<&'static str, Failed>;

async fn untouched() -> &'static str {
    YES
}

async fn read(session: Session) -> Said {
    Ok(said(session.get("user_id").await? == Some(USER)))
}

async fn rmw(session: Session) -> Said {
    let visits: u64 = session.get("visits").await?.unwrap_or_default();
    session.insert("visits", visits + 1).await?;
    Ok(YES)
}

async fn new(session: Session) -> Said {
    session.insert("user_id", USER).await?;
    Ok(YES)
}

async fn set(session: Session) -> Said {
    session.insert("notice", NOTICE).await?;
    Ok(YES)
}

async fn take(session: Session) -> Said {
    let notice: Option<String> = session.remove("notice").await?;
    Ok(said(notice.as_deref() == Some(NOTICE)))
}

async fn rotate(session: Session) -> Said {
    session.cycle_id().await?;
    Ok(YES)
}

async fn seed(Path(name): Path<String>, session: Session) -> Said {
    let Some(seed) = Seed::named(&name) else {
        return Ok(NO);
    };
    session.insert("user_id", USER).await?;
    if seed.person {
        session.insert("token", TOKEN).await?;
        session.insert("locale", LOCALE).await?;
        session.insert("visits", 0_u64).await?;
    }
    for (key, value) in seed.keys() {
        session.insert(&key, value).await?;
    }
    if seed.large {
        session.insert("large", large()).await?;
    }
    Ok(YES)
}

async fn visits(session: Session) -> Result<String, Failed> {
    let visits: Option<u64> = session.get("visits").await?;
    Ok(visits.unwrap_or_default().to_string())
}

async fn whole(session: Session) -> Result<String, Failed> {
    let mut keys = 0;
    for name in ["user_id", "token", "locale", "visits", "large"] {
        keys += usize::from(session.get_value(name).await?.is_some());
    }
    for number in 0..256 {
        keys += usize::from(
            session
                .get_value(&format!("key{number:03}"))
                .await?
                .is_some(),
        );
    }
    let large: Option<String> = session.get("large").await?;
    Ok(super::named(keys, large.map_or(0, |large| large.len())))
}

pub fn router() -> Router {
    routes!(
        untouched, read, rmw, new, set, take, rotate, seed, visits, whole
    )
}
