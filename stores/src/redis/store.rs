//! The verbs on a single node, each one script.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Header, Over, OwnerKey, OwnerRule, ReadOutcome, Record, RotateOutcome,
    SaveOutcome, SessionHandle, SessionInfo, StoreError, StoreKey, Timestamp, TouchOutcome,
    Version,
};

use super::call::{Again, Verb, millis};
use super::name::{field, key_of};
use super::reply::Reply;
use super::script;

/// A rule as scripts take it: how many at most, and what then.
fn rule(bind: Option<OwnerRule>) -> (String, &'static [u8]) {
    match bind {
        None => (String::new(), b""),
        Some(OwnerRule { max, over }) => match over {
            Over::Evict => (max.to_string(), b"evict"),
            Over::Refuse => (max.to_string(), b"refuse"),
        },
    }
}

pub(super) fn created(reply: &Reply) -> Result<CreateOutcome, StoreError> {
    Ok(match reply.status()? {
        "created" => CreateOutcome::Created,
        "exists" => CreateOutcome::Exists,
        "gone" => CreateOutcome::Gone,
        "refused" => CreateOutcome::OwnerRefused,
        "revoked" => CreateOutcome::OwnerRevoked,
        _ => return Err(reply.unexpected()),
    })
}

impl Verb<'_> {
    fn version(reply: &mut Reply) -> Result<Version, StoreError> {
        let bytes = (&*reply.bytes()).try_into();
        bytes
            .map(Version::from_bytes)
            .map_err(|_| reply.unexpected())
    }

    pub(super) fn rotated(
        &self,
        old: &StoreKey,
        reply: &mut Reply,
    ) -> Result<RotateOutcome, StoreError> {
        Ok(match reply.status()? {
            "saved" => RotateOutcome::Saved(Self::version(reply)?),
            "conflict" => match self.engine.record(old, reply.bytes())? {
                Some(current) => RotateOutcome::Conflict(Arc::new(current)),
                None => RotateOutcome::Gone,
            },
            "gone" => RotateOutcome::Gone,
            "refused" => RotateOutcome::OwnerRefused,
            "revoked" => RotateOutcome::OwnerRevoked,
            _ => return Err(reply.unexpected()),
        })
    }

    pub(super) async fn read(
        &self,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        let interval = renew.map(|interval| millis(interval).to_le_bytes());
        let interval = interval.as_ref().map_or(&[][..], |interval| interval);
        let name = self.engine.names.record(key);
        let args = [interval];
        let mut reply = self
            .run(&script::READ, &[&name], &args, Again::Harmless)
            .await?;
        Ok(match reply.status()? {
            "live" => match self.engine.record(key, reply.bytes())? {
                Some(record) => ReadOutcome::Live(Arc::new(record)),
                None => ReadOutcome::Damaged,
            },
            "gone" => ReadOutcome::Gone {
                successor: key_of(&reply.bytes()),
            },
            "absent" => ReadOutcome::Absent,
            "damaged" => ReadOutcome::Damaged,
            _ => return Err(reply.unexpected()),
        })
    }

    pub(super) async fn create(
        &self,
        key: &StoreKey,
        record: &Record,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let names = &self.engine.names;
        let owner = record.header.owner.as_ref().map(|owner| &owner.key);
        let owner = owner.map(|owner| [names.owner(owner), names.revoked(owner)]);
        let value = self.engine.value(key, record)?;
        created(&self.create_record(key, &value, owner, bind).await?)
    }

    /// The script that makes a record; where it may reach the owner, it binds the session too.
    pub(super) async fn create_record(
        &self,
        key: &StoreKey,
        value: &[u8],
        owner: Option<[String; 2]>,
        bind: Option<OwnerRule>,
    ) -> Result<Reply, StoreError> {
        let field = field(key);
        let (max, over) = rule(bind);
        let args: [&[u8]; 4] = [value, &field, max.as_bytes(), over];
        let mut keys = vec![self.engine.names.record(key)];
        keys.extend(owner.into_iter().flatten());
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        self.run(&script::CREATE, &keys, &args, Again::Harmless)
            .await
    }

    pub(super) async fn save(
        &self,
        key: &StoreKey,
        mut record: Arc<Record>,
        expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        let name = self.engine.names.record(key);
        loop {
            let value = self.engine.value(key, &record)?;
            let args: [&[u8]; 2] = [&value, &expected.to_bytes()];
            let mut reply = self
                .run(&script::SAVE, &[&name], &args, Again::Never)
                .await?;
            match reply.status()? {
                "saved" => return Ok(SaveOutcome::Saved(record.header.version)),
                "conflict" => {
                    return Ok(match self.engine.record(key, reply.bytes())? {
                        Some(current) => SaveOutcome::Conflict(Arc::new(current)),
                        None => SaveOutcome::Gone,
                    });
                }
                "gone" => return Ok(SaveOutcome::Gone),
                // Nothing was stored: a save does not change the owner, and the data may be sealed with it.
                "owner" => match self.engine.record(key, reply.bytes())? {
                    Some(current) if current.header.owner != record.header.owner => {
                        Arc::make_mut(&mut record).header.owner = current.header.owner;
                    }
                    Some(_) => return Err(reply.unexpected()),
                    None => return Ok(SaveOutcome::Gone),
                },
                _ => return Err(reply.unexpected()),
            }
        }
    }

    pub(super) async fn rotate(
        &self,
        keys: (&StoreKey, &StoreKey),
        record: &Record,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let names = &self.engine.names;
        let owner = record.header.owner.as_ref().map(|owner| &owner.key);
        let owner = owner.map(|owner| [names.owner(owner), names.revoked(owner)]);
        let value = self.engine.value(keys.1, record)?;
        let mut reply = self
            .rotate_record(keys, &value, expected, owner, bind)
            .await?;
        self.rotated(keys.0, &mut reply)
    }

    /// The script that moves a record; where it may reach the owner, it binds the session too.
    pub(super) async fn rotate_record(
        &self,
        (old, new): (&StoreKey, &StoreKey),
        value: &[u8],
        expected: Version,
        owner: Option<[String; 2]>,
        bind: Option<OwnerRule>,
    ) -> Result<Reply, StoreError> {
        let names = &self.engine.names;
        let (max, over) = rule(bind);
        let (old_field, new_field, expected) = (field(old), field(new), expected.to_bytes());
        let args: [&[u8]; 6] = [
            value,
            &old_field,
            &new_field,
            &expected,
            max.as_bytes(),
            over,
        ];
        let mut keys = vec![names.record(old), names.record(new)];
        keys.extend(owner.into_iter().flatten());
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        self.run(&script::ROTATE, &keys, &args, Again::Harmless)
            .await
    }

    pub(super) async fn touch(
        &self,
        key: &StoreKey,
        expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        let name = self.engine.names.record(key);
        let deadline = idle_deadline.as_millis().to_string();
        let args: [&[u8]; 2] = [&expected.to_bytes(), deadline.as_bytes()];
        let reply = self
            .run(&script::TOUCH, &[&name], &args, Again::Harmless)
            .await?;
        Ok(match reply.status()? {
            "touched" => TouchOutcome::Touched,
            "stale" => TouchOutcome::Stale,
            "gone" => TouchOutcome::Gone,
            _ => return Err(reply.unexpected()),
        })
    }

    pub(super) async fn destroy(&self, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let mut reply = self.destroy_record(key).await?;
        Ok(key_of(&reply.bytes()))
    }

    /// The script that ends a session. Answers with its successor and, in a cluster, its owner.
    pub(super) async fn destroy_record(&self, key: &StoreKey) -> Result<Reply, StoreError> {
        let name = self.engine.names.record(key);
        let reply = self
            .run(&script::DESTROY, &[&name], &[&field(key)], Again::Harmless)
            .await?;
        match reply.status()? {
            "done" => Ok(reply),
            _ => Err(reply.unexpected()),
        }
    }

    pub(super) async fn exists(&self, key: &StoreKey) -> Result<bool, StoreError> {
        let name = self.engine.names.record(key);
        let reply = self
            .run(&script::EXISTS, &[&name], &[], Again::Harmless)
            .await?;
        match reply.status()? {
            "live" => Ok(true),
            "absent" => Ok(false),
            _ => Err(reply.unexpected()),
        }
    }

    pub(super) async fn sessions_of(
        &self,
        owner: &OwnerKey,
    ) -> Result<Vec<SessionInfo>, StoreError> {
        let set = self.engine.names.owner(owner);
        let args: [&[u8]; 1] = [owner.as_bytes()];
        let mut reply = self
            .run(&script::LIST, &[&set], &args, Again::Harmless)
            .await?;
        let headers = reply.list();
        Ok(listing(headers))
    }

    pub(super) async fn destroy_of(
        &self,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        let set = self.engine.names.owner(owner);
        let args: [&[u8]; 2] = [owner.as_bytes(), &handle.to_bytes()];
        let reply = self
            .run(&script::DESTROY_OF, &[&set], &args, Again::Never)
            .await?;
        match reply.status()? {
            "ended" => Ok(true),
            "none" => Ok(false),
            _ => Err(reply.unexpected()),
        }
    }

    pub(super) async fn destroy_all_of(
        &self,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let names = &self.engine.names;
        let (set, revoked) = (names.owner(owner), names.revoked(owner));
        let spared = except.map(field);
        let spared = spared.as_ref().map_or(&[][..], |field| &field[..]);
        let version = Version::first().to_bytes();
        let args: [&[u8]; 3] = [owner.as_bytes(), spared, &version];
        let mut reply = self
            .run(
                &script::DESTROY_ALL_OF,
                &[&set, &revoked],
                &args,
                Again::Never,
            )
            .await?;
        match reply.status()? {
            "done" => Ok(reply.number()),
            _ => Err(reply.unexpected()),
        }
    }
}

/// What the headers tell, oldest first. One that cannot be read is no session.
fn listing(headers: impl Iterator<Item = Vec<u8>>) -> Vec<SessionInfo> {
    let infos = headers.filter_map(|header| Header::from_bytes(&header).ok());
    let mut infos: Vec<_> = infos.map(|header| SessionInfo::of(&header)).collect();
    infos.sort_by_key(|info| info.created);
    infos
}
