use session::SessionSchema;

#[derive(SessionSchema)]
#[session(status = 302)]
struct Redirection {
    a: u64,
}

#[derive(SessionSchema)]
#[session(status = 200)]
struct Success {
    a: u64,
}

#[derive(SessionSchema)]
#[session(status = 4030)]
struct Typo {
    a: u64,
}

fn main() {}
