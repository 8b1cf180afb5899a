use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    count: std::cell::Cell<u8>,
}

fn main() {}
