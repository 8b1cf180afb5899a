use session::SessionSchema;

#[derive(SessionSchema)]
struct Borrowing<'a> {
    name: &'a str,
}

fn main() {}
