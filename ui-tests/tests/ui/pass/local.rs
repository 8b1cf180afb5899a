//! A schema inside a function, whose variables are no business of it.

#![deny(warnings)]

fn main() {
    let value = 1;
    #[derive(session::SessionSchema)]
    struct Local {
        value: Option<u8>,
    }
    let session = session::Session::detached(session::Data::new());
    let local = session.typed::<Local>().unwrap();
    local.set_value(value);
    assert_eq!(local.take_value(), Some(1));
}
