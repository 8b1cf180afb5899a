use session::SessionSchema;

#[derive(serde::Serialize, serde::Deserialize)]
struct Theme;

#[derive(SessionSchema)]
struct A {
    #[session(flash)]
    themes: Vec<Theme>,
}

fn main() {}
