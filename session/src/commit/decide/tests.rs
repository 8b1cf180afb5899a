use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::*;
use crate::data::{Key, Slot, Value};
use crate::id::{OwnerKey, SessionId};
use crate::time::Lifetime;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

fn place(key: &'static str) -> Place {
    Place {
        key: Key::Static(key),
        aliases: &[],
    }
}

fn set(key: &'static str) -> Change {
    Change::Set {
        place: place(key),
        slot: Slot::Plain(Value::new(1u8)),
    }
}

fn own(name: &'static str) -> Change {
    let value = Value::new(name.to_owned());
    Change::own(place("user"), value, OwnerKey::of(name))
}

fn take() -> Change {
    Change::Take {
        place: place("flash"),
        ids: vec![1],
    }
}

fn update(key: &'static str) -> Change {
    let updater = Box::new(|_: Option<&Value>| Ok(crate::changes::Updated::Untouched));
    Change::Update {
        place: place(key),
        updater,
        expires: None,
    }
}

fn remove(key: &'static str) -> Change {
    Change::Remove { place: place(key) }
}

/// What is left, by kind.
fn kept(keep: Keep, changes: Vec<Change>, owner: Option<&Owner>) -> Vec<&'static str> {
    let mut changes = Changes::from(changes);
    keep.filter(&mut changes, owner);
    let name = |change: &Change| match change {
        Change::Set { .. } => "set",
        Change::Remove { .. } => "remove",
        Change::Update { .. } => "update",
        Change::Take { .. } => "take",
        Change::SetOwner { .. } => "own",
        Change::Regenerate => "regenerate",
        Change::Clear => "clear",
        _ => "other",
    };
    changes.iter().map(name).collect()
}

fn keep(status: u16, keeps_flashes: bool) -> Keep {
    Keep::of(
        StatusCode::from_u16(status).unwrap(),
        keeps_flashes,
        &Config::default(),
    )
}

fn ann() -> Owner {
    Owner {
        key: OwnerKey::of("ann"),
        entry: "user".into(),
    }
}

#[test]
fn below_500_everything_is_kept() {
    for status in [200, 303, 404, 499] {
        let changes = vec![
            set("a"),
            own("ann"),
            take(),
            Change::Regenerate,
            Change::Clear,
        ];
        let all = ["set", "own", "take", "regenerate", "clear"];
        assert_eq!(kept(keep(status, false), changes, None), all);
    }
}

#[test]
fn a_server_error_keeps_what_makes_safer() {
    let error = keep(500, false);
    assert_eq!(
        kept(error, vec![set("a"), own("bob"), take(), update("b")], None),
        [""; 0]
    );
    assert_eq!(
        kept(error, vec![set("a"), Change::Regenerate], None),
        ["regenerate"]
    );
    // Clearing the owner, by whatever verb, and only the clearing.
    for clearing in [remove("user"), set("user"), update("user"), Change::Clear] {
        assert_eq!(
            kept(error, vec![set("a"), clearing], Some(&ann())),
            ["remove"]
        );
    }
    // Without owner there is nothing to clear; another owner is a sign-in, which does not happen.
    assert_eq!(
        kept(error, vec![Change::Clear, remove("user")], None),
        [""; 0]
    );
    assert_eq!(kept(error, vec![own("bob")], Some(&ann())), [""; 0]);
    assert_eq!(
        kept(error, vec![own("bob"), remove("user")], Some(&ann())),
        ["remove"]
    );
}

#[test]
fn head_and_prefetch_take_no_flash() {
    assert_eq!(kept(keep(200, true), vec![set("a"), take()], None), ["set"]);
}

#[test]
fn save_on_server_error_keeps_all() {
    let config = Config {
        save_on_server_error: true,
        ..Config::default()
    };
    assert_eq!(Keep::of(StatusCode::BAD_GATEWAY, false, &config), Keep::ALL);
}

fn live() -> Base {
    let id = SessionId::generate().unwrap();
    let header = Header::new(Timestamp::default(), Lifetime::DEFAULT, HOUR / 20);
    let record = Record {
        header,
        data: Data::new(),
    };
    Base::Live {
        id,
        key: id.store_key(),
        record: Arc::new(record),
    }
}

