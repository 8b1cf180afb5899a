use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    session: Option<u64>,
    snapshot: Option<u64>,
    clone: Option<u64>,
    clone_from: Option<u64>,
    clone_into: Option<u64>,
    fmt: Option<u64>,
    into: Option<u64>,
    try_into: Option<u64>,
    to_owned: Option<u64>,
    borrow: Option<u64>,
    borrow_mut: Option<u64>,
}

fn main() {}
