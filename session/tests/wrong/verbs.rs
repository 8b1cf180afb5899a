//! The verbs of [`WrongStore`], each mistake in its place.

use std::sync::Arc;
use std::time::Duration;

use session::{
    CreateOutcome, Data, Header, Lifetime, Op, Over, OwnerKey, OwnerRule, ReadOutcome, Record,
    RotateOutcome, SaveOutcome, SessionHandle, SessionId, SessionInfo, SessionStore, StoreError,
    StoreKey, Swept, Timestamp, TouchOutcome, Version,
};

use super::{Mistake, WrongStore, a_moment};

impl SessionStore for WrongStore {
    async fn read(
        &self,
        op: &Op,
        key: &StoreKey,
        renew: Option<Duration>,
    ) -> Result<ReadOutcome, StoreError> {
        let mut op = *op;
        if self.is(Mistake::DoubleLifetime) {
            op.now = op.now - Duration::from_secs(3600);
        }
        let never = self.is(Mistake::ZeroIsNever);
        let renew = renew.filter(|interval| !never || *interval > Duration::ZERO);
        let before = self.current(&op, key).await;
        let outcome = self.right.read(&op, key, renew).await?;
        match (&outcome, self.mistake) {
            (ReadOutcome::Absent, Mistake::ReadCreates) => {
                let header = Header::new(op.now, Lifetime::default(), Duration::ZERO);
                let record = Arc::new(Record {
                    header,
                    data: Data::new(),
                });
                self.right
                    .create(&op, key, Arc::clone(&record), None)
                    .await?;
                return Ok(ReadOutcome::Live(record));
            }
            (ReadOutcome::Absent, Mistake::ReadDeletes) => {
                op.max_skew = Duration::ZERO;
                self.right.gc(&op, usize::MAX).await?;
            }
            (ReadOutcome::Live(read), Mistake::RenewalIsACommit)
                if before.is_some_and(|b| b.header.last_seen != read.header.last_seen) =>
            {
                let mut record = Record::clone(read);
                record.header.version = record.header.version.next();
                let record = Arc::new(record);
                let expected = read.header.version;
                self.right
                    .save(&op, key, Arc::clone(&record), expected)
                    .await?;
                return Ok(ReadOutcome::Live(record));
            }
            (ReadOutcome::Gone { .. }, Mistake::TombstoneNamesNobody) => {
                return Ok(ReadOutcome::Gone { successor: None });
            }
            _ => {}
        }
        Ok(outcome)
    }

    async fn create(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        bind: Option<OwnerRule>,
    ) -> Result<CreateOutcome, StoreError> {
        let record = self.written(op, record);
        if let Some((error, begun)) = self.refused(&record) {
            if let Some(begun) = begun {
                self.right.create(op, key, begun, bind).await?;
            }
            return Err(error);
        }
        self.see(key, &record);
        if self.is(Mistake::CreateOnce) && self.right.exists(op, key).await? {
            return Ok(CreateOutcome::Exists);
        }
        if self.is(Mistake::CreateReplaces)
            && let Some(current) = self.current(op, key).await
        {
            let version = current.header.version;
            self.right.save(op, key, record, version).await?;
            return Ok(CreateOutcome::Created);
        }
        let absent = matches!(self.right.read(op, key, None).await?, ReadOutcome::Absent);
        if self.is(Mistake::EvictFirst) || absent && self.is(Mistake::CountThenBind) {
            let (handles, refuse) = self.excess(op, &record, bind).await;
            if refuse {
                return Ok(CreateOutcome::OwnerRefused);
            }
            a_moment().await;
            self.evict(op, &record, &handles).await;
            return self.right.create(op, key, record, None).await;
        }
        self.right.create(op, key, record, bind).await
    }

