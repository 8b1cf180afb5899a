use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    name: &'static str,
    tags: Option<Vec<&'static str>>,
}

fn main() {}
