//! The checker finds each thing that it looks for.

use session::SessionId;

use crate::checker::check;
use crate::world::{Act, Event, Outcome, Told};

fn id() -> String {
    let id = SessionId::generate().unwrap();
    id.expose_secret().as_str().to_owned()
}

/// Events one after the other, each with a number of its own.
struct Script(Vec<Event>);

impl Script {
    fn add(&mut self, browser: u64, act: Act, sent: Option<&String>, told: Told) -> &mut Event {
        let op = self.0.len() as u64;
        self.0.push(Event {
            browser,
            act,
            op,
            sent: sent.cloned(),
            start: op * 10,
            end: op * 10 + 5,
            entered: op * 10 + 1,
            outcome: Outcome::Done,
            told,
            body: String::new(),
        });
        self.0.last_mut().unwrap()
    }

    fn problem(&self, browser: u64, id: &String, body: &str, wanted: &str) {
        let found = self.found(browser, id, body);
        let as_wanted = found.as_ref().is_some_and(|found| found.contains(wanted));
        assert!(as_wanted, "{body} should be {wanted:?}: {found:?}");
    }

    /// The problem that is found if a read of `id` had this answer now.
    fn found(&self, browser: u64, id: &String, body: &str) -> Option<String> {
        let mut with = Self(self.0.clone());
        with.add(browser, Act::Read, Some(id), Told::Nothing).body = body.to_owned();
        check(&with.0).err()
    }
}

#[test]
fn what_must_not_be_read_is_found() {
    let [a, b, c, d, e, f, g] = [(); 7].map(|()| id());
    let mut s = Script(Vec::new());
    let new = |id: &String| Told::Id(id.clone());
    s.add(1, Act::Push, None, new(&a)); // 0
    s.add(1, Act::Push, Some(&a), Told::Nothing); // 1
    s.add(1, Act::Push, Some(&a), Told::Nothing).outcome = Outcome::Refused; // 2
    s.add(1, Act::Push, Some(&a), Told::Nothing).outcome = Outcome::Unknown; // 3
    s.add(2, Act::SignIn(7), None, new(&d)); // 4
    for fine in ["live::0,1", "live::1,0,3"] {
        assert_eq!(s.found(1, &a, fine), None);
    }
    s.problem(1, &a, "gone", "nobody ended it");
    s.problem(1, &a, "live::0", "lost an acknowledged write");
    s.problem(1, &a, "live::0,1,1", "applied twice");
    s.problem(1, &a, "live::0,1,2", "was refused");
    s.problem(1, &a, "live::0,1,4", "another browser");
    s.problem(1, &a, "live::0,1,99", "nobody made");
    s.problem(1, &a, "live:7:0,1", "the owner is None");
    s.problem(2, &d, "gone", "nobody ended it");

    s.add(1, Act::Rotate, Some(&a), new(&b)); // 5
    s.add(2, Act::SignIn(8), Some(&d), new(&e)); // 6
    assert_eq!(s.found(1, &a, "gone"), None);
    assert_eq!(s.found(1, &b, "live::0,1"), None);
    s.problem(1, &a, "live::0,1", "it was rotated to");
    s.problem(1, &b, "live::0", "lost an acknowledged write");
    s.problem(2, &e, "live:8:4,6", "a write of another user");
    s.problem(2, &e, "live:7:6", "the owner is Some(8)");

    s.add(1, Act::SignOut, Some(&a), Told::Removal); // 7: of what a became
    assert_eq!(s.found(1, &b, "gone"), None);
    s.problem(1, &b, "live::0,1", "it was signed out");
    s.add(3, Act::SignIn(8), None, new(&f)); // 8
    s.add(3, Act::Others, Some(&f), Told::Nothing); // 9
    assert_eq!(s.found(3, &f, "live:8:8"), None);
    s.problem(2, &e, "live:8:6", "it was revoked");
    s.problem(3, &f, "gone", "nobody ended it");
    s.add(3, Act::Rotate, Some(&f), new(&c)); // 10
    s.add(4, Act::Revoke(8), None, Told::Nothing); // 11
    assert_eq!(s.found(3, &c, "gone"), None);
    s.problem(3, &c, "live:8:8", "it was revoked");
    // A sign-in that came in before the revocation, and was answered after it.
    s.add(5, Act::SignIn(8), None, new(&g)).entered = 110; // 12
    s.problem(5, &g, "live:8:12", "it was revoked");
    s.0.last_mut().unwrap().entered = 112;
    assert_eq!(s.found(5, &g, "live:8:12"), None);
}

#[test]
fn answers_that_must_not_be_given_are_found() {
    let [a, b] = [(); 2].map(|()| id());
    let told = |act, told: Told, outcome| {
        let mut s = Script(Vec::new());
        s.add(1, Act::Push, None, Told::Id(a.clone()));
        s.add(1, act, Some(&a), told).outcome = outcome;
        check(&s.0).err().unwrap_or_default()
    };
    let new = || Told::Id(b.clone());
    for (act, answer, outcome, wanted) in [
        (Act::Push, new(), Outcome::Done, "for no reason"),
        (Act::Others, new(), Outcome::Done, "for no reason"),
        (Act::Rotate, new(), Outcome::Refused, "was not stored"),
        (Act::Rotate, new(), Outcome::Unknown, "was not stored"),
        (Act::SignIn(1), Told::Nothing, Outcome::Done, "told no id"),
        (Act::SignOut, Told::Nothing, Outcome::Done, "no cookie"),
        (Act::Push, Told::Removal, Outcome::Done, "nobody asked for"),
        (Act::Rotate, Told::Id(a.clone()), Outcome::Done, "before"),
        (Act::Rotate, new(), Outcome::Done, ""),
        (Act::SignIn(1), new(), Outcome::Done, ""),
        (Act::SignOut, Told::Removal, Outcome::Unknown, ""),
    ] {
        let problem = told(act, answer, outcome);
        assert!(
            problem.contains(wanted) && problem.is_empty() == wanted.is_empty(),
            "{act:?}: {wanted:?}: {problem}"
        );
    }
}
