use session::SessionSchema;

#[derive(Clone, Default, serde::Serialize)]
struct Theme;

#[derive(SessionSchema)]
struct A {
    #[session(default)]
    theme: Theme,
}

fn main() {}