    async fn save(
        &self,
        op: &Op,
        key: &StoreKey,
        record: Arc<Record>,
        mut expected: Version,
    ) -> Result<SaveOutcome, StoreError> {
        let record = self.written(op, record);
        if let Some((error, begun)) = self.refused(&record) {
            if let Some(begun) = begun {
                self.right.save(op, key, begun, expected).await?;
            }
            return Err(error);
        }
        let current = self.current(op, key).await;
        match (self.mistake, current) {
            (Mistake::NoVersionCheckInSave, Some(current)) => expected = current.header.version,
            (Mistake::CheckThenWrite, Some(current)) if current.header.version == expected => {
                a_moment().await;
                expected = self.version(op, key, expected).await;
            }
            (Mistake::HeaderThenData, Some(current)) if current.header.version == expected => {
                let mut half = Record::clone(&record);
                half.data = current.data.clone();
                expected = half.header.version;
                let version = current.header.version;
                self.right.save(op, key, Arc::new(half), version).await?;
                a_moment().await;
            }
            _ => {}
        }
        let outcome = self
            .right
            .save(op, key, Arc::clone(&record), expected)
            .await?;
        Ok(match (outcome, self.mistake) {
            (SaveOutcome::Gone, Mistake::UpsertInSave) => {
                let version = record.header.version;
                match self.right.create(op, key, record, None).await? {
                    CreateOutcome::Created => SaveOutcome::Saved(version),
                    _ => SaveOutcome::Gone,
                }
            }
            (SaveOutcome::Conflict(_), Mistake::StaleConflict) => SaveOutcome::Conflict(record),
            (outcome, _) => outcome,
        })
    }

    async fn rotate(
        &self,
        op: &Op,
        old: &StoreKey,
        new: &StoreKey,
        record: Arc<Record>,
        mut expected: Version,
        mut bind: Option<OwnerRule>,
    ) -> Result<RotateOutcome, StoreError> {
        let op = &self.with_grace(op);
        let record = self.written(op, record);
        if let Some((error, begun)) = self.refused(&record) {
            if begun.is_some() {
                self.right.destroy(op, old).await?;
            }
            return Err(error);
        }
        if self.is(Mistake::ListThenEnd) {
            self.see(new, &record);
        }
        if let Some(first) = self
            .seen(old)
            .filter(|_| self.is(Mistake::AbsoluteOfCreation))
        {
            self.see(new, &first);
        }
        let version = record.header.version;
        let current = self.current(op, old).await;
        let is_due = current.is_some_and(|current| current.header.version == expected);
        match self.mistake {
            Mistake::DeleteThenCreate if is_due => {
                self.right.destroy(op, old).await?;
                a_moment().await;
                self.right.create(op, new, record, bind).await?;
                return Ok(RotateOutcome::Saved(version));
            }
            Mistake::CreateThenDelete if is_due => {
                self.right.create(op, new, record, bind).await?;
                a_moment().await;
                self.right.destroy(op, old).await?;
                return Ok(RotateOutcome::Saved(version));
            }
            Mistake::NoVersionCheckInRotate => expected = self.version(op, old, expected).await,
            Mistake::RotateOnto if self.right.exists(op, new).await? => {
                let standing = self.version(op, new, expected).await;
                self.right.save(op, new, record, standing).await?;
                self.right.destroy(op, old).await?;
                return Ok(RotateOutcome::Saved(version));
            }
            Mistake::RotateOnce if self.right.exists(op, new).await? => {
                return Ok(RotateOutcome::Gone);
            }
            Mistake::EvictFirst => {
                let (handles, refuse) = self.excess(op, &record, bind.take()).await;
                if refuse {
                    return Ok(RotateOutcome::OwnerRefused);
                }
                self.evict(op, &record, &handles).await;
            }
            Mistake::OwnerFirst if !self.right.exists(op, old).await? => {
                let aside = SessionId::generate().unwrap().store_key();
                let refuse = bind.filter(|rule| rule.over == Over::Refuse);
                let probe = Arc::clone(&record);
                match self.right.create(op, &aside, probe, refuse).await? {
                    CreateOutcome::OwnerRefused => return Ok(RotateOutcome::OwnerRefused),
                    CreateOutcome::OwnerRevoked => return Ok(RotateOutcome::OwnerRevoked),
                    _ => drop(self.right.destroy(op, &aside).await?),
                }
            }
            _ => {}
        }
        self.right
            .rotate(op, old, new, record, expected, bind)
            .await
    }

