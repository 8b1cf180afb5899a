//! How the sessions that a set names end.

use session::{OwnerKey, StoreError};

use super::Field;
use super::all::all;
use crate::redis::call::{Again, Verb};
use crate::redis::name::key_of;
use crate::redis::script;

/// What stood under a field that was to end.
pub(super) enum End {
    /// A session that lived.
    Ended,
    /// The tombstone of one that has moved.
    Moved(Field),
    Nothing,
}

impl Verb<'_> {
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
            "moved" => match (&*reply.bytes()).try_into() {
                Ok(to) => End::Moved(to),
                Err(_) => End::Nothing,
            },
            _ => End::Nothing,
        })
    }
}
