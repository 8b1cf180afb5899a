#![no_implicit_prelude]
#![deny(warnings)]

#[derive(::session::SessionSchema)]
#[session(redirect = "/login", next = "next")]
struct Account {
    #[session(owner)]
    user_id: u64,
    theme: ::std::option::Option<::std::string::String>,
    #[session(default)]
    visits: u64,
    #[session(flash)]
    notices: ::std::vec::Vec<u8>,
    #[session(flash)]
    form: ::core::option::Option<u8>,
}

fn main() {
    let session = ::session::Session::detached(::session::Data::new());
    ::std::assert!(session.typed::<Account>().is_err());
}
