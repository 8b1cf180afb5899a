//! The steps that the verbs are made of.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use session::{
    Header, Over, OwnerKey, OwnerRule, Record, StoreError, StoreErrorKind, StoreKey, Timestamp,
};
use tokio::time::sleep;

use crate::redis::call::{Again, Reply, Verb};
use crate::redis::name::{FIELD, field, key_of};
use crate::redis::script;

/// So many calls are under way at once.
const AT_ONCE: usize = 32;
/// How long a sign-in waits for others of the same owner that are on their way.
const WAIT: Duration = Duration::from_millis(10);

pub(super) type Field = [u8; FIELD];

/// A session that stands in its owner's set.
pub(super) struct Entered<'a> {
    owner: &'a OwnerKey,
    field: Field,
    /// Whether it was not in there before.
    fresh: bool,
    /// Who has to go for it.
    claimed: Vec<Field>,
}

pub(super) enum Entry<'a> {
    Entered(Entered<'a>),
    Refused,
    Revoked,
}

/// What stands under a field of a set.
enum Info {
    Live(Header),
    /// Dead for this caller only, or unreadable: it stays in the set, and does not count.
    Aside,
    Absent,
}

/// What stood under a field that was to end.
pub(super) enum End {
    /// A session that lived.
    Ended,
    /// The tombstone of one that has moved.
    Moved(Field),
    Nothing,
}

