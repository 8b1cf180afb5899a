//! Where a schedule runs: how it begins, and what goes wrong in it.

use http::StatusCode;
use session::testing::{ModelStore, Verb};

use crate::machine::Run;
use crate::requests::{Act, Start};
use crate::seen::{Cookie, Outcome};
use crate::wrong::{Mistake, WrongStore};

/// One decision of a schedule: which of the requests that could go went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) taken: usize,
    pub(crate) ways: usize,
}

/// What is planted, to see that it is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Planted {
    InStore(Mistake),
    /// A layer that sends the cookie again with a refusal.
    LoserSendsCookie,
    /// A layer that goes on with the id that it was given.
    SendsWhatWasPresented,
}

/// Of which store call the answer is lost: of the nth one of this verb.
pub(crate) type Lost = (Verb, u32);

pub(crate) struct World {
    start: Start,
    planted: Option<Planted>,
    lost: Option<Lost>,
}

impl World {
    pub(crate) fn new(start: Start) -> Self {
        Self {
            start,
            planted: None,
            lost: None,
        }
    }

    pub(crate) fn with(self, planted: Planted) -> Self {
        Self {
            planted: Some(planted),
            ..self
        }
    }

    pub(crate) fn losing(self, lost: Lost) -> Self {
        Self {
            lost: Some(lost),
            ..self
        }
    }

    /// Runs the schedule to its end, and notes the choices that it did not name.
    pub(crate) async fn run(&self, acts: &[Act], schedule: &mut Vec<Choice>) -> Outcome {
        let mut position = 0;
        let pick = |gated: &[usize]| {
            if position == schedule.len() {
                schedule.push(Choice {
                    taken: 0,
                    ways: gated.len(),
                });
            }
            position += 1;
            gated[schedule[position - 1].taken]
        };
        self.go(acts, pick).await
    }

    /// Runs one request after another.
    pub(crate) async fn run_in_order(&self, acts: &[Act], order: &[usize]) -> Outcome {
        let pick = |gated: &[usize]| *order.iter().find(|n| gated.contains(n)).unwrap();
        self.go(acts, pick).await
    }

    async fn go(&self, acts: &[Act], pick: impl FnMut(&[usize]) -> usize) -> Outcome {
        if let Some(Planted::InStore(mistake)) = self.planted {
            return Run::new(self.start, self.lost, WrongStore::new(mistake))
                .go(acts, pick)
                .await;
        }
        let mut outcome = Run::new(self.start, self.lost, ModelStore::new())
            .go(acts, pick)
            .await;
        for answer in outcome.answers.iter_mut().flatten() {
            let is_wrong = match self.planted {
                Some(Planted::LoserSendsCookie) => answer.status == StatusCode::CONFLICT,
                Some(Planted::SendsWhatWasPresented) => matches!(answer.cookie, Cookie::Id(_)),
                _ => false,
            };
            if is_wrong {
                answer.cookie = Cookie::Id(outcome.presented.clone());
            }
        }
        outcome
    }
}
