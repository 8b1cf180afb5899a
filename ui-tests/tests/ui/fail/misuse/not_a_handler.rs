use axum::{Router, routing::get};
use session::SessionSchema;

#[derive(SessionSchema)]
struct Account {
    theme: Option<String>,
}

async fn without_typed(_: Account) {}

async fn accessor(_: AccountAccessor) {}

fn main() {
    let _: Router = Router::new().route("/", get(without_typed));
    let _: Router = Router::new().route("/", get(accessor));
}
