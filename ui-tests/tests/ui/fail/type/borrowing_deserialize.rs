use session::SessionSchema;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Name<'a> {
    first: &'a str,
}

#[derive(SessionSchema)]
struct A {
    name: Name<'static>,
}

fn main() {}
