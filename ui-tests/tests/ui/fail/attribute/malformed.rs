use session::SessionSchema;

#[derive(SessionSchema)]
#[session]
struct A {
    #[session = "default"]
    a: u64,
    #[session()]
    b: u64,
    #[session("default")]
    c: u64,
    #[session(default secret)]
    d: u64,
    #[session(, default)]
    e: u64,
}

fn main() {}
