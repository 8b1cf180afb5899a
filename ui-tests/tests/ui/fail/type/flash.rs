use session::SessionSchema;

type Maybe<T> = Option<T>;

#[derive(SessionSchema)]
struct A {
    #[session(flash)]
    notice: String,
    #[session(flash)]
    form: Maybe<String>,
}

fn main() {}
