use session::SessionSchema;

#[derive(SessionSchema)]
#[session(redirect = "/login", status = 403)]
struct Both {
    a: u64,
}

#[derive(SessionSchema)]
#[session(redirect = "/login")]
struct NothingToRedirectFor {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(default)]
    visits: u64,
}

#[derive(SessionSchema)]
#[session(status = 403)]
struct NothingToAnswerFor {
    a: Option<u64>,
}

#[derive(SessionSchema)]
#[session(next = "next")]
struct NextAlone {
    a: u64,
}

#[derive(SessionSchema)]
#[session(redirect = "/#login", next = "next")]
struct Fragment {
    a: u64,
}

fn main() {}
