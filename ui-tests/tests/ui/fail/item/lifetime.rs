use session::SessionSchema;
use std::borrow::Cow;

#[derive(SessionSchema)]
struct Borrowing<'a> {
    name: &'a str,
}

#[derive(SessionSchema)]
struct MayBorrow<'a> {
    name: Cow<'a, str>,
}

fn main() {}
