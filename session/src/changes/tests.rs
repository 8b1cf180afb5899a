use super::*;
use crate::data::Data;
use crate::record::Owner;

struct Rules;

impl Policy for Rules {
    fn keeps(&self, key: &str) -> bool {
        key == "theme"
    }
    fn is_per_login(&self, key: &str) -> bool {
        key == "csrf"
    }
}

const CONTEXT: Context<'static> = Context {
    now: Timestamp::from_millis(100),
    policy: &Rules,
};

fn place(key: &'static str) -> Place {
    Place {
        key: Key::Static(key),
        aliases: &[],
    }
}

fn set(key: &'static str, value: u64) -> Change {
    Change::Set {
        place: place(key),
        slot: Slot::Plain(Value::new(value)),
    }
}

fn own(name: &'static str) -> Change {
    let value = Value::new(name.to_owned());
    Change::own(place("user"), value, OwnerKey::of(name))
}

fn increment(key: &'static str) -> Change {
    Change::Update {
        place: place(key),
        updater: Box::new(|value| {
            let n = value.map_or(0, |value| value.get::<u64>().unwrap_or(0));
            Ok(Updated::Put(Value::new(n + 1)))
        }),
        expires: Some(Timestamp::from_millis(500)),
    }
}

fn run(mut draft: Draft, changes: &[Change]) -> Draft {
    for change in changes {
        draft
            .apply(change, &CONTEXT, &mut Trash::default())
            .unwrap();
    }
    draft
}

fn keys(draft: &Draft) -> Vec<&str> {
    draft.data.keys().collect()
}

fn full() -> Draft {
    run(
        Draft::default(),
        &[set("cart", 1), set("theme", 2), set("csrf", 3)],
    )
}

#[test]
fn t14_sign_in_carries_all_but_what_is_per_login() {
    let draft = run(full(), &[own("ann")]);
    assert_eq!(keys(&draft), ["cart", "theme", "user"]);
    assert!(draft.rotate && draft.authenticated && !draft.wiped);
}

#[test]
fn t13_the_same_owner_again_keeps_all_and_rotates() {
    let mut signed_in = run(full(), &[own("ann"), set("csrf", 4)]);
    (signed_in.rotate, signed_in.authenticated) = (false, false);
    let draft = run(signed_in, &[own("ann")]);
    assert_eq!(keys(&draft), ["cart", "csrf", "theme", "user"]);
    assert!(draft.rotate && draft.authenticated && !draft.wiped);
}

#[test]
fn t13_another_owner_finds_only_what_is_kept_and_what_came_after() {
    let draft = run(
        full(),
        &[own("ann"), set("before", 1), own("bob"), set("after", 1)],
    );
    assert_eq!(keys(&draft), ["after", "theme", "user"]);
    assert!(draft.wiped && draft.rotate && draft.authenticated);
    assert_eq!(
        draft.owner.as_ref().map(|o| o.key),
        Some(OwnerKey::of("bob"))
    );
}

#[test]
fn any_verb_on_the_owners_entry_clears_the_owner() {
    for change in [
        set("user", 9),
        Change::Remove {
            place: place("user"),
        },
        increment("user"),
    ] {
        let draft = run(full(), &[own("ann"), change]);
        assert_eq!(draft.owner, None);
        assert!(draft.wiped && draft.rotate && !draft.authenticated);
        assert_eq!(draft.data.get::<u64>("cart").unwrap(), None);
        assert_eq!(draft.data.get::<u64>("theme").unwrap(), Some(2));
    }
    let cleared = run(full(), &[own("ann"), Change::Clear]);
    assert!(cleared.owner.is_none() && cleared.data.is_empty() && cleared.wiped);
}

#[test]
fn a_dynamic_set_names_no_owner() {
    let draft = run(full(), &[set("user", 9)]);
    assert_eq!(draft.owner, None);
    assert!(!draft.rotate && !draft.wiped);
}

#[test]
fn c4_clear_wipes_then_later_changes_apply() {
    let draft = run(full(), &[set("a", 1), Change::Clear, set("b", 1)]);
    assert_eq!(keys(&draft), ["b"]);
}

#[test]
fn ttl_starts_at_creation_and_stays() {
    let at = |draft: &Draft| draft.data.slot("n").and_then(Slot::expires);
    let draft = run(Draft::default(), &[increment("n")]);
    assert_eq!(at(&draft), Some(Timestamp::from_millis(500)));
    let expiring = |ms| Change::Set {
        place: place("n"),
        slot: Slot::new(Value::new(5u64), Some(Timestamp::from_millis(ms))),
    };
    let draft = run(Draft::default(), &[expiring(200), increment("n")]);
    assert_eq!(at(&draft), Some(Timestamp::from_millis(200)));
    assert_eq!(draft.data.get::<u64>("n").unwrap(), Some(6));
    let draft = run(Draft::default(), &[expiring(50), increment("n")]);
    assert_eq!(at(&draft), Some(Timestamp::from_millis(500)));
    assert_eq!(
        draft.data.get::<u64>("n").unwrap(),
        Some(1),
        "what has expired is absent"
    );
}

