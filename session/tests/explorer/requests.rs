//! The requests that the explorer draws from.

use session::{Session, SessionSchema, StoreHandle, Typed};

#[derive(SessionSchema)]
pub(crate) struct Account {
    #[session(owner)]
    user: Option<String>,
    #[session(flash)]
    notes: Vec<String>,
    #[session(default)]
    n: u64,
}

/// What one request does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub(crate) enum Act {
    SetA,
    SetB,
    Update,
    RemoveA,
    Clear,
    TakeFlash,
    PushFlash,
    Regenerate,
    SignIn,
    ChangeOwner,
    Destroy,
    RevokeAnn,
    RevokeBob,
    Touch,
    /// Not a request: the idle timeout passes.
    Expire,
    /// Not a request: the store is swept, long after.
    Sweep,
}

impl Act {
    pub(crate) const ALL: [Self; 16] = [
        Self::SetA,
        Self::SetB,
        Self::Update,
        Self::RemoveA,
        Self::Clear,
        Self::TakeFlash,
        Self::PushFlash,
        Self::Regenerate,
        Self::SignIn,
        Self::ChangeOwner,
        Self::Destroy,
        Self::RevokeAnn,
        Self::RevokeBob,
        Self::Touch,
        Self::Expire,
        Self::Sweep,
    ];

    pub(crate) fn signs_in(self) -> bool {
        matches!(self, Self::SignIn | Self::ChangeOwner)
    }

    pub(crate) fn rotates(self) -> bool {
        self.signs_in() || self == Self::Regenerate
    }

    pub(crate) fn passes_time(self) -> bool {
        matches!(self, Self::Expire | Self::Sweep)
    }

    /// What the handler does with a loaded session.
    pub(crate) async fn perform(
        self,
        session: &Session,
        store: &StoreHandle,
    ) -> Result<(), session::Error> {
        let account: Typed<Account> = session.typed()?;
        match self {
            Self::SetA => session.set("a", 10u64)?,
            Self::SetB => session.set("b", 20u64)?,
            Self::Update => account.update_n(|n| *n += 1),
            Self::RemoveA => drop(session.remove("a")?),
            Self::Clear => session.clear(),
            Self::TakeFlash => drop(account.take_notes()),
            Self::PushFlash => account.push_notes("pushed".to_owned()),
            Self::Regenerate => session.regenerate_id(),
            Self::SignIn => account.set_user("ann".to_owned()),
            Self::ChangeOwner => account.set_user("bob".to_owned()),
            Self::Destroy => session.destroy(),
            Self::RevokeAnn => drop(store.destroy_all_of("ann").await?),
            Self::RevokeBob => drop(store.destroy_all_of("bob").await?),
            Self::Touch | Self::Expire | Self::Sweep => {}
        }
        Ok(())
    }
}

/// What the id is that all requests of a schedule present.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// A session of nobody, with data and a flash.
    Anonymous,
    /// A session of ann's.
    SignedIn,
    /// Not an id at all.
    Malformed,
    /// Well-formed, and never issued.
    Unknown,
    /// One whose idle timeout has passed: the record still stands.
    Expired,
    /// One that was signed out a moment ago.
    Destroyed,
    /// The one that ann had before she signed in, a moment ago.
    Moved,
}

impl Start {
    pub(crate) const ALL: [Self; 7] = [
        Self::Anonymous,
        Self::SignedIn,
        Self::Malformed,
        Self::Unknown,
        Self::Expired,
        Self::Destroyed,
        Self::Moved,
    ];

    /// Whether nothing lives under the id that is presented.
    pub(crate) fn is_dead(self) -> bool {
        !matches!(self, Self::Anonymous | Self::SignedIn)
    }

    /// Whether there is no session that the requests have in common: each that writes begins one of its own.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Self::Malformed | Self::Unknown | Self::Expired)
    }

    /// Whether whoever signs in does so with the cart that was there.
    pub(crate) fn has_cart(self) -> bool {
        matches!(self, Self::Anonymous | Self::SignedIn | Self::Moved)
    }

    pub(crate) fn prepare(self, session: &Session) -> Result<(), session::Error> {
        let account: Typed<Account> = session.typed()?;
        session.set("a", 1u64)?;
        session.set("cart", 5u64)?;
        account.push_notes("first".to_owned());
        if matches!(self, Self::SignedIn | Self::Destroyed) {
            account.set_user("ann".to_owned());
        }
        Ok(())
    }
}