    async fn touch(
        &self,
        op: &Op,
        key: &StoreKey,
        mut expected: Version,
        idle_deadline: Timestamp,
    ) -> Result<TouchOutcome, StoreError> {
        if self.is(Mistake::NoVersionCheckInTouch) {
            expected = self.version(op, key, expected).await;
        }
        let outcome = self.right.touch(op, key, expected, idle_deadline).await?;
        if outcome == TouchOutcome::Touched {
            self.stretch(op, key, idle_deadline).await?;
        }
        if self.is(Mistake::ReviveInTouch)
            && outcome == TouchOutcome::Gone
            && let Some(record) = self.seen(key)
        {
            let mut record = Record::clone(&record);
            record.header.idle_deadline = idle_deadline;
            let outcome = self.right.create(op, key, Arc::new(record), None).await?;
            if outcome == CreateOutcome::Created {
                return Ok(TouchOutcome::Touched);
            }
        }
        Ok(outcome)
    }

    async fn destroy(&self, op: &Op, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let mut op = self.with_grace(op);
        if self.is(Mistake::NoTombstone) {
            op.grace = Duration::ZERO;
        }
        let successor = self.right.destroy(&op, key).await?;
        Ok(successor.filter(|_| !self.is(Mistake::NoSuccessor)))
    }

    async fn exists(&self, op: &Op, key: &StoreKey) -> Result<bool, StoreError> {
        let mut op = *op;
        if self.is(Mistake::ExpiredExists) {
            op.now = op.now - Duration::from_secs(3600);
        }
        self.right.exists(&op, key).await
    }

    async fn gc(&self, op: &Op, budget: usize) -> Result<Swept, StoreError> {
        let mut op = *op;
        match self.mistake {
            Mistake::NoSkewInGc => op.max_skew = Duration::ZERO,
            Mistake::UnboundedGc => return self.right.gc(&op, usize::MAX).await,
            Mistake::IdleGc => return Ok(Swept::default()),
            _ => {}
        }
        self.right.gc(&op, budget).await
    }

    async fn sessions_of(&self, op: &Op, owner: &OwnerKey) -> Result<Vec<SessionInfo>, StoreError> {
        match self.mistake {
            Mistake::DeadInSet => {
                let seen = |key: &StoreKey| self.seen(key);
                let records = self.keys_of(owner).into_iter().filter_map(|key| seen(&key));
                let mut infos: Vec<_> = records.map(|r| SessionInfo::of(&r.header)).collect();
                infos.sort_by_key(|info| info.created);
                Ok(infos)
            }
            Mistake::SetOutOfStep => {
                let mut infos = Vec::new();
                for key in self.keys_of(owner) {
                    let record = self.current(op, &key).await;
                    infos.extend(record.map(|record| SessionInfo::of(&record.header)));
                }
                infos.sort_by_key(|info| info.created);
                Ok(infos)
            }
            _ => self.right.sessions_of(op, owner).await,
        }
    }

    async fn destroy_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        handle: SessionHandle,
    ) -> Result<bool, StoreError> {
        if self.is(Mistake::HandleOfAnyOwner) {
            let seen = self.seen.lock().unwrap().clone();
            let mut found = seen.iter().filter(|(_, r)| r.header.handle == handle);
            if let Some((key, _)) = found.next()
                && self.right.exists(op, key).await?
            {
                self.right.destroy(op, key).await?;
                return Ok(true);
            }
        }
        self.right.destroy_of(op, owner, handle).await
    }

    async fn destroy_all_of(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        self.revoke(op, owner, except).await
    }
}
