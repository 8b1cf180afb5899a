//! What a handle knows: the record it was loaded from, the changes since, and what they make of it.

use std::sync::Arc;
use std::time::Duration;

use super::turn::Turns;
use crate::changes::{Changes, Draft};
use crate::data::{Data, Value};
use crate::error::Error;
use crate::id::{SessionId, StoreKey};
use crate::record::{Owner, Record};

#[derive(Default)]
pub(crate) struct State {
    pub(crate) loaded: Loaded,
    pub(crate) turns: Turns,
    pub(crate) work: Work,
    /// How often what reads see was changed: an update whose view is as old as this need not be compared.
    edits: u32,
    /// The response head is on its way.
    pub(crate) head_sent: bool,
    /// The client presented several live sessions: its cookies of all our scopes are removed.
    pub(crate) ambiguous: bool,
    /// Somebody was signed in before a commit that was refused.
    pub(crate) was_owned: bool,
    /// The value that was found to name the owner of the header.
    pub(crate) verified_owner: Option<Value>,
    /// Keys whose unreadable value was reported.
    pub(crate) reported: Vec<&'static str>,
}

/// The present segment of a request, and what its commit works on: in the handle itself where nobody else has that,
/// else a copy.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) base: Base,
    /// How many segments `destroy` and `start_over` have ended.
    pub(crate) segment: u32,
    /// The changes of the present segment, in order.
    pub(crate) changes: Changes,
    /// `base` with `changes` applied, once there are any.
    pub(crate) draft: Option<Draft>,
    /// Sessions that ended in this request, to be destroyed at commit.
    pub(crate) ended: Vec<StoreKey>,
    /// The client shall forget its id, unless it gets another one.
    pub(crate) removal: bool,
    /// What a commit made known to the client.
    pub(crate) outgoing: Outgoing,
    /// Changes were dropped because the session had ended or moved on.
    pub(crate) dropped: bool,
}

/// How far the load got.
#[derive(Default)]
pub(crate) enum Loaded {
    /// Nobody asked yet.
    #[default]
    No,
    Yes,
    /// The store failed: an error from here on.
    Failed(Error),
    /// The store failed, and the layer lets the request run without a session.
    Anonymous(Error),
}

impl Loaded {
    /// What a further load is told, if there was one.
    pub(crate) fn answer(&self) -> Option<Result<(), Error>> {
        match self {
            Self::No => None,
            Self::Yes | Self::Anonymous(_) => Some(Ok(())),
            Self::Failed(error) => Some(Err(error.clone())),
        }
    }
}

/// What the present segment began from.
#[derive(Default, Clone)]
pub(crate) enum Base {
    /// No session: the first write makes one.
    #[default]
    None,
    Live {
        id: SessionId,
        key: StoreKey,
        record: Arc<Record>,
    },
    /// The id of a session that has ended or moved on.
    Gone { successor: Option<StoreKey> },
}

/// What the client is to be told.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outgoing {
    #[default]
    Nothing,
    Id {
        id: SessionId,
        created: bool,
        max_age: Option<Duration>,
    },
    Removal,
}

/// What a response has to say of its session.
pub(crate) struct Told {
    pub(crate) outgoing: Outgoing,
    pub(crate) ambiguous: bool,
    /// The store failed.
    pub(crate) failed: bool,
    /// Somebody is signed in.
    pub(crate) owned: bool,
}

impl Base {
    /// What the first change applies to.
    pub(crate) fn draft(&self) -> Draft {
        match self {
            Self::Live { record, .. } => Draft::of(record),
            Self::None | Self::Gone { .. } => Draft::default(),
        }
    }
}

impl State {
    /// What reads see.
    pub(crate) fn data(&self) -> &Data {
        static NONE: Data = Data::new();
        match (&self.work.draft, &self.work.base) {
            (Some(draft), _) => &draft.data,
            (None, Base::Live { record, .. }) => &record.data,
            (None, Base::None | Base::Gone { .. }) => &NONE,
        }
    }

    /// Whom the session belongs to, as reads see it.
    pub(crate) fn owner(&self) -> Option<&Arc<Owner>> {
        match (&self.work.draft, &self.work.base) {
            (Some(draft), _) => draft.owner.as_ref(),
            (None, Base::Live { record, .. }) => record.header.owner.as_ref(),
            (None, Base::None | Base::Gone { .. }) => None,
        }
    }

    /// What changes apply to, to be changed.
    pub(crate) fn draft(&mut self) -> &mut Draft {
        self.edits = self.edits.wrapping_add(1);
        self.work.draft()
    }

    /// Tells apart what reads saw at one time and at another.
    pub(crate) fn edits(&self) -> u32 {
        self.edits
    }

    /// Puts something else in place of all that reads see, and hands that back for the caller to drop.
    pub(crate) fn replace(&mut self, base: Base, draft: Option<Draft>) -> (Base, Option<Draft>) {
        self.edits = self.edits.wrapping_add(1);
        (
            std::mem::replace(&mut self.work.base, base),
            std::mem::replace(&mut self.work.draft, draft),
        )
    }

    /// What the response has to say, unless nobody asked for the session.
    pub(crate) fn told(&self) -> Option<Told> {
        let failed = match self.loaded {
            Loaded::No => return None,
            Loaded::Yes => false,
            Loaded::Anonymous(_) | Loaded::Failed(_) => true,
        };
        let stored = match &self.work.base {
            Base::Live { record, .. } => record.header.owner.is_some(),
            Base::None | Base::Gone { .. } => false,
        };
        Some(Told {
            outgoing: self.work.outgoing,
            ambiguous: self.ambiguous,
            failed,
            owned: stored || self.was_owned || self.owner().is_some(),
        })
    }

    /// Whether something is to be committed.
    pub(crate) fn is_pending(&self) -> bool {
        let Work {
            changes,
            ended,
            removal,
            ..
        } = &self.work;
        !changes.is_empty() || !ended.is_empty() || *removal
    }

    /// Whether the presented ids may lead to live sessions although none is in use.
    pub(crate) fn must_end_presented(&self) -> bool {
        self.work.segment == 0 && (self.ambiguous || matches!(self.work.base, Base::Gone { .. }))
    }

    /// Begins a new segment, without a session and without changes. Hands back what the caller is to drop.
    pub(crate) fn next_segment(&mut self) -> (Changes, (Base, Option<Draft>)) {
        self.work.segment = self.work.segment.wrapping_add(1);
        (
            std::mem::take(&mut self.work.changes),
            self.replace(Base::None, None),
        )
    }
}

impl Work {
    /// What its changes come to.
    pub(crate) fn draft(&mut self) -> &mut Draft {
        self.draft.get_or_insert_with(|| self.base.draft())
    }
}
