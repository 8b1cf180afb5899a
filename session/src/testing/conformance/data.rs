//! What a store keeps it gives back as it was, whatever it is.

use std::sync::Arc;

use bytes::Bytes;

use super::caller::{LIFETIME, MILLI, fresh_key, key_after, next, owned, record};
use super::caller::{secs, start};
use super::{Caller, Fixture};
use crate::data::{Data, Entry, FlashEntry, Format, Key, Slot, Value};
use crate::record::Record;
use crate::store::SaveOutcome;
use crate::time::{Lifetime, Timestamp};

/// Every entry in a form that can be compared: key, kind, deadlines, flash ids and the bytes of the values.
fn written(data: &Data) -> Vec<String> {
    let json = |value: &Value| value.to_json().expect("the value can be encoded");
    let write = |entry: Entry<'_>| match entry.slot {
        Slot::Plain(value) => format!("{:?} = {}", entry.key, json(value)),
        Slot::Expiring(expiring) => {
            let (expires, value) = &**expiring;
            format!("{:?} until {expires} = {}", entry.key, json(value))
        }
        Slot::Flash(entries) => {
            let write =
                |e: &FlashEntry| format!("{} until {:?} = {}", e.id, e.expires, json(&e.value));
            format!(
                "{:?} flashes {:?}",
                entry.key,
                entries.iter().map(write).collect::<Vec<_>>()
            )
        }
    };
    data.entries().map(write).collect()
}

fn assert_same(read: &Record, expected: &Record) {
    assert_eq!(read.header, expected.header);
    assert_eq!(written(&read.data), written(&expected.data));
}

fn raw(text: &str) -> Value {
    Value::raw(Format::Json, Bytes::copy_from_slice(text.as_bytes()))
}

fn flash(id: u64, expires: Option<Timestamp>, text: &str) -> FlashEntry {
    FlashEntry {
        id,
        expires,
        value: Value::new(text.to_owned()),
    }
}

/// Stores a record by each of the verbs that write one, and reads it back after each.
async fn survives<F: Fixture>(store: &Caller<F>, data: Data) {
    let t = start();
    let mut record = record(t);
    record.data = data;
    let key = store.put(t, &record).await;
    assert_same(&*store.live(t, &key).await, &record);

    let mut saved = next(&record, 2);
    saved.data = record.data.clone();
    let outcome = store.save(t, &key, &saved, record.header.version).await;
    assert!(matches!(outcome, SaveOutcome::Saved(_)), "{outcome:?}");
    // What was read goes back in, as it does in a request that changes another key.
    let read = store.live(t, &key).await;
    assert_same(&read, &saved);
    let mut moved = next(&read, 2);
    moved.data = read.data.clone();
    let new = key_after(&key);
    store.moved(t, (&key, &new), &moved).await;
    store.renew(t + secs(1800), &new).await;
    let read = store.live(t, &new).await;
    assert_eq!(written(&read.data), written(&record.data));
}

/// Plain values, those with deadlines of their own, and lists of flashes in their order.
pub async fn every_kind_of_entry<F: Fixture>(store: Caller<F>) {
    let t = start();
    let flashes = vec![
        flash(9, None, "first"),
        flash(2, Some(t + MILLI), "second"),
        flash(u64::MAX, Some(Timestamp::MAX), "third"),
    ];
    let entry = |key: &'static str, slot| (key, slot);
    let expiring = |at, value| Slot::new(Value::new::<String>(value), Some(at));
    survives(
        &store,
        Data::from_entries(vec![
            entry("flash", Slot::Flash(Arc::new(flashes))),
            entry("one_flash", Slot::Flash(Arc::new(vec![flash(0, None, "")]))),
            entry("otp", expiring(t + secs(600), "123456".to_owned())),
            entry("otp.past", expiring(t - secs(1), "654321".to_owned())),
            entry("otp.never", expiring(Timestamp::MAX, "0".to_owned())),
            entry("plain", Slot::Plain(Value::new(-7i64))),
            entry("list", Slot::Plain(Value::new(vec![1.5f64, -0.25]))),
            entry("none", Slot::Plain(Value::new(None::<u8>))),
            entry("__own", Slot::Plain(Value::new(true))),
        ]),
    )
    .await;
    survives(&store, Data::new()).await;
}

