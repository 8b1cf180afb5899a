use super::*;

#[test]
fn keys_are_sorted_and_found_by_halves() {
    let mut data = Data::new();
    for n in (0..256u32).rev() {
        data.insert(&format!("key{n:03}"), n);
    }
    assert_eq!(data.len(), 256);
    assert!(data.keys().is_sorted());
    assert_eq!(data.get::<u32>("key200").unwrap(), Some(200));
    assert!(data.remove("key200"));
    assert!(!data.remove("key200"));
    assert_eq!(data.get::<u32>("key200").unwrap(), None);
}

#[test]
fn of_two_entries_with_one_key_the_later_counts() {
    let entry = |key: &'static str, n: u8| (key, Slot::Plain(Value::new(n)));
    let data = Data::from_entries(vec![entry("b", 1), entry("a", 2), entry("b", 3)]);
    assert_eq!(data.len(), 2);
    assert_eq!(data.get::<u8>("b").unwrap(), Some(3));
}

#[test]
fn a_clone_is_not_changed_by_the_original() {
    let mut data = Data::new();
    data.insert("a", 1u8);
    let before = data.clone();
    data.insert("a", 2u8);
    data.insert("b", 3u8);
    assert_eq!(before.get::<u8>("a").unwrap(), Some(1));
    assert_eq!(before.len(), 1);
}

#[test]
fn an_expired_entry_is_not_live() {
    let mut data = Data::new();
    let deadline = Timestamp::from_millis(10);
    data.put(
        &Key::Static("otp"),
        Slot::new(Value::new(1u8), Some(deadline)),
    );
    assert!(data.live("otp", Timestamp::from_millis(9)).is_some());
    assert!(data.live("otp", deadline).is_none());
}

#[test]
fn no_value_prints() {
    let mut data = Data::new();
    data.insert("password", "hunter2".to_owned());
    assert_eq!(format!("{data:?}"), r#"{"password": Plain(Value(native))}"#);
}

#[test]
fn maps_with_the_same_keys_share_the_names_and_hold_nothing_but_slots() {
    assert_eq!((size_of::<Data>(), size_of::<Slot>()), (24, 24));
    let of = |keys: &[&str]| {
        let mut data = Data::new();
        for key in keys {
            data.insert(key, 1u8);
        }
        data
    };
    let mut removed = of(&["a", "x", "b"]);
    assert!(removed.remove("x"));
    let filtered = of(&["a", "b", "c"]).filtered(|entry| entry.key.as_str() != "c");
    for data in [of(&["b", "a"]), removed, filtered] {
        assert!(std::ptr::eq(data.names(), of(&["a", "b"]).names()));
        assert_eq!(data.entries().count(), 2);
    }
    assert!(of(&["a"]).filtered(|_| false).is_empty());
}
