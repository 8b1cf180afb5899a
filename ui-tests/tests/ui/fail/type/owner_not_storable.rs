use session::SessionSchema;

struct UserId(u64);

#[derive(SessionSchema)]
struct SignedIn {
    #[session(owner)]
    user_id: UserId,
}

fn main() {}
