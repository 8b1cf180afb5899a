//! Five mistakes are five errors, whatever is done with the schema.

use session::{Session, SessionSchema, Typed, TypedRejection};

#[derive(SessionSchema)]
#[session(redirct = "/login")]
struct Account {
    #[session(ownr)]
    user_id: Option<u64>,
    #[session(default, ttl = "5")]
    visits: u64,
    #[session(flash, default)]
    notices: Vec<String>,
    set_visits: Option<u64>,
}

fn view(session: &Session) -> Result<Typed<Account>, TypedRejection> {
    session.typed::<Account>()
}

async fn home(account: Typed<Account>) -> Result<String, session::Error> {
    account.set_user_id(5);
    account.update_visits(|n| *n += 1);
    account.push_notices(format!("visit {}", account.visits()));
    account.clear_visits();
    let code: Option<u64> = account.consume_user_id().await?;
    let Account { notices, .. } = account.snapshot();
    Ok(format!("{:?} {code:?} {notices:?}", account.take_notices()))
}

fn main() {
    let _: axum::Router = axum::Router::new().route("/", axum::routing::get(home));
}
