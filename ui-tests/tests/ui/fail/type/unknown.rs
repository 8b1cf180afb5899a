use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    theme: Thme,
}

fn main() {}
