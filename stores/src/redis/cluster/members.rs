//! What the sessions that a set names are.

use session::{Header, OwnerKey, StoreError};

use super::Field;
use super::all::all;
use crate::redis::call::{Again, Verb};
use crate::redis::name::key_of;
use crate::redis::reply::Reply;
use crate::redis::script;

/// What stands under a field of a set.
pub(super) enum Info {
    Live(Header),
    /// Dead for this caller only, or unreadable: it stays in the set, and does not count.
    Aside,
    /// A tombstone: nothing is on its way any more.
    Ended,
    Absent,
}

impl Verb<'_> {
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
                Info::Ended => gone.push(field),
                Info::Absent if old => gone.push(field),
                Info::Absent | Info::Aside => {}
            }
        }
        if !gone.is_empty() {
            self.leave(owner, &gone.concat()).await;
        }
        Ok(live)
    }

    pub(super) async fn infos(
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
            "ended" => Info::Ended,
            "absent" => Info::Absent,
            _ => Info::Aside,
        })
    }
}

/// Fields, and of each whether it was entered so long ago that its record is no longer on its way.
pub(super) fn aged_fields(reply: &mut Reply) -> Vec<(Field, bool)> {
    let listed: Vec<_> = reply.list().collect();
    let pairs = listed.chunks_exact(2);
    pairs
        .filter_map(|pair| Some((pair[0].as_slice().try_into().ok()?, pair[1] == b"old")))
        .collect()
}
