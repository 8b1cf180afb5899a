//! What a commit is to do: pure functions of the changes, the record, the response status and the configuration.

use crate::changes::{Change, Changes, Draft, Place};
use crate::config::Config;
use crate::data::Data;
use crate::handle::Base;
use crate::record::{CommitId, Header, Owner, Record, SessionHandle};
use crate::time::Timestamp;

/// Which changes a response lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Keep {
    pub(crate) takes: bool,
    pub(crate) data: bool,
}

impl Keep {
    pub(crate) const ALL: Self = Self {
        takes: true,
        data: true,
    };

    /// A server error keeps what makes a session safer, and no data. HEAD and prefetch take no flash.
    pub(crate) fn of(status: http::StatusCode, keeps_flashes: bool, config: &Config) -> Self {
        let data = !status.is_server_error() || config.save_on_server_error;
        Self {
            takes: !keeps_flashes,
            data,
        }
    }

    /// The changes that are let through, and whether that is fewer than there were.
    pub(crate) fn filter(self, changes: &mut Changes, owner: Option<&Owner>) -> bool {
        let before = changes.iter().count();
        if !self.takes {
            changes.retain(|change| !matches!(change, Change::Take { .. }));
        }
        if !self.data {
            let clears_owner = owner.filter(|owner| changes.iter().any(|c| disowns(c, owner)));
            changes.retain(|change| matches!(change, Change::Regenerate));
            if let Some(owner) = clears_owner {
                let place = Place::dynamic(&owner.entry);
                changes.append(vec![Change::Remove { place }].into());
                return true;
            }
        }
        changes.iter().count() != before
    }
}

/// Whether a change ends the session of this owner without beginning another's.
fn disowns(change: &Change, owner: &Owner) -> bool {
    let writes = |place: &Place| {
        *owner.entry == *place.key.as_str() || place.aliases.contains(&&*owner.entry)
    };
    match change {
        Change::Clear => true,
        Change::Set { place, .. }
        | Change::Remove { place }
        | Change::Update { place, .. }
        | Change::Consume { place, .. } => writes(place),
        _ => false,
    }
}

/// The verb of the store that a segment ends in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    Nothing,
    Create,
    Save,
    Rotate,
    /// The session has ended or moved on: the changes are dropped.
    Drop,
    /// It has, and somebody signs in: a new session, whatever became of the old one.
    SignInAnew,
}

impl Verb {
    pub(crate) fn of(base: &Base, changes: &Changes, draft: &Draft) -> Self {
        match base {
            _ if changes.is_empty() => Self::Nothing,
            Base::None if draft.data.is_empty() => Self::Nothing,
            Base::None => Self::Create,
            Base::Live { .. } if draft.rotate => Self::Rotate,
            Base::Live { .. } => Self::Save,
            Base::Gone { .. } if draft.authenticated => Self::SignInAnew,
            Base::Gone { .. } => Self::Drop,
        }
    }
}

/// When a commit takes place.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) now: Timestamp,
    /// When the request reached the layer: what an authentication is stamped with.
    pub(crate) arrived: Timestamp,
}

/// The record that a draft makes of the one that it was drawn from, or of none.
pub(crate) fn next_record(
    base: Option<&Header>,
    draft: Draft,
    commit_id: CommitId,
    times: Times,
    config: &Config,
) -> Record {
    let Times { now, arrived } = times;
    let mut header = match base {
        None => Header::begun(now, config.lifetime, config.touch_interval, commit_id),
        Some(base) => base.next(commit_id),
    };
    header.owner = draft.owner;
    header.label = draft.label;
    header.last_seen = header.last_seen.max(now);
    let former = (header.idle_deadline, header.absolute_deadline);
    if draft.wiped && base.is_some() {
        header.created = now;
        header.authenticated_at = now;
        header.handle = SessionHandle::generate();
        header.lifetime = config.lifetime;
        header.persistent = false;
        header.absolute_deadline = former.1.min(now + config.lifetime.absolute);
    }
    if draft.authenticated {
        header.authenticated_at = arrived;
        header.absolute_deadline = now + header.lifetime.absolute;
    }
    if let Some(lifetime) = draft.lifetime {
        header.lifetime = lifetime;
        header.persistent = true;
        header.absolute_deadline = now + lifetime.absolute;
    }
    let idle = now + header.lifetime.idle + config.touch_interval;
    // Nothing moves a deadline earlier but a lifetime of the user's choice, or its end.
    let floor = if draft.lifetime.is_some() || draft.wiped {
        Timestamp::default()
    } else {
        former.0
    };
    header.idle_deadline = idle.max(floor).min(header.absolute_deadline);
    Record {
        header,
        data: draft.data,
    }
}

/// Refuses a record that is larger than the cap, or cannot be encoded.
pub(crate) fn check_size(data: &Data, config: &Config) -> Result<(), crate::Error> {
    let unencodable = |(key, error)| crate::Error::unencodable(key, error);
    if data.at_most().map_err(unencodable)? <= config.max_bytes {
        return Ok(());
    }
    let size = data.size().map_err(unencodable)?;
    if size > config.max_bytes {
        return Err(crate::Error::too_large(size, config.max_bytes));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
