//! Public schemas in a crate that documents everything: what is generated documents itself.

#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]

pub mod schemas {
    //! Schemas.

    use session::SessionSchema;

    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    struct Private;

    /// An account.
    #[derive(Debug, SessionSchema)]
    pub struct Account {
        /// The theme.
        pub theme: Option<String>,
        /// Seen by the crate.
        pub(crate) visits: Option<u64>,
        /// Seen by the module around.
        pub(in crate::schemas) basket: Option<Vec<u64>>,
        pub(super) upper: Option<u64>,
        /// Seen here.
        role: Option<Private>,
        #[expect(missing_docs)]
        pub undocumented: Option<u64>,
        /// A flash.
        #[session(flash)]
        pub notices: Vec<String>,
    }

    /// With parameters.
    #[derive(Debug, SessionSchema)]
    pub struct Recent<T: Clone, const N: usize = 3>
    where
        T: PartialEq,
    {
        /// Items.
        #[session(default)]
        pub items: Vec<T>,
        /// Of the parameter itself.
        #[session(owner)]
        pub who: Option<String>,
        /// Not generic.
        #[session(default = N)]
        pub max: usize,
    }

    /// Uses what is private.
    pub fn promote(account: &AccountAccessor) {
        account.set_role(Private);
        account.set_basket(vec![1]);
    }
}

use schemas::{Account, AccountAccessor, Recent, RecentAccessor};
use session::{Data, Session, SessionValue};

fn remember<T: SessionValue + PartialEq>(recent: &RecentAccessor<T>, item: T) {
    recent.update_items(move |items| items.push(item.clone()));
}

fn accessor(account: &AccountAccessor) -> Option<u64> {
    account.set_visits(1);
    account.set_upper(1);
    account.visits()
}

fn main() {
    let session = Session::detached(Data::new());
    let account = session.typed::<Account>().unwrap();
    assert_eq!(accessor(&account), Some(1));
    schemas::promote(&account);
    remember(&session.typed::<Recent<char>>().unwrap(), 'a');
    assert_eq!(session.typed::<Recent<char, 7>>().unwrap().max(), 7);
}
