//! What a history must not contain, whatever the schedule was.

use std::collections::{HashMap, HashSet};

use session::SessionId;

use crate::seen::Seen;
use crate::world::{Act, Event, Outcome, Told};

/// What is known of an id that somebody was told.
struct Known<'h> {
    by: &'h Event,
    parent: Option<&'h str>,
    /// It took the parent's place, as far as one can tell.
    rotated: bool,
    owner: Option<u64>,
    /// The sign-in, or creation, that its authentication comes from.
    root: &'h Event,
}

struct Checker<'h> {
    known: HashMap<&'h str, Known<'h>>,
    children: HashMap<&'h str, Vec<&'h str>>,
    /// By the id that was sent.
    sent: HashMap<&'h str, Vec<&'h Event>>,
    ops: HashMap<u64, &'h Event>,
    /// The writes that were acknowledged, by the id of the session that they went to.
    landed: HashMap<&'h str, Vec<&'h Event>>,
    revocations: Vec<&'h Event>,
}

/// Checks a history whose times are of one clock.
pub(crate) fn check(history: &[Event]) -> Result<Seen, String> {
    let mut by_end: Vec<&Event> = history.iter().collect();
    by_end.sort_by_key(|event| event.end);
    let mut seen = Seen::default();
    let mut checker = Checker {
        known: HashMap::new(),
        children: HashMap::new(),
        sent: HashMap::new(),
        ops: HashMap::new(),
        landed: HashMap::new(),
        revocations: Vec::new(),
    };
    for event in &by_end {
        checker
            .enter(event, &mut seen)
            .map_err(|problem| format!("{problem}: {event:#?}"))?;
    }
    checker.tell_rotations(&mut seen)?;
    for event in by_end {
        if event.act == Act::Read && event.outcome == Outcome::Done {
            let problem = checker.read(event, &mut seen).err();
            if let Some(problem) = problem {
                let line = checker.around(event);
                return Err(format!("{problem}: {event:#?}\nof\n{line}"));
            }
        }
    }
    Ok(seen)
}

impl<'h> Checker<'h> {
    fn enter(&mut self, event: &'h Event, seen: &mut Seen) -> Result<(), String> {
        let sent = event.sent.as_deref();
        seen.refused += u32::from(event.outcome == Outcome::Refused);
        seen.unknown += u32::from(event.outcome == Outcome::Unknown);
        if let Some(sent) = sent {
            self.sent.entry(sent).or_default().push(event);
        }
        if self.ops.insert(event.op, event).is_some() {
            return Err("two requests of one number".to_owned());
        }
        let done = event.outcome == Outcome::Done;
        match (event.act, &event.told) {
            (Act::SignIn(_), Told::Nothing | Told::Removal) if done => {
                return Err("a sign-in that told no id".to_owned());
            }
            (Act::SignOut, Told::Nothing | Told::Id(_)) if done => {
                return Err("a sign-out that removed no cookie".to_owned());
            }
            (Act::SignOut, Told::Removal) | (_, Told::Nothing) => {}
            (_, Told::Removal) => return Err("a removal that nobody asked for".to_owned()),
            (act, Told::Id(id)) => {
                let parent = match act {
                    Act::Push if sent.is_none() => None,
                    Act::SignIn(_) => sent,
                    Act::Rotate if sent.is_some() => sent,
                    _ => return Err("a cookie for no reason".to_owned()),
                };
                if !done {
                    return Err("a cookie for what was not stored".to_owned());
                }
                self.tell(event, id, parent)?;
            }
        }
        match (event.act, &event.told, sent) {
            (Act::Push | Act::SignIn(_), Told::Id(id), _) if done => {
                self.landed.entry(id).or_default().push(event);
            }
            (Act::Push, _, Some(sent)) if done => {
                self.landed.entry(sent).or_default().push(event);
            }
            (Act::Revoke(_), ..) if event.outcome != Outcome::Refused => {
                self.revocations.push(event);
            }
            (Act::Others, ..) if event.outcome != Outcome::Refused && event.body != "nobody" => {
                self.revocations.push(event);
            }
            _ => {}
        }
        Ok(())
    }

