use session::SessionSchema;

#[derive(SessionSchema)]
#[session(redirect = "https://example.com/login")]
struct OtherSite {
    a: u64,
}

#[derive(SessionSchema)]
#[session(redirect = "//example.com")]
struct OtherHost {
    a: u64,
}

#[derive(SessionSchema)]
#[session(redirect = "login")]
struct Relative {
    a: u64,
}

#[derive(SessionSchema)]
#[session(redirect = "/sign in")]
struct Space {
    a: u64,
}

#[derive(SessionSchema)]
#[session(redirect = "/login", next = "back to")]
struct Next {
    a: u64,
}

fn main() {}
