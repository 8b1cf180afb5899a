//! The library under another name, and behind a macro of the crate that has it.

#![deny(warnings)]

extern crate session as sessions;

pub mod web {
    pub mod reexport {
        pub use ::sessions::*;
    }

    #[macro_export]
    macro_rules! schema {
        ($(#[$meta:meta])* $name:ident { $($field:ident: $ty:ty = $default:expr),* }) => {
            #[derive($crate::web::reexport::SessionSchema)]
            #[session(crate = $crate::web::reexport)]
            $(#[$meta])*
            struct $name {
                $(#[session(default = $default)] $field: $ty,)*
            }
        };
    }
}

/// Nothing may be looked up at the usual place.
mod session {}

#[derive(sessions::SessionSchema)]
#[session(crate = ::sessions)]
struct Plain {
    theme: Option<String>,
}

schema!(#[session(prefix = "m.")] Made { visits: u64 = 1 + 1, names: Vec<String> = vec![String::from("a")] });

fn main() {
    let session = sessions::Session::detached(sessions::Data::new());
    assert_eq!(session.typed::<Plain>().unwrap().theme(), None);
    let made = session.typed::<Made>().unwrap();
    assert_eq!((made.visits(), made.names()), (2, vec!["a".to_owned()]));
    made.set_visits(3);
    assert_eq!(session.keys(), ["m.visits"]);
}