#[test]
fn each_state_has_its_verb() {
    let gone = Base::Gone { successor: None };
    let mut data = Data::new();
    data.insert("a", 1u8);
    let plain = Draft {
        data,
        ..Draft::default()
    };
    let rotated = Draft {
        rotate: true,
        ..plain.clone()
    };
    let signed_in = Draft {
        authenticated: true,
        ..rotated.clone()
    };
    let (none, some) = (Changes::default(), Changes::from(vec![set("a")]));
    for (base, changes, draft, verb) in [
        (&Base::None, &none, &plain, Verb::Nothing),
        (&Base::None, &some, &Draft::default(), Verb::Nothing),
        (&Base::None, &some, &plain, Verb::Create),
        (&Base::None, &some, &signed_in, Verb::Create),
        (&live(), &none, &plain, Verb::Nothing),
        (&live(), &some, &plain, Verb::Save),
        (&live(), &some, &Draft::default(), Verb::Save),
        (&live(), &some, &rotated, Verb::Rotate),
        (&gone, &none, &plain, Verb::Nothing),
        (&gone, &some, &plain, Verb::Drop),
        (&gone, &some, &rotated, Verb::Drop),
        (&gone, &some, &signed_in, Verb::SignInAnew),
    ] {
        assert_eq!(Verb::of(base, changes, draft), verb);
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn draw(base: Option<&Header>, draft: &Draft, now: u64) -> Header {
    let mut config = Config::default();
    config.touch_interval = config.lifetime.idle / 20;
    let times = Times {
        now: at(now),
        arrived: at(now - 5),
    };
    next_record(base, draft.clone(), CommitId::generate(), times, &config).header
}

#[test]
fn t19_only_an_authentication_or_a_lifetime_moves_the_absolute_deadline() {
    let first = draw(None, &Draft::default(), 1_000);
    assert_eq!(first.absolute_deadline, at(1_000) + DAY);
    let saved = draw(Some(&first), &Draft::default(), 2_000);
    assert_eq!(saved.absolute_deadline, first.absolute_deadline);
    assert_eq!(saved.idle_deadline, at(2_000) + HOUR + HOUR / 20);
    let rotated = draw(
        Some(&first),
        &Draft {
            rotate: true,
            ..Draft::default()
        },
        2_000,
    );
    assert_eq!(rotated.absolute_deadline, first.absolute_deadline);
    let signed_in = Draft {
        authenticated: true,
        owner: Some(ann().into()),
        ..Draft::default()
    };
    let signed_in = draw(Some(&first), &signed_in, 3_000);
    assert_eq!(signed_in.absolute_deadline, at(3_000) + DAY);
    assert_eq!(
        signed_in.authenticated_at,
        at(2_995),
        "when the request arrived"
    );
    let lifetime = Some(Lifetime {
        idle: 7 * DAY,
        absolute: 30 * DAY,
    });
    let remembered = draw(
        Some(&signed_in),
        &Draft {
            lifetime,
            ..Draft::default()
        },
        4_000,
    );
    assert_eq!(remembered.absolute_deadline, at(4_000) + 30 * DAY);
    assert!(remembered.persistent);
}

#[test]
fn nothing_moves_the_idle_deadline_earlier_but_a_lifetime_or_its_end() {
    let first = draw(None, &Draft::default(), 10_000);
    let slow_clock = draw(Some(&first), &Draft::default(), 5_000);
    assert_eq!(slow_clock.idle_deadline, first.idle_deadline);
    assert_eq!(slow_clock.last_seen, first.last_seen);
    let lifetime = Some(Lifetime {
        idle: Duration::from_secs(60),
        absolute: HOUR,
    });
    let short = draw(
        Some(&first),
        &Draft {
            lifetime,
            ..Draft::default()
        },
        10_000,
    );
    assert_eq!(short.idle_deadline, at(10_060) + HOUR / 20);
    assert_eq!(short.absolute_deadline, at(10_000) + HOUR);
}

#[test]
fn a_former_owners_lifetime_label_and_handle_go_with_it() {
    let lifetime = Some(Lifetime {
        idle: 7 * DAY,
        absolute: 30 * DAY,
    });
    let label: Option<Arc<str>> = Some("phone".into());
    let ann = Draft {
        lifetime,
        label,
        owner: Some(ann().into()),
        ..Draft::default()
    };
    let first = draw(None, &ann, 1_000);
    assert!(first.persistent && first.label.is_some());
    let wiped = draw(
        Some(&first),
        &Draft {
            wiped: true,
            ..Draft::default()
        },
        2_000,
    );
    assert_eq!(wiped.lifetime, Lifetime::DEFAULT);
    assert!(!wiped.persistent && wiped.label.is_none() && wiped.owner.is_none());
    assert_ne!(wiped.handle, first.handle);
    assert_eq!(wiped.absolute_deadline, at(2_000) + DAY);
    assert_eq!(wiped.idle_deadline, at(2_000) + HOUR + HOUR / 20);
}

#[test]
fn t61_jumps_of_the_clock_do_not_overflow() {
    let first = draw(None, &Draft::default(), 1_000);
    for now in [5, 1_000, u64::from(u32::MAX), 253_402_300_799] {
        let saved = draw(Some(&first), &Draft::default(), now);
        assert_eq!(saved.absolute_deadline, first.absolute_deadline);
        assert!(saved.idle_deadline <= saved.absolute_deadline);
    }
}

#[test]
fn t59_the_cap_counts_keys_and_values_and_names_what_cannot_be_encoded() {
    let config = Config {
        max_bytes: 10,
        ..Config::default()
    };
    let mut data = Data::new();
    data.insert("abc", "12345".to_owned()); // 3 + 7
    assert!(check_size(&data, &config).is_ok());
    data.insert("abc", "123456".to_owned());
    let error = check_size(&data, &config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the session takes 11 bytes, and 10 are allowed"
    );
}
