//! `destroy_all_of` of a [`WrongStore`].

use session::{Op, OwnerKey, SessionStore, StoreError, StoreKey};

use super::{Mistake, WrongStore, a_moment};

impl WrongStore {
    pub(super) async fn revoke(
        &self,
        op: &Op,
        owner: &OwnerKey,
        except: Option<&StoreKey>,
    ) -> Result<u64, StoreError> {
        let excepted = match except {
            Some(key) => self.current(op, key).await,
            None => None,
        };
        let excepted = excepted.map(|record| record.header.handle);
        let infos = self.right.sessions_of(op, owner).await?;
        let mut destroyed = 0;
        match self.mistake {
            Mistake::NoNotBefore => {
                for info in infos.iter().filter(|info| Some(info.handle) != excepted) {
                    destroyed += u64::from(self.right.destroy_of(op, owner, info.handle).await?);
                }
            }
            Mistake::ListThenEnd if except.is_none() => {
                let mut left = None;
                for key in self.keys_of(owner) {
                    let record = self.current(op, &key).await;
                    let version = record.map(|record| record.header.version.to_bytes()[8]);
                    left = left.max(version.map(|counter| (counter, key)));
                }
                let left = left.map(|(_, key)| key);
                // The one that has changed most is left, and stamped as if another call excepted it meanwhile.
                destroyed = self.right.destroy_all_of(op, owner, left.as_ref()).await?;
                if let Some(key) = left {
                    a_moment().await;
                    destroyed += u64::from(self.right.exists(op, &key).await?);
                    self.right.destroy(op, &key).await?;
                }
            }
            Mistake::ExceptedAsItWas if except.is_some() => {
                for info in infos.iter().filter(|info| Some(info.handle) != excepted) {
                    destroyed += u64::from(self.right.destroy_of(op, owner, info.handle).await?);
                }
            }
            Mistake::SetOutOfStep => {
                for key in self.keys_of(owner) {
                    if except != Some(&key) && self.right.exists(op, &key).await? {
                        self.right.destroy(op, &key).await?;
                        destroyed += 1;
                    }
                }
            }
            _ => destroyed = self.right.destroy_all_of(op, owner, except).await?,
        }
        Ok(destroyed)
    }
}
