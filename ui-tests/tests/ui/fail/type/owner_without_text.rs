use session::SessionSchema;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct UserId(u64);

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<crate::UserId>,
}

#[derive(SessionSchema)]
struct SignedIn {
    #[session(owner)]
    user_id: UserId,
}

fn main() {}
