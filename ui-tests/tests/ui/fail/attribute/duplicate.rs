use session::SessionSchema;

#[derive(SessionSchema)]
#[session(prefix = "a.")]
#[session(prefix = "b.")]
struct Account {
    #[session(default, default = 1)]
    visits: u64,
    #[session(key = "a", secret, key = "b")]
    theme: Option<String>,
}

fn main() {}
