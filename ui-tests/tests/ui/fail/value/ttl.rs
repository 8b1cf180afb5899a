use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    #[session(ttl = "")]
    a: u64,
    #[session(ttl = "10")]
    b: u64,
    #[session(ttl = "10 minutes")]
    c: u64,
    #[session(ttl = "-10m")]
    d: u64,
    #[session(ttl = "0s")]
    e: u64,
    #[session(ttl = "101y")]
    f: u64,
    #[session(ttl = "36501d")]
    g: u64,
}

fn main() {}