#[test]
fn c5_take_removes_exactly_the_ids_it_returned() {
    let entry = |id| FlashEntry {
        id,
        expires: None,
        value: Value::new(id),
    };
    let push = |id| Change::Push {
        place: place("f"),
        entry: entry(id),
    };
    let take = |ids| Change::Take {
        place: place("f"),
        ids,
    };
    let draft = run(
        Draft::default(),
        &[push(1), push(2), take(vec![1, 7]), push(3)],
    );
    let ids = |draft: &Draft| {
        place("f")
            .flash(&draft.data, CONTEXT.now)
            .map(|e| e.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&draft), [2, 3]);
    let draft = run(draft, &[take(vec![2, 3])]);
    assert!(draft.data.is_empty());
}

#[test]
fn an_alias_that_is_present_wins_and_goes_with_the_first_write() {
    const ALIASED: Place = Place {
        key: Key::Static("new"),
        aliases: &["old"],
    };
    let draft = run(Draft::default(), &[set("new", 1), set("old", 2)]);
    let (key, slot) = ALIASED.current(&draft.data, CONTEXT.now).unwrap();
    assert_eq!(
        (key, slot.value().unwrap().get::<u64>().unwrap()),
        ("old", 2)
    );
    let written = Change::Set {
        place: ALIASED,
        slot: Slot::Plain(Value::new(3u64)),
    };
    assert_eq!(keys(&run(draft.clone(), &[written])), ["new"]);
    assert!(
        run(draft, &[Change::Remove { place: ALIASED }])
            .data
            .is_empty()
    );
}

#[test]
fn an_owner_under_an_alias_moves_to_the_key() {
    let owner = Owner {
        key: OwnerKey::of("ann"),
        entry: "uid".into(),
    }
    .into();
    let mut data = Data::new();
    data.insert("uid", "ann".to_owned());
    data.insert("cart", 1u8);
    let draft = Draft {
        data,
        owner: Some(owner),
        ..Draft::default()
    };
    let aliased = Place {
        key: Key::Static("user"),
        aliases: &["uid"],
    };
    let value = Value::new("ann".to_owned());
    let change = Change::own(aliased, value, OwnerKey::of("ann"));
    let draft = run(draft, &[change]);
    assert_eq!(keys(&draft), ["cart", "user"]);
    assert_eq!(draft.owner.map(|o| o.entry.clone()), Some("user".into()));
}

/// How many earlier ones it makes pointless.
fn push(changes: &mut Changes, change: Change) -> usize {
    let before = changes.iter().count();
    changes.push(change, &mut Trash::default());
    before + 1 - changes.iter().count()
}

#[test]
fn a_set_supersedes_what_came_before_it_but_not_across_a_barrier() {
    let mut changes = Changes::default();
    assert_eq!(push(&mut changes, increment("n")), 0);
    assert_eq!(push(&mut changes, set("m", 1)), 0);
    assert_eq!(push(&mut changes, set("n", 1)), 1);
    assert!(changes.foldable(&place("n")) && !changes.foldable(&place("x")));
    assert_eq!(push(&mut changes, Change::Clear), 0);
    assert!(!changes.foldable(&place("n")));
    assert_eq!(push(&mut changes, set("n", 2)), 0);
    assert_eq!(changes.iter().count(), 4);
}

#[test]
fn a_set_does_not_hide_that_an_earlier_one_removed_aliases_that_it_does_not_know() {
    let renamed = Change::Set {
        place: Place {
            key: Key::Static("locale"),
            aliases: &["lang"],
        },
        slot: Slot::Plain(Value::new(1u64)),
    };
    let mut changes = Changes::default();
    assert_eq!(push(&mut changes, renamed), 0);
    assert_eq!(push(&mut changes, set("locale", 2)), 0);
    let mut stored = Draft::default();
    stored.data.insert("lang", 0u64);
    for change in changes.iter() {
        stored
            .apply(change, &CONTEXT, &mut Trash::default())
            .unwrap();
    }
    assert_eq!(stored.data.keys().collect::<Vec<_>>(), ["locale"]);
    assert_eq!(push(&mut changes, set("locale", 3)), 1);
}
