use axum::{Router, routing::get};
use session::{SessionRejection, SessionSchema, Typed};

#[derive(SessionSchema)]
struct Account {
    theme: Option<String>,
}

async fn wrong_rejection(_: Result<Typed<Account>, SessionRejection>) {}

fn main() {
    let _: Router = Router::new().route("/", get(wrong_rejection));
}
