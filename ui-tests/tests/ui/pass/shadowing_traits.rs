//! Traits in scope with methods of the generated names change nothing.

#![deny(warnings)]

use session::{Data, Session, SessionSchema};

trait Noise {
    fn theme(&self) -> u8 {
        0
    }
    fn get(self) -> u8
    where
        Self: Sized,
    {
        0
    }
    fn field(&self) -> u8 {
        0
    }
    fn fmt_debug(&self) -> u8 {
        0
    }
    fn __default_visits() -> u8 {
        0
    }
}

impl<T: ?Sized> Noise for T {}

#[derive(SessionSchema)]
struct Account {
    theme: Option<String>,
    #[session(default)]
    visits: u64,
}

fn main() {
    let account = Session::detached(Data::new()).typed::<Account>().unwrap();
    let accessor: &AccountAccessor = &account;
    assert_eq!((accessor.theme(), accessor.visits()), (None, 0));
    assert_eq!(format!("{accessor:?}"), "AccountAccessor { theme: absent, visits: absent }");
    let _ = (5.theme(), Noise::get(5), 5.field(), 5.fmt_debug(), u8::__default_visits());
}
