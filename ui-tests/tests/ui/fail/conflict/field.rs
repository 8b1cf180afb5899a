use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    #[session(flash, owner)]
    a: Option<u64>,
    #[session(default, flash)]
    b: Vec<u64>,
    #[session(flash, read_only)]
    c: Option<u64>,
    #[session(flash, strict)]
    g: Vec<u64>,
    #[session(keep, per_login)]
    d: u64,
    #[session(default)]
    e: Option<u64>,
    #[session(default = Some(1))]
    f: Option<u64>,
}

#[derive(SessionSchema)]
struct Default {
    #[session(owner, default)]
    a: u64,
}

#[derive(SessionSchema)]
struct Ttl {
    #[session(ttl = "1h", owner)]
    a: u64,
}

#[derive(SessionSchema)]
struct Keep {
    #[session(owner, keep)]
    a: u64,
}

#[derive(SessionSchema)]
struct PerLogin {
    #[session(owner, per_login)]
    a: u64,
}

fn main() {}
