use session::SessionSchema;

#[derive(SessionSchema)]
enum Enum {
    A,
}

#[derive(SessionSchema)]
union Union {
    a: u8,
}

#[derive(SessionSchema)]
struct Tuple(u8, Option<u8>);

#[derive(SessionSchema)]
struct Unit;

fn main() {}
