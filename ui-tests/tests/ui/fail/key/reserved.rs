use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    #[session(key = "__flash")]
    a: Option<u64>,
    #[session(alias = "__old")]
    b: Option<u64>,
    __c: Option<u64>,
}

#[derive(SessionSchema)]
#[session(prefix = "__a.")]
struct Prefix {
    a: Option<u64>,
}

#[derive(SessionSchema)]
#[session(prefix = "_")]
struct Together {
    #[session(key = "_a")]
    a: Option<u64>,
}

fn main() {}
