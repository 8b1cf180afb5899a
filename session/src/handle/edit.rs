//! Changes through a handle, and what they were made on.

use super::Inner;
use crate::changes::{Change, Context, Place, Trash, Updated, Updater};
use crate::data::{Key, Slot};
use crate::error::Error;
use crate::time::Timestamp;

/// What a place reads from at one time.
struct View {
    /// The slot, and the key under which it stands.
    found: Option<(Key, Slot)>,
    /// The time, if that had to be asked.
    now: Timestamp,
    /// The [`State::edits`] of then.
    edits: u32,
}

impl Inner {
    fn context(&self, now: Timestamp) -> Context<'_> {
        Context {
            now,
            policy: &self.shared.registry,
        }
    }

    /// What a place reads from. The clock is asked only where a deadline or a former key is in play.
    fn view(&self, place: &Place) -> View {
        if place.aliases.is_empty() {
            let timeless = self.with(|state| {
                let found = match state.data().slot(place.key.as_str()) {
                    None => None,
                    Some(slot @ Slot::Plain(_)) => Some((place.key.clone(), slot.clone())),
                    Some(_) => return None,
                };
                Some(View {
                    found,
                    now: Timestamp::default(),
                    edits: state.edits(),
                })
            });
            if let Some(view) = timeless {
                return view;
            }
        }
        let now = self.now();
        self.with(|state| {
            let current = place.current(state.data(), now);
            let found = current.map(|(key, slot)| {
                let key = if key == place.key.as_str() {
                    place.key.clone()
                } else {
                    key.into()
                };
                (key, slot.clone())
            });
            View {
                found,
                now,
                edits: state.edits(),
            }
        })
    }

    /// The slot that a place reads from, and the key under which it stands.
    pub(crate) fn slot(&self, place: &Place) -> Option<(Key, Slot)> {
        self.view(place).found
    }

    /// Records a change that runs no closure.
    pub(crate) fn record(&self, change: Change) {
        let timed = matches!(change, Change::Consume { .. });
        let now = if timed {
            self.now()
        } else {
            Timestamp::default()
        };
        let context = self.context(now);
        let mut trash = Trash::default();
        self.with(|state| {
            state.draft().apply_data(&change, &context, &mut trash);
            state.work.changes.push(change, &mut trash);
        });
    }

    /// Runs an update on this request's view and records it, to be repeated on what is actually stored.
    ///
    /// The closure runs without the lock; if another handle of this request changed the entry meanwhile, it runs
    /// again on that. With `defer`, one that fails on this view is kept, and fails at commit. Hands back the slot that
    /// it was shown.
    pub(crate) fn update(
        &self,
        place: &Place,
        updater: Updater,
        expires: Option<Timestamp>,
        defer: bool,
    ) -> Result<Option<Slot>, Error> {
        let mut trash = Trash::default();
        loop {
            let View { found, now, edits } = self.view(place);
            let current = found.map(|(_, slot)| slot);
            let context = self.context(now);
            let updated = match updater(current.as_ref().and_then(Slot::value)) {
                Ok(updated) => Some(updated),
                Err(_) if defer => None,
                Err(error) => return Err(error),
            };
            let failed = updated.is_none();
            let updated = updated.unwrap_or(Updated::Untouched);
            let mut state = self.lock();
            let state = state.get_or_insert_default();
            let unchanged = || match (place.current(state.data(), now), &current) {
                (None, None) => true,
                (Some((_, slot)), Some(seen)) => slot.is_same(seen),
                _ => false,
            };
            if state.edits() != edits && !unchanged() {
                trash.hold(updated);
                continue;
            }
            let folds = state.work.changes.foldable(place);
            let change = match (&updated, folds) {
                (Updated::Untouched, true) if !defer => return Ok(current),
                (Updated::Untouched, true) => Change::Update {
                    place: place.clone(),
                    updater,
                    expires,
                },
                (Updated::Removed, true) => Change::Remove {
                    place: place.clone(),
                },
                (Updated::Put(value), true) => {
                    let expires = current.as_ref().map_or(expires, Slot::expires);
                    let slot = Slot::new(value.clone(), expires);
                    Change::Set {
                        place: place.clone(),
                        slot,
                    }
                }
                (_, false) => Change::Update {
                    place: place.clone(),
                    updater,
                    expires,
                },
            };
            let draft = state.draft();
            draft.failed |= failed;
            draft.install(
                place,
                current.as_ref(),
                updated,
                expires,
                &context,
                &mut trash,
            );
            state.work.changes.push(change, &mut trash);
            return Ok(current);
        }
    }
}
