//! Structs that a macro writes, with types, names and values from its caller.

#![deny(warnings)]

use session::{Data, Session, SessionSchema};

macro_rules! schema {
    ($vis:vis $name:ident<$param:ident> { $($key:literal => $field:ident: $ty:ty),* $(,)? }) => {
        #[derive(SessionSchema)]
        $vis struct $name<$param> {
            $(#[session(key = $key)] $field: $ty,)*
            #[session(default)]
            hidden: u8,
            value: Option<Vec<$param>>,
        }
    };
}

schema!(pub Account<T> {
    "theme" => look: Option<String>,
    "basket" => basket: Option<Vec<T>>,
});

macro_rules! counter {
    ($ty:ty, $default:expr) => {
        mod counter {
            #[derive(session::SessionSchema)]
            pub struct Counter {
                #[session(default = $default)]
                pub value: $ty,
            }
        }
    };
}

counter!(u64, 1 + 2);

fn main() {
    let session = Session::detached(Data::new());
    let account = session.typed::<Account<u8>>().unwrap();
    account.set_look("dark".to_owned());
    account.set_value(vec![1]);
    assert_eq!(account.hidden(), 0);
    assert_eq!(account.take_basket(), None);
    assert_eq!(session.keys(), ["theme", "value"]);
    assert_eq!(session.typed::<counter::Counter>().unwrap_err().status(), 500);
    assert_eq!(Session::detached(Data::new()).typed::<counter::Counter>().unwrap().value(), 3);
}