    fn tell(
        &mut self,
        event: &'h Event,
        id: &'h str,
        parent: Option<&'h str>,
    ) -> Result<(), String> {
        let of_parent = parent.map(|parent| &self.known[parent]);
        let known = Known {
            by: event,
            parent,
            rotated: event.act == Act::Rotate,
            owner: match event.act {
                Act::SignIn(user) => Some(user),
                _ => of_parent.and_then(|parent| parent.owner),
            },
            root: match (event.act, of_parent) {
                (Act::Rotate, Some(parent)) => parent.root,
                _ => event,
            },
        };
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().push(id);
        }
        match self.known.insert(id, known) {
            None => Ok(()),
            Some(_) => Err("an id that was told before".to_owned()),
        }
    }

    /// A rotation keeps the slot tag of the id; a sign-in under a tombstone has one in 65,536 by chance.
    fn tell_rotations(&mut self, seen: &mut Seen) -> Result<(), String> {
        let tag = |id: &str| SessionId::parse(id.as_bytes()).unwrap().store_key().tag();
        let mut doubles = Vec::new();
        for (parent, children) in &self.children {
            let same: Vec<_> = children
                .iter()
                .filter(|id| tag(id) == tag(parent))
                .collect();
            match &*same {
                [] => {}
                [one] => self.known.get_mut(**one).unwrap().rotated = true,
                _ => doubles.push(parent),
            }
            seen.rotations += u32::from(!same.is_empty());
            seen.anew += (children.len() - same.len()) as u32;
        }
        if doubles.len() > 2 {
            return Err(format!("sessions with two successors: {doubles:?}"));
        }
        Ok(())
    }

    /// The id and those whose place it took, latest first.
    fn line(&self, id: &'h str) -> Vec<&'h str> {
        let mut line = vec![id];
        let mut id = id;
        while let Some(parent) = self.known[id].parent.filter(|_| self.known[id].rotated) {
            line.push(parent);
            id = parent;
        }
        line
    }

    fn sent_on(&self, id: &str) -> impl Iterator<Item = &'h Event> {
        self.sent.get(id).into_iter().flatten().copied()
    }

    fn read(&self, read: &'h Event, seen: &mut Seen) -> Result<(), String> {
        let Some(id) = read.sent.as_deref() else {
            return Ok(());
        };
        let known = &self.known[id];
        if known.by.end > read.start {
            return Err("an id that was sent before it was told".to_owned());
        }
        let Some((user, ops)) = read
            .body
            .strip_prefix("live:")
            .and_then(|body| body.split_once(':'))
        else {
            seen.gone += 1;
            return self.may_be_gone(id, read, seen);
        };
        seen.live += 1;
        if user
            != known
                .owner
                .map_or_else(String::new, |user| user.to_string())
        {
            return Err(format!("the owner is {:?}", known.owner));
        }
        self.may_be_live(id, read)?;
        let ops: Vec<u64> = ops
            .split(',')
            .filter(|op| !op.is_empty())
            .map(|op| op.parse().unwrap())
            .collect();
        self.ops_are_right(id, read, &ops)
    }

    /// Nothing that was acknowledged before the read has ended this session. S3: a revocation ends also what a sign-in
    /// makes that came in before it, and was answered after it.
    fn may_be_live(&self, id: &'h str, read: &Event) -> Result<(), String> {
        let known = &self.known[id];
        for child in self.children.get(id).into_iter().flatten() {
            if self.known[child].by.end < read.start {
                return Err(format!("alive, and it was rotated to {child}"));
            }
        }
        let line = self.line(id);
        for ancestor in &line {
            let mut outs = self
                .sent_on(ancestor)
                .filter(|e| e.act == Act::SignOut && e.outcome == Outcome::Done);
            if let Some(out) = outs.find(|out| out.end < read.start) {
                return Err(format!("alive, and it was signed out by {out:?}"));
            }
        }
        for revocation in &self.revocations {
            let (user, by) = self.revokes(revocation);
            let excepted = by.is_some_and(|by| {
                line.contains(&by) || std::ptr::eq(self.known[by].root, known.root)
            });
            if user == known.owner
                && revocation.outcome == Outcome::Done
                && !excepted
                && known.root.entered < revocation.entered
                && revocation.end < read.start
            {
                return Err(format!("alive, and it was revoked by {revocation:?}"));
            }
        }
        Ok(())
    }

    /// Whose sessions a revocation ends, and the one that it spares.
    fn revokes(&self, revocation: &'h Event) -> (Option<u64>, Option<&'h str>) {
        match (revocation.act, revocation.sent.as_deref()) {
            (Act::Revoke(user), _) => (Some(user), None),
            (_, Some(by)) => (self.known[by].owner, Some(by)),
            _ => (None, None),
        }
    }

    /// There is a request that may have ended this session before the read was answered.
    fn may_be_gone(&self, id: &'h str, read: &Event, seen: &mut Seen) -> Result<(), String> {
        let known = &self.known[id];
        let moved = self.sent_on(id).any(|e| {
            e.start < read.end
                && matches!(e.act, Act::Rotate | Act::SignIn(_))
                && (matches!(e.told, Told::Id(_)) || e.outcome == Outcome::Unknown)
        });
        if moved {
            return Ok(());
        }
        let mut ancestor = Some(id);
        while let Some(one) = ancestor {
            if self.sent_on(one).any(|e| {
                e.act == Act::SignOut && e.outcome != Outcome::Refused && e.start < read.end
            }) {
                seen.ended += 1;
                return Ok(());
            }
            ancestor = self.known[one].parent;
        }
        let revoked = self.revocations.iter().any(|revocation| {
            let (user, by) = self.revokes(revocation);
            user.is_some()
                && user == known.owner
                && by != Some(id)
                && revocation.start < read.end
                && (revocation.end > known.root.start || revocation.outcome == Outcome::Unknown)
        });
        if revoked {
            seen.ended += 1;
            return Ok(());
        }
        Err("dead, and nobody ended it".to_owned())
    }

    /// C1, C2: everything that was acknowledged is there, once; and nothing else but what is unknown or under way.
    fn ops_are_right(&self, id: &'h str, read: &Event, ops: &[u64]) -> Result<(), String> {
        let known = &self.known[id];
        let set: HashSet<u64> = ops.iter().copied().collect();
        if set.len() != ops.len() {
            return Err("a write that was applied twice".to_owned());
        }
        for op in ops {
            let write = self.ops.get(op).ok_or("a write that nobody made")?;
            if write.browser != read.browser {
                return Err(format!("a write of another browser: {write:?}"));
            }
            if write.outcome == Outcome::Refused || write.start > read.end {
                return Err(format!("a write that was refused: {write:?}"));
            }
            let landed = match (&write.told, write.sent.as_deref()) {
                (Told::Id(id), _) => Some(id.as_str()),
                (_, sent) => sent.filter(|_| write.act == Act::Push),
            };
            let owner = landed.and_then(|id| self.known[id].owner);
            if owner.is_some() && owner != known.owner {
                return Err(format!("a write of another user: {write:?}"));
            }
        }
        for (n, ancestor) in self.line(id).iter().enumerate() {
            let of = &self.known[ancestor];
            // A change of owner wipes.
            if n > 0 && of.owner.is_some() && of.owner != known.owner {
                break;
            }
            let acknowledged = self.landed.get(ancestor).into_iter().flatten();
            if let Some(lost) = acknowledged
                .filter(|write| write.end < read.start)
                .find(|write| !set.contains(&write.op))
            {
                return Err(format!("lost an acknowledged write: {lost:?}"));
            }
        }
        Ok(())
    }

    /// What else happened to the session that was read.
    fn around(&self, read: &'h Event) -> String {
        let ids = read.sent.as_deref().map(|id| self.line(id));
        let events = ids.into_iter().flatten().flat_map(|id| {
            let made = std::iter::once(self.known[id].by);
            made.chain(self.sent_on(id))
        });
        events.map(|event| event.to_line() + "\n").collect()
    }
}
