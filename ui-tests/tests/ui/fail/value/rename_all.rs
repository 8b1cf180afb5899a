use session::SessionSchema;

#[derive(SessionSchema)]
#[session(rename_all = "CamelCase")]
struct A {
    a: u64,
}

fn main() {}
