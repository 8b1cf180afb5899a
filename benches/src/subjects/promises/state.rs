//! What a request knows of its session, and how it is stored.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};

use super::store::{Data, Digest, Header, Record, Store, Stored, Value, put, remove};

type Id = [u8; 32];

/// Repeated on what is actually stored.
pub type Update = Box<dyn Fn(Option<&Value>) -> Value + Send + Sync>;

pub enum Change {
    Set(&'static str, Value),
    Update(&'static str, Update),
    Push(&'static str, u64, Arc<str>),
    /// Just those that were shown.
    Take(&'static str, Vec<u64>),
}

impl Change {
    fn apply(&self, data: &mut Data) {
        match self {
            Self::Set(key, value) => put(data, key, value.clone()),
            Self::Update(key, update) => {
                let value = update(super::store::get(data, key));
                put(data, key, value);
            }
            Self::Push(key, id, text) => {
                let mut all = match super::store::get(data, key) {
                    Some(Value::Flash(all)) => Vec::clone(all),
                    _ => Vec::new(),
                };
                all.push((*id, Arc::clone(text)));
                put(data, key, Value::Flash(Arc::new(all)));
            }
            Self::Take(key, ids) => {
                let Some(Value::Flash(all)) = super::store::get(data, key) else {
                    return;
                };
                let left = all.iter().filter(|(id, _)| !ids.contains(id));
                let left: Vec<_> = left.cloned().collect();
                if left.is_empty() {
                    remove(data, key);
                } else {
                    put(data, key, Value::Flash(Arc::new(left)));
                }
            }
        }
    }
}

#[derive(Default)]
pub struct State {
    is_loaded: bool,
    base: Option<(Digest, Arc<Record>)>,
    changes: Vec<Change>,
    draft: Option<Data>,
    rotates: bool,
    issued: Option<Id>,
}

impl State {
    pub fn data(&self) -> Option<&Data> {
        let base = self.base.as_ref().map(|(_, record)| &record.data);
        self.draft.as_ref().or(base)
    }

    pub fn change(&mut self, change: Change) {
        let base = self.base.as_ref().map(|(_, record)| &record.data);
        let draft = self
            .draft
            .get_or_insert_with(|| base.cloned().unwrap_or_default());
        change.apply(draft);
        self.changes.push(change);
    }

    pub fn rotate(&mut self) {
        self.rotates = self.base.is_some();
    }
}

/// The session of a request. Clones share it.
pub struct Current {
    store: Arc<Store>,
    arrived: u64,
    state: Mutex<State>,
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        since.as_secs() * 1000 + u64::from(since.subsec_millis())
    })
}

impl Current {
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            arrived: now(),
            state: Mutex::default(),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn load(&self, headers: &HeaderMap) {
        if self.state().is_loaded {
            return;
        }
        let id = headers.get_all(header::COOKIE).iter().find_map(find);
        let found = id.and_then(|id| {
            let digest = Sha256::digest(id).into();
            Some((digest, self.store.read(&digest, self.arrived)?))
        });
        let mut state = self.state();
        state.is_loaded = true;
        state.base = found;
    }

    /// Stores what was changed. `false`: the session has gone meanwhile.
    fn commit(&self) -> bool {
        let mut state = self.state();
        let state = &mut *state;
        if state.changes.is_empty() && !state.rotates {
            return true;
        }
        let now = now();
        let mut data = state.draft.take().unwrap_or_default();
        let Some((digest, mut base)) = state.base.take() else {
            let id: Id = rand::random();
            let header = Header::new(now);
            let record = Arc::new(Record { header, data });
            let done = self.store.create(Sha256::digest(id).into(), record, now);
            state.issued = done.then_some(id);
            return done;
        };
        if state.changes.is_empty() {
            data = Arc::clone(&base.data);
        }
        loop {
            let header = base.header.next();
            let version = base.header.version;
            let record = Arc::new(Record { header, data });
            let stored = if state.rotates {
                let id: Id = rand::random();
                state.issued = Some(id);
                let keys = (&digest, Sha256::digest(id).into());
                self.store.rotate(keys, record, version, now)
            } else {
                self.store.save(&digest, record, version, now)
            };
            match stored {
                Stored::Saved => return true,
                Stored::Gone => return false,
                Stored::Conflict(current) => {
                    data = Arc::clone(&current.data);
                    for change in &state.changes {
                        change.apply(&mut data);
                    }
                    base = current;
                }
            }
        }
    }

    /// Stores, and tells client and caches. `false`: the session has gone meanwhile.
    pub fn finish(&self, headers: &mut HeaderMap) -> bool {
        if !self.state().is_loaded {
            return true;
        }
        let done = self.commit();
        let mut state = self.state();
        if let (Some(id), true) = (state.issued.take(), done) {
            headers.append(header::SET_COOKIE, cookie(&id));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        } else if !headers.contains_key(header::CACHE_CONTROL) {
            let owned = state.base.as_ref();
            let owned = owned.is_some_and(|(_, record)| record.header.owner.is_some());
            let value = if owned {
                "no-store"
            } else {
                "private, no-cache"
            };
            headers.append(header::CACHE_CONTROL, HeaderValue::from_static(value));
        }
        let mut said = headers.get_all(header::VARY).iter();
        if !said.any(|value| value.as_bytes() == b"cookie") {
            headers.append(header::VARY, HeaderValue::from_static("cookie"));
        }
        done
    }
}

fn find(cookies: &HeaderValue) -> Option<Id> {
    let mut pairs = cookies.as_bytes().split(|byte| *byte == b';');
    let text = pairs.find_map(|pair| pair.trim_ascii_start().strip_prefix(b"__Host-id="))?;
    let mut id = [0; 32];
    (text.len() == 43 && URL_SAFE_NO_PAD.decode_slice(text, &mut id) == Ok(32)).then_some(id)
}

fn cookie(id: &Id) -> HeaderValue {
    const NAME: &[u8] = b"__Host-id=";
    const REST: &[u8] = b"; Path=/; HttpOnly; Secure; SameSite=Lax";
    const LEN: usize = NAME.len() + 43 + REST.len();
    let mut cookie = [0; LEN];
    cookie[..NAME.len()].copy_from_slice(NAME);
    let _ = URL_SAFE_NO_PAD.encode_slice(id, &mut cookie[NAME.len()..LEN - REST.len()]);
    cookie[LEN - REST.len()..].copy_from_slice(REST);
    HeaderValue::from_bytes(&cookie).expect("visible ASCII")
}
