//! Whether what the threads were told is what one thread would be told that did all of it in some order.

use std::fmt;

use session::testing::ModelStore;

use super::steps::{Actor, EARLY, Names, Step, Told};

/// A call, its answer, and when it began and ended.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) step: Step,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) told: Told,
}

/// One line, in which no key and no version is told by more than it takes to tell them apart.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step {
            verb,
            key,
            to,
            owner,
            op,
            version,
            ..
        } = &self.step;
        let when = if *op == EARLY { "early" } else { "late" };
        let Self {
            start, end, told, ..
        } = self;
        write!(
            f,
            "{start}-{end} {when} {verb:?}({key}, {to}, {owner:?}, {version:?}): {told:?}"
        )
    }
}

/// Searches the orders in which no call comes before one that had ended when it began, for one that the model
/// answers in the same way.
pub(super) fn is_explained(
    model: &ModelStore,
    names: &Names,
    actors: &[Actor],
    threads: &[&[Event]],
) -> bool {
    let next = threads.iter().enumerate();
    let mut next: Vec<_> = next
        .filter_map(|(n, events)| Some((n, events.first()?)))
        .collect();
    let Some(horizon) = next.iter().map(|(_, event)| event.end).min() else {
        return true;
    };
    // Most often they took effect in the order in which they ended.
    next.sort_by_key(|(_, event)| event.end);
    let may_come_next = next.iter().filter(|(_, event)| event.start < horizon);
    may_come_next.clone().any(|&(n, event)| {
        let (model, mut actors) = (model.fork(), actors.to_vec());
        let told = actors[n].does(&event.step, &model, names);
        let mut rest = threads.to_vec();
        rest[n] = &threads[n][1..];
        told == event.told && is_explained(&model, names, &actors, &rest)
    })
}
