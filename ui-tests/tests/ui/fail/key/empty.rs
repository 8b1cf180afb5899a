use session::SessionSchema;

#[derive(SessionSchema)]
#[session(rename_all = "camelCase")]
struct A {
    ___: Option<u64>,
}

fn main() {}