/// An unchanged value goes back byte for byte, however another version of the application spelt it.
pub async fn bytes_stay_as_they_are<F: Fixture>(store: Caller<F>) {
    let spellings = [
        "{ \"a\" : 1,\n\t\"b\":[ ] }",
        "1.50e+0",
        "\"\\u00e9\\/\"",
        " null ",
        "12345678901234567890123456789012345678901234567890",
        "{\"a\":1,\"a\":2}",
    ];
    let entries = spellings.iter().enumerate().map(|(at, text)| {
        (
            Key::from(format!("raw{at}").as_str()),
            Slot::Plain(raw(text)),
        )
    });
    survives(&store, Data::from_entries(entries.collect())).await;
}

/// Keys and texts in any script, with every character that some engine has a use for.
pub async fn any_text<F: Fixture>(store: Caller<F>) {
    let texts = [
        "",
        " ",
        "näher",
        "日本語",
        "🍣\u{200d}🍣",
        "'; --",
        "\\\"%_",
        "a.b/../c",
        "a\tb\r\n",
        "\u{0}\u{1}",
    ];
    let mut data = Data::new();
    for text in texts {
        data.insert(text, text.to_owned());
        data.insert(&format!("{text}!"), vec![text.to_owned()]);
    }
    survives(&store, data).await;
}

/// As much as the layer lets through by default, in one value and in many.
pub async fn big_values_and_many_keys<F: Fixture>(store: Caller<F>) {
    let mut data = Data::new();
    data.insert("big", "ä".repeat(30_000));
    survives(&store, data).await;
    let mut data = Data::new();
    for n in 0..1_000u64 {
        data.insert(&format!("key{n:04}"), n);
    }
    survives(&store, data).await;
}

/// Each field of the header, at its ordinary value and at its limits.
pub async fn every_field_of_the_header<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut first = owned(t, "ann");
    first.header.label = Some("Firefox, “Linux” 🦊".into());
    first.header.persistent = true;
    first.header.lifetime = Lifetime {
        idle: secs(7 * 24 * 3600),
        absolute: secs(400 * 24 * 3600) - MILLI,
    };
    first.header.created = t - secs(1);
    first.header.authenticated_at = t - secs(2);
    first.header.last_seen = t - MILLI;
    first.header.absolute_deadline = t + first.header.lifetime.absolute;
    let mut second = record(t);
    second.header.label = Some("".into());
    for record in [first, second] {
        let key = store.put(t, &record).await;
        assert_same(&*store.live(t, &key).await, &record);
        let mut saved = next(&record, 2);
        saved.header.persistent = !record.header.persistent;
        saved.header.label = None;
        saved.header.lifetime = LIFETIME;
        store.save(t, &key, &saved, record.header.version).await;
        assert_same(&*store.live(t, &key).await, &saved);
        let (new, mut moved) = (key_after(&key), next(&saved, 3));
        moved.header.label = record.header.label.clone();
        moved.header.persistent = record.header.persistent;
        store.moved(t, (&key, &new), &moved).await;
        assert_same(&*store.live(t, &new).await, &moved);
    }
}

/// T53: many sessions side by side keep what is theirs.
pub async fn t53_sessions_are_kept_apart<F: Fixture>(store: Caller<F>) {
    let t = start();
    let mut sessions = Vec::new();
    for n in 0..200u64 {
        let (key, record) = (fresh_key(), next(&record(t), n));
        store.create(t, &key, &record).await;
        sessions.push((key, record));
    }
    for (key, record) in &sessions {
        assert_same(&*store.live(t, key).await, record);
    }
}

/// D13: a handed-out record is a copy that nothing changes: not a save, not a renewal, not the end of the session.
pub async fn d13_what_was_read_does_not_change<F: Fixture>(store: Caller<F>) {
    let t = start();
    let first = record(t);
    let key = store.put(t, &first).await;
    let read = store.live(t, &key).await;
    store.renew(t + secs(1800), &key).await;
    assert_same(&read, &first);
    store
        .save(t, &key, &next(&first, 2), first.header.version)
        .await;
    assert_same(&read, &first);
    store.destroy(t, &key).await;
    assert_same(&read, &first);
}
