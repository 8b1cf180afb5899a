//! A module in which no name means what it usually does.

#![deny(warnings)]

mod shadowed {
    #![allow(dead_code)]

    pub struct String;
    pub struct Result;
    pub struct Vec;
    pub struct Box;
    pub struct Some;
    pub struct None;
    pub struct Ok;
    pub struct Err;
    pub struct Future;
    pub struct PhantomData;
    pub struct Handle;
    pub struct Session;
    pub struct Data;
    pub struct Field;
    pub struct Schema;
    pub struct Value;
    pub struct Access;
    pub struct __Private;
    pub trait Clone {}
    pub trait Debug {}
    pub trait Default {}
    pub trait Fn {}
    pub trait FnOnce {}
    pub trait Send {}
    pub trait Sized {}
    pub mod core {}
    pub mod std {}
    pub mod session {}
    pub type Option<T> = ::std::option::Option<T>;

    #[derive(::session::SessionSchema)]
    pub struct Account {
        pub theme: Option<::std::string::String>,
        #[session(default)]
        pub visits: u64,
        #[session(flash)]
        pub notices: ::std::vec::Vec<u8>,
        pub value: Option<u8>,
        pub read: Option<u8>,
        pub update: Option<u8>,
        pub handle: Option<u8>,
        pub schema: Option<u8>,
    }
}

fn main() {
    let session = session::Session::detached(session::Data::new());
    let account = session.typed::<shadowed::Account>().unwrap();
    account.set_theme("dark".to_owned());
    account.set_value(1);
    account.update_update(|n| *n = Some(2));
    assert_eq!(account.with_read(|n| *n), None);
}
