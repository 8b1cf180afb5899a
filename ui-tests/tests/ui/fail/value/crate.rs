use session::SessionSchema;

#[derive(SessionSchema)]
#[session(crate = web::session)]
struct A {
    a: u64,
}

fn main() {}
