//! Fields that are compiled out leave nothing behind; deprecated ones deprecate their methods, and nothing else.

#![deny(warnings)]

use session::{Data, Session, SessionSchema};

#[derive(SessionSchema)]
struct Account {
    #[cfg(any())]
    gone: Missing,
    #[cfg(all())]
    here: Option<u8>,
    #[cfg_attr(all(), session(default))]
    visits: u64,
    #[deprecated(note = "use `visits`")]
    count: Option<u64>,
}

#[deprecated]
#[derive(SessionSchema)]
struct Old {
    theme: Option<String>,
}

#[allow(deprecated)]
#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[deprecated]
struct OldType;

#[derive(SessionSchema)]
struct OfOldType {
    #[allow(deprecated)]
    value: Option<OldType>,
}

fn main() {
    let session = Session::detached(Data::new());
    let account = session.typed::<Account>().unwrap();
    account.set_here(1);
    #[expect(deprecated)]
    account.set_count(1);
    assert_eq!(account.visits(), 0);
    session.typed::<OfOldType>().unwrap().clear_value();
}
