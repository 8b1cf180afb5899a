//! What a process that is killed had announced and confirmed, and whether it holds.

use std::collections::HashMap;
use std::sync::Arc;

use session::{ReadOutcome, RotateOutcome, SaveOutcome, SessionStore, StoreKey};

use super::*;

/// Announces each operation before it, and confirms it after it.
pub async fn write_until_killed(store: &impl SessionStore) {
    for n in 0u64.. {
        let (key, moved) = (new_key(), new_key());
        let (from, to) = (key_text(&key), key_text(&moved));
        let first = Arc::new(if n % 2 == 0 { owned(n) } else { record(n) });
        say(&format!("try create {from} {n}"));
        store
            .create(&op(), &key, Arc::clone(&first), None)
            .await
            .unwrap();
        say(&format!("did create {from} {n}"));

        let second = next(&first, n + 1000);
        say(&format!("try save {from} {}", n + 1000));
        let saved = store
            .save(&op(), &key, Arc::clone(&second), first.header.version)
            .await;
        assert!(matches!(saved.unwrap(), SaveOutcome::Saved(_)));
        say(&format!("did save {from} {}", n + 1000));

        say(&format!("try rotate {from} {to}"));
        let third = next(&second, n + 1000);
        let rotated = store
            .rotate(&op(), &key, &moved, third, second.header.version, None)
            .await;
        assert!(matches!(rotated.unwrap(), RotateOutcome::Saved(_)));
        say(&format!("did rotate {from} {to}"));

        if n % 3 == 0 {
            say(&format!("try destroy {to} -"));
            store.destroy(&op(), &moved).await.unwrap();
            say(&format!("did destroy {to} -"));
        }
        say("try count - -");
        increment(store, &counter()).await;
        say("did count - -");
    }
}

/// What the workers of one round said.
#[derive(Debug, Default)]
pub struct Said {
    /// What each session holds, or that it is dead.
    sure: HashMap<String, Option<u64>>,
    /// What it may hold instead, as its worker was killed before it could confirm.
    pub maybe: HashMap<String, Option<u64>>,
    /// Rotations that were under way: exactly one of the two keys lives.
    pub moving: Vec<(String, String)>,
    /// Increments of the counter: confirmed, and announced.
    pub counted: u64,
    pub begun: u64,
    pub confirmed: u64,
}

impl Said {
    /// Hears one worker out. Its last line may have been cut.
    pub fn hear(&mut self, text: &str) {
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut last = None;
        for line in whole.lines() {
            let Some(at) = line.find("try ").or(line.find("did ")) else {
                continue;
            };
            let words: Vec<_> = line[at..].split(' ').collect();
            let [word, verb, key, value] = words[..] else {
                panic!("{line}");
            };
            self.begun += u64::from((word, verb) == ("try", "count"));
            if word == "did" {
                self.confirmed += 1;
                self.confirm(verb, key, value);
                last = None;
            } else {
                last = Some((verb, key, value));
            }
        }
        match last {
            Some(("create" | "save", key, value)) => {
                self.maybe
                    .insert(key.to_owned(), Some(value.parse().unwrap()));
            }
            Some(("destroy", key, _)) => {
                self.maybe.insert(key.to_owned(), None);
            }
            Some(("rotate", from, to)) => self.moving.push((from.to_owned(), to.to_owned())),
            _ => {}
        }
    }

    fn confirm(&mut self, verb: &str, key: &str, value: &str) {
        match verb {
            "create" | "save" => {
                self.sure
                    .insert(key.to_owned(), Some(value.parse().unwrap()));
            }
            "destroy" => {
                self.sure.insert(key.to_owned(), None);
            }
            "rotate" => {
                let holds = self.sure.insert(key.to_owned(), None).flatten();
                self.sure.insert(value.to_owned(), holds);
            }
            "count" => self.counted += 1,
            other => panic!("{other}"),
        }
    }

    /// Checks what was said, and that each of these rows or files decodes.
    pub async fn check(&self, store: &impl SessionStore, keys: &[StoreKey]) {
        let holds = async |key: &str| live(store, &parse_key(key)).await.map(|r| number(&r));
        let moving = |key: &str| {
            self.moving
                .iter()
                .any(|(from, to)| from == key || to == key)
        };
        for (key, sure) in self.sure.iter().filter(|(key, _)| !moving(key)) {
            let found = holds(key).await;
            let maybe = self.maybe.get(key);
            assert!(
                found == *sure || Some(&found) == maybe,
                "{found:?}: {sure:?} or {maybe:?}"
            );
        }
        for (key, maybe) in &self.maybe {
            let found = holds(key).await;
            let sure = self.sure.get(key).copied().flatten();
            assert!(
                found == *maybe || found == sure,
                "{found:?}: {sure:?} or {maybe:?}"
            );
        }
        for (from, to) in &self.moving {
            let found = [holds(from).await, holds(to).await];
            let moved = self.sure[from];
            assert!(
                found == [moved, None] || found == [None, moved],
                "{found:?}: {moved:?}"
            );
        }
        for key in keys {
            let outcome = store.read(&op(), key, None).await.unwrap();
            assert!(
                !matches!(outcome, ReadOutcome::Damaged),
                "every record decodes"
            );
        }
    }
}
