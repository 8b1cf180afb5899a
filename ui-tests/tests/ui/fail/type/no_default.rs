use session::SessionSchema;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
enum Theme {
    Light,
}

#[derive(SessionSchema)]
struct A {
    #[session(default)]
    theme: Theme,
    #[session(default = "light")]
    name: String,
    #[session(default = missing())]
    other: String,
}

fn main() {}