impl Verb<'_> {
    /// Enters the session that `record` will be under `key` into its owner's set. `None`: it has no owner.
    pub(super) async fn enter<'r>(
        &self,
        key: &StoreKey,
        instead_of: &StoreKey,
        record: &'r Record,
        bind: Option<OwnerRule>,
    ) -> Result<Option<Entry<'r>>, StoreError> {
        let header = &record.header;
        let Some(owner) = header.owner.as_ref().map(|owner| &owner.key) else {
            return Ok(None);
        };
        let names = &self.engine.names;
        let (set, revoked) = (names.owner(owner), names.revoked(owner));
        let (field, instead_of) = (field(key), field(instead_of));
        let millis = |at: Timestamp| at.as_millis().to_string();
        let times = [
            millis(header.created),
            millis(header.absolute_deadline),
            millis(header.authenticated_at),
        ];
        let max = bind.map_or_else(String::new, |rule| rule.max.to_string());
        let (mut claimed, mut aside, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let fields = [&claimed, &aside, &gone].map(|fields: &Vec<Field>| fields.concat());
            let args: [&[u8]; 9] = [
                &field,
                &instead_of,
                times[0].as_bytes(),
                times[1].as_bytes(),
                times[2].as_bytes(),
                max.as_bytes(),
                &fields[0],
                &fields[1],
                &fields[2],
            ];
            let mut reply = self
                .run(&script::ENTER, &[&set, &revoked], &args, Again::Harmless)
                .await?;
            match reply.status()? {
                "entered" => {
                    return Ok(Some(Entry::Entered(Entered {
                        owner,
                        field,
                        fresh: reply.number() == 1,
                        claimed,
                    })));
                }
                "revoked" => return Ok(Some(Entry::Revoked)),
                "full" => {}
                _ => return Err(reply.unexpected()),
            }
            let Some(rule) = bind else {
                return Err(reply.unexpected());
            };
            // The set is full of names: who of them lives?
            let others = aged_fields(&mut reply);
            let infos = self.infos(owner, &others).await?;
            (claimed, aside, gone) = (Vec::new(), Vec::new(), Vec::new());
            let (mut live, mut on_their_way) = (Vec::new(), 0);
            for ((other, old), info) in others.into_iter().zip(infos) {
                match info {
                    Info::Live(header) => live.push((header.created, other)),
                    Info::Absent if !old => on_their_way += 1,
                    Info::Absent => {
                        aside.push(other);
                        gone.push(other);
                    }
                    Info::Aside => aside.push(other),
                }
            }
            let excess = (live.len() + on_their_way + 1).saturating_sub(rule.max.get() as usize);
            if rule.over == Over::Refuse && excess > 0 {
                return Ok(Some(Entry::Refused));
            }
            if excess > live.len() {
                if self.rest() < WAIT {
                    return Err(StoreError::from_kind(StoreErrorKind::Timeout));
                }
                sleep(WAIT).await;
                continue;
            }
            live.sort_by_key(|(created, _)| *created);
            claimed.extend(live[..excess].iter().map(|(_, other)| *other));
        }
    }

    /// What follows once it is known whether the record was stored. Nothing of it can undo the verb: what fails is left
    /// to the next one that reads the set.
    pub(super) async fn settle(
        &self,
        entered: Option<Entered<'_>>,
        stored: bool,
        former: Option<OwnerKey>,
        former_field: &Field,
    ) {
        let owner = entered.as_ref().map(|entered| *entered.owner);
        let mut leaving = Vec::new();
        if let Some(entered) = entered {
            if !stored {
                let field = if entered.fresh {
                    &entered.field[..]
                } else {
                    &[]
                };
                if entered.fresh || !entered.claimed.is_empty() {
                    let kept = entered.claimed.concat();
                    self.leave(entered.owner, field, &kept).await;
                }
                return;
            }
            // One that has moved on meanwhile stays: it may have signed in by that, and this session goes for it.
            let mut ends = Vec::new();
            for field in &entered.claimed {
                ends.push(self.end(entered.owner, field, b"", Again::Harmless));
            }
            if all(ends).await.iter().all(Result::is_ok) {
                leaving = entered.claimed;
            }
        }
        if let Some(former) = former {
            if Some(former) == owner {
                leaving.push(*former_field);
            } else {
                self.leave(&former, former_field, &[]).await;
            }
        }
        if let Some(owner) = owner
            && !leaving.is_empty()
        {
            self.leave(&owner, &leaving.concat(), &[]).await;
        }
    }

    /// Tidies a set. Whoever reads it verifies what it names, so that a failure costs no more than that.
    pub(super) async fn leave(&self, owner: &OwnerKey, leaving: &[u8], unclaimed: &[u8]) {
        let set = self.engine.names.owner(owner);
        let args = [leaving, unclaimed];
        let _ = self
            .run(&script::LEAVE, &[&set], &args, Again::Harmless)
            .await;
    }

    /// Ends what stands under these fields, and what that has moved on to since they were listed, but nothing that is
    /// spared or somebody else's. How many lived, and under which fields nothing lives now.
    pub(super) async fn end_all(
        &self,
        owner: &OwnerKey,
        fields: &[Field],
        spared: Option<Field>,
    ) -> Result<(u64, Vec<Field>), StoreError> {
        let mut ends = Vec::new();
        for field in fields {
            ends.push(self.end_chain(owner, *field, spared));
        }
        let (mut lived, mut ended) = (0, Vec::new());
        for one in all(ends).await {
            let (did, fields) = one?;
            lived += u64::from(did);
            ended.extend(fields);
        }
        Ok((lived, ended))
    }

    async fn end_chain(
        &self,
        owner: &OwnerKey,
        from: Field,
        spared: Option<Field>,
    ) -> Result<(bool, Vec<Field>), StoreError> {
        let (mut ended, mut next) = (Vec::new(), Some(from));
        while let Some(field) = next.filter(|field| spared != Some(*field)) {
            ended.push(field);
            match self.end(owner, &field, b"", Again::Harmless).await? {
                End::Ended => return Ok((true, ended)),
                End::Moved(to) => next = Some(to),
                End::Nothing => break,
            }
        }
        Ok((false, ended))
    }

    /// Ends the session under a field: the one with this handle, or whichever it is.
    pub(super) async fn end(
        &self,
        owner: &OwnerKey,
        field: &Field,
        handle: &[u8],
        again: Again,
    ) -> Result<End, StoreError> {
        let Some(key) = key_of(field) else {
            return Ok(End::Nothing);
        };
        let name = self.engine.names.record(&key);
        let args: [&[u8]; 2] = [owner.as_bytes(), handle];
        let mut reply = self.run(&script::END, &[&name], &args, again).await?;
        Ok(match reply.status()? {
            "ended" => End::Ended,
            "moved" => match reply.bytes().try_into() {
                Ok(to) => End::Moved(to),
                Err(_) => End::Nothing,
            },
            _ => End::Nothing,
        })
    }

    /// The live sessions of a set. Those that are gone leave it.
    pub(super) async fn live_of(
        &self,
        owner: &OwnerKey,
    ) -> Result<Vec<(Field, Header)>, StoreError> {
        let set = self.engine.names.owner(owner);
        let mut reply = self
            .run(&script::MEMBERS, &[&set], &[], Again::Harmless)
            .await?;
        let members = aged_fields(&mut reply);
        let infos = self.infos(owner, &members).await?;
        let (mut live, mut gone) = (Vec::new(), Vec::new());
        for ((field, old), info) in members.into_iter().zip(infos) {
            match info {
                Info::Live(header) => live.push((field, header)),
                Info::Absent if old => gone.push(field),
                Info::Absent | Info::Aside => {}
            }
        }
        if !gone.is_empty() {
            self.leave(owner, &gone.concat(), &[]).await;
        }
        Ok(live)
    }

    async fn infos(
        &self,
        owner: &OwnerKey,
        fields: &[(Field, bool)],
    ) -> Result<Vec<Info>, StoreError> {
        let mut infos = Vec::new();
        for (field, _) in fields {
            infos.push(self.info(owner, field));
        }
        all(infos).await.into_iter().collect()
    }

    async fn info(&self, owner: &OwnerKey, field: &Field) -> Result<Info, StoreError> {
        let Some(key) = key_of(field) else {
            return Ok(Info::Absent);
        };
        let name = self.engine.names.record(&key);
        let args: [&[u8]; 1] = [owner.as_bytes()];
        let mut reply = self
            .run(&script::INFO, &[&name], &args, Again::Harmless)
            .await?;
        Ok(match reply.status()? {
            "live" => match Header::from_bytes(&reply.bytes()) {
                Ok(header) => Info::Live(header),
                Err(_) => Info::Aside,
            },
            "absent" => Info::Absent,
            _ => Info::Aside,
        })
    }
}

/// Fields, and of each whether it was entered so long ago that its record is no longer on its way.
fn aged_fields(reply: &mut Reply) -> Vec<(Field, bool)> {
    let listed: Vec<_> = reply.list().collect();
    let pairs = listed.chunks_exact(2);
    pairs
        .filter_map(|pair| Some((pair[0].as_slice().try_into().ok()?, pair[1] == b"old")))
        .collect()
}

/// Waits for all, a few at once, and gives their answers in order.
pub(in crate::redis) async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures = futures.into_iter().peekable();
    let mut answers = Vec::new();
    while futures.peek().is_some() {
        let mut batch: Vec<_> = futures
            .by_ref()
            .take(AT_ONCE)
            .map(|f| (Box::pin(f), None))
            .collect();
        std::future::poll_fn(|context| {
            let mut ready = true;
            for (future, answer) in &mut batch {
                if answer.is_none() {
                    match Pin::new(future).poll(context) {
                        Poll::Ready(output) => *answer = Some(output),
                        Poll::Pending => ready = false,
                    }
                }
            }
            if ready {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        answers.extend(batch.into_iter().filter_map(|(_, answer)| answer));
    }
    answers
}
