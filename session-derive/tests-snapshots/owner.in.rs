#[derive(SessionSchema)]
#[session(redirect = "/login", next = "next")]
struct SignedIn {
    #[session(owner)]
    user_id: UserId,
    #[session(default, keep)]
    theme: Theme,
    #[session(per_login)]
    csrf: Option<Token>,
}
