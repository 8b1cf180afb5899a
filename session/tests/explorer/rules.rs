//! What must hold at the end of every schedule.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;

use crate::requests::{Act, Start};
use crate::seen::{Answer, Cookie, Outcome, Seen};
use crate::world::World;

/// What a schedule came to, without ids: the live sessions, and what each request was told.
type Summary = (Vec<Seen>, Vec<Option<(StatusCode, u8)>>);

/// Of all requests but those that were `refused`, by their bits.
fn summary(outcome: &Outcome, refused: u32) -> Summary {
    let told = |answer: &Answer| {
        let cookie = match answer.cookie {
            Cookie::None => 0,
            Cookie::Removal => 1,
            Cookie::Id(_) => 2,
        };
        (answer.status, cookie)
    };
    let answers = outcome.answers.iter().enumerate();
    let answers = answers
        .filter(|(n, _)| refused >> n & 1 == 0)
        .map(|(_, answer)| answer.as_ref().map(told))
        .collect();
    (outcome.sessions.clone(), answers)
}

/// What the requests come to one after another, in each order: all of them, and all but some of the sign-ins.
pub(crate) struct Serial(BTreeMap<u32, BTreeSet<String>>);

impl Serial {
    pub(crate) async fn of(world: &World, acts: &[Act]) -> Self {
        let bit = |n: usize| u32::from(acts[n].signs_in()) << n;
        let sign_ins = (0..acts.len()).fold(0, |bits, n| bits | bit(n));
        let mut all = BTreeMap::new();
        for without in (0..=sign_ins).filter(|bits| bits & !sign_ins == 0) {
            let acts = acts.iter().enumerate();
            let acts: Vec<_> = acts
                .filter(|(n, _)| without >> n & 1 == 0)
                .map(|(_, act)| *act)
                .collect();
            let mut outcomes = BTreeSet::new();
            for order in orders(acts.len()) {
                let outcome = world.run_in_order(&acts, &order).await;
                outcomes.insert(format!("{:?}", summary(&outcome, 0)));
            }
            all.insert(without, outcomes);
        }
        Self(all)
    }

    /// Whether the requests without the refused ones could have come to this, one after another.
    fn has(&self, outcome: &Outcome, refused: u32) -> bool {
        self.0[&refused].contains(&format!("{:?}", summary(outcome, refused)))
    }
}

fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(n - 1) {
        for at in 0..n {
            let mut order = shorter.clone();
            order.insert(at, n - 1);
            all.push(order);
        }
    }
    all
}

pub(crate) fn check(
    start: Start,
    acts: &[Act],
    outcome: &Outcome,
    serial: &Serial,
) -> Result<(), String> {
    let has = |wanted: &[Act]| acts.iter().any(|act| wanted.contains(act));
    let fail = |rule: &str| Err(rule.to_owned());
    let sent_back = Cookie::Id(outcome.presented.clone());
    let adopts = |answer: &Answer| answer.cookie == sent_back;
    if start.is_dead() && (outcome.adopted || outcome.answers.iter().flatten().any(adopts)) {
        return fail("T09: an id is adopted that was never issued, or has died");
    }
    if outcome.revived {
        return fail("I2: a dead id lives again");
    }
    let answers = outcome.answers.iter().flatten();
    if answers
        .clone()
        .any(|a| a.status == StatusCode::CONFLICT && a.cookie != Cookie::None)
    {
        return fail("S1: a request that lost sends a cookie");
    }
    if answers.clone().any(|a| a.status.is_server_error()) {
        return fail("a request failed without a fault");
    }
    let time_passes = acts.iter().any(|act| act.passes_time());
    let signs_in = acts.iter().any(|act| act.signs_in());
    if !start.is_nothing() && !signs_in && !time_passes && outcome.most_live > 1 {
        return fail("I1: two ids of one chain live");
    }
    for (revokes, owner) in [(Act::RevokeAnn, "ann"), (Act::RevokeBob, "bob")] {
        let is_theirs = |seen: &Seen| seen.owner == Some(owner);
        if has(&[revokes]) && outcome.sessions.iter().any(is_theirs) {
            return fail("S3: a session of the revoked owner lives");
        }
    }
    if has(&[Act::Destroy]) && !signs_in {
        if outcome.sessions.iter().any(|seen| seen.owner.is_some()) {
            return fail("T22b: a signed-in session lives after sign-out");
        }
        if !start.is_nothing() && !time_passes && !outcome.sessions.is_empty() {
            return fail("T22b: a session of the chain lives after sign-out");
        }
    }
    let others_end_it = has(&[
        Act::ChangeOwner,
        Act::Destroy,
        Act::RevokeAnn,
        Act::Clear,
        Act::Regenerate,
    ]);
    if start.has_cart() && has(&[Act::SignIn]) && !others_end_it && !time_passes {
        for order in orders(outcome.answers.len()) {
            match jar(outcome, &order) {
                Some(seen) if seen.owner == Some("ann") && seen.data.contains("cart=5") => {}
                _ => return fail("S8: who signed in is not signed in, or lost the cart"),
            }
        }
    }
    // Time that passes between a load and its commit makes one request see two worlds.
    if time_passes || serial.has(outcome, 0) {
        return Ok(());
    }
    // Whoever had an owner at load, and finds the session moved on at commit, is refused where a later request would
    // begin anew: as if it had never been sent.
    let refused = acts.iter().zip(&outcome.answers).enumerate();
    let refused = refused.fold(0, |bits, (n, (act, answer))| {
        let status = answer.as_ref().map(|answer| answer.status);
        let is_refused = act.signs_in() && status == Some(StatusCode::CONFLICT);
        bits | u32::from(is_refused) << n
    });
    if start == Start::SignedIn && refused != 0 && serial.has(outcome, refused) {
        return Ok(());
    }
    fail("C1-C5: no order of the requests comes to this")
}

/// What a browser holds in the end, if the answers arrive in this order.
fn jar<'a>(outcome: &'a Outcome, order: &[usize]) -> Option<&'a Seen> {
    let mut held = Some(outcome.presented.as_str());
    for n in order {
        match outcome.answers[*n].as_ref().map(|answer| &answer.cookie) {
            Some(Cookie::Id(id)) => held = Some(id),
            Some(Cookie::Removal) => held = None,
            Some(Cookie::None) | None => {}
        }
    }
    outcome
        .live
        .iter()
        .find(|(id, _)| Some(id.as_str()) == held)
        .map(|(_, seen)| seen)
}
