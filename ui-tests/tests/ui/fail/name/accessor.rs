use session::SessionSchema;

#[derive(SessionSchema)]
#[session(accessor = Account)]
struct Account {
    visits: Option<u64>,
}

fn main() {}
