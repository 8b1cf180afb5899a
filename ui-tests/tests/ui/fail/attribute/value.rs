use session::SessionSchema;

#[derive(SessionSchema)]
#[session(prefix, rename_all = camelCase, redirect("/login"), accessor = "Name", crate = "session")]
struct A {
    #[session(key)]
    a: u64,
    #[session(key = 5)]
    b: u64,
    #[session(alias("old"))]
    c: u64,
    #[session(ttl = 10)]
    d: u64,
    #[session(secret = true)]
    e: u64,
    #[session(owner("me"))]
    f: u64,
    #[session(default = )]
    g: u64,
    #[session(default("light"))]
    h: String,
    #[session(key = "")]
    i: u64,
    #[session(alias = "")]
    j: u64,
}

#[derive(SessionSchema)]
#[session(prefix = "", status = "403")]
struct B {
    a: u64,
}

fn main() {}
