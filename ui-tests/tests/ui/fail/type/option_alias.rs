//! An alias of `Option` is a type of its own: the field is required, and says so where it is used.

use session::SessionSchema;

type Maybe<T> = Option<T>;

#[derive(SessionSchema)]
struct A {
    theme: Maybe<String>,
}

fn dark(a: &AAccessor) {
    a.set_theme("dark".to_owned());
    a.clear_theme();
}

fn main() {}
