//! Every generated verb and every attribute of a field, within one request.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use session::{Data, ErrorKind, Session, SessionSchema, Typed};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Theme {
    Light,
    Dark,
}

#[derive(Debug, SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    nickname: Option<String>,
    #[session(default)]
    visits: u64,
    #[session(default = Theme::Light, keep)]
    theme: Theme,
    #[session(per_login)]
    csrf: Option<String>,
    #[session(flash)]
    notices: Vec<String>,
    #[session(flash)]
    form: Option<BTreeMap<String, String>>,
    maybe: Option<Option<u8>>,
}

#[derive(SessionSchema)]
struct Basket {
    basket: Vec<u64>,
    #[session(read_only)]
    currency: String,
}

#[derive(SessionSchema)]
struct SignedIn {
    #[session(owner)]
    user_id: u64,
}

fn empty() -> Session {
    Session::detached(Data::new())
}

fn account() -> Typed<Account> {
    empty().typed().unwrap()
}

#[test]
fn an_optional_field() {
    let account = account();
    assert_eq!(account.nickname(), None);
    assert_eq!(account.with_nickname(String::len), None);
    account.set_nickname("ada".to_owned());
    assert_eq!(account.nickname().as_deref(), Some("ada"));
    assert_eq!(account.with_nickname(String::len), Some(3));
    account.update_nickname(|name| name.as_mut().unwrap().push('!'));
    assert_eq!(account.take_nickname().as_deref(), Some("ada!"));
    assert_eq!(account.take_nickname(), None);
    account.update_nickname(|name| *name = Some("new".to_owned()));
    assert_eq!(account.nickname().as_deref(), Some("new"));
    account.update_nickname(|name| *name = None);
    assert_eq!(account.nickname(), None);
    account.set_nickname("gone".to_owned());
    account.clear_nickname();
    assert!(account.session().keys().is_empty());
}

#[test]
fn a_field_with_a_default() {
    let account = account();
    assert_eq!((account.visits(), account.theme()), (0, Theme::Light));
    assert_eq!(account.with_theme(|theme| *theme), Theme::Light);
    account.update_visits(|n| *n += 2);
    account.set_theme(Theme::Dark);
    assert_eq!((account.visits(), account.theme()), (2, Theme::Dark));
    assert_eq!(account.with_visits(|n| n * 2), 4);
    assert!(
        !account.session().contains("csrf"),
        "reading a default stores nothing"
    );
    account.clear_visits();
    account.clear_theme();
    assert_eq!((account.visits(), account.theme()), (0, Theme::Light));
    assert!(account.session().keys().is_empty());
}

#[test]
fn a_default_expression_is_evaluated_anew_each_time() {
    thread_local! { static CALLS: Cell<u32> = const { Cell::new(0) } }
    fn next() -> u32 {
        CALLS.set(CALLS.get() + 1);
        CALLS.get()
    }
    #[derive(SessionSchema)]
    struct S {
        #[session(default = next())]
        n: u32,
    }
    let s = empty().typed::<S>().unwrap();
    assert_eq!((s.n(), s.n()), (1, 2));
    s.set_n(9);
    assert_eq!((s.n(), CALLS.get()), (9, 2));
}

#[test]
fn a_required_field() {
    let session = empty();
    let missing = session.typed::<Basket>().unwrap_err();
    assert_eq!(
        (missing.schema(), missing.field()),
        ("Basket", Some("basket"))
    );
    session.set("basket", vec![1u64]).unwrap();
    let missing = session.typed::<Basket>().unwrap_err();
    assert_eq!(missing.field(), Some("currency"));
    session.set("currency", "EUR".to_owned()).unwrap();
    let basket = session.typed::<Basket>().unwrap();
    basket.update_basket(|ids| ids.push(2));
    assert_eq!(basket.basket(), [1, 2]);
    assert_eq!(basket.with_basket(Vec::len), 2);
    assert_eq!(basket.currency(), "EUR");
    basket.set_basket(vec![3]);
    assert_eq!(basket.snapshot().basket, [3]);
}

#[test]
fn a_required_field_that_is_lost_reads_as_what_was_proved() {
    let session = empty();
    session.set("basket", vec![1u64]).unwrap();
    session.set("currency", "EUR".to_owned()).unwrap();
    let basket = session.typed::<Basket>().unwrap();
    let twin = basket.clone();
    session.clear();
    assert_eq!(
        (basket.basket(), twin.currency()),
        (vec![1], "EUR".to_owned())
    );
    basket.update_basket(|ids| ids.push(2));
    assert!(
        !session.contains("basket"),
        "an update never brings it back"
    );
    assert_eq!(basket.basket(), [1]);
    session.set("basket", "another type".to_owned()).unwrap();
    assert_eq!(basket.basket(), [1]);
    basket.set_basket(vec![5]);
    assert_eq!((basket.basket(), twin.basket()), (vec![5], vec![5]));
}

#[test]
fn an_owner_is_who_was_set_and_nobody_else() {
    let session = empty();
    session.set("user_id", 1u64).unwrap();
    let account = session.typed::<Account>().unwrap();
    assert_eq!(account.user_id(), None);
    assert!(session.typed::<SignedIn>().is_err());
    account.set_user_id(7);
    let me = session.typed::<SignedIn>().unwrap();
    assert_eq!((account.user_id(), me.user_id()), (Some(7), 7));
    assert_eq!(account.with_user_id(|id| id + 1), Some(8));
    session.set("user_id", 8u64).unwrap();
    assert_eq!(account.user_id(), None, "a dynamic write clears the owner");
    me.set_user_id(9);
    assert_eq!(account.user_id(), Some(9));
}

#[test]
fn keep_and_per_login_decide_what_an_owner_takes_along() {
    let account = account();
    account.set_theme(Theme::Dark);
    account.set_csrf("token".to_owned());
    account.set_nickname("guest".to_owned());
    account.set_user_id(1);
    assert_eq!(account.csrf(), None);
    assert_eq!(account.nickname().as_deref(), Some("guest"));
    account.set_user_id(1);
    assert_eq!(account.nickname().as_deref(), Some("guest"));
    account.set_user_id(2);
    assert_eq!((account.nickname(), account.theme()), (None, Theme::Dark));
    account.set_nickname("two".to_owned());
    account.clear_user_id();
    assert_eq!((account.nickname(), account.theme()), (None, Theme::Dark));
    assert_eq!(account.user_id(), None);
}

#[test]
fn a_flash_of_many() {
    let account = account();
    account.push_notices("a".to_owned());
    account.push_notices("b".to_owned());
    assert_eq!(account.peek_notices(), ["a", "b"]);
    assert!(account.take_notices().is_empty(), "for the next request");
    assert_eq!(account.peek_notices(), ["a", "b"]);
    assert_eq!(
        account
            .session()
            .get::<String>("notices")
            .unwrap_err()
            .kind(),
        ErrorKind::Mismatch
    );
}

#[test]
fn a_flash_of_one() {
    let account = account();
    assert_eq!(account.peek_form(), None);
    account.set_form(BTreeMap::from([("name".into(), "a".into())]));
    account.set_form(BTreeMap::new());
    assert_eq!(account.peek_form(), Some(BTreeMap::new()));
    assert_eq!(account.take_form(), None);
}

#[test]
fn some_none_is_not_none() {
    let account = account();
    assert_eq!(account.maybe(), None);
    account.set_maybe(None);
    assert_eq!(account.maybe(), Some(None));
    assert!(account.session().contains("maybe"));
    account.set_maybe(Some(1));
    assert_eq!(account.maybe(), Some(Some(1)));
    account.update_maybe(|maybe| *maybe = Some(None));
    assert_eq!(account.take_maybe(), Some(None));
    assert_eq!(account.maybe(), None);
}

#[test]
fn a_snapshot_takes_nothing() {
    let account = account();
    account.set_user_id(1);
    account.push_notices("a".to_owned());
    account.set_maybe(None);
    let all = account.snapshot();
    assert_eq!(
        format!("{all:?}"),
        "Account { user_id: Some(1), nickname: None, visits: 0, theme: Light, csrf: None, notices: [\"a\"], \
         form: None, maybe: Some(None) }"
    );
    assert_eq!(account.peek_notices(), ["a"]);
}

#[test]
fn another_type_reads_as_absent_and_stays_until_overwritten() {
    let session = empty();
    session.set("visits", "many".to_owned()).unwrap();
    session.set("nickname", 5u8).unwrap();
    session.set("notices", 5u8).unwrap();
    let account = session.typed::<Account>().unwrap();
    assert_eq!((account.visits(), account.nickname()), (0, None));
    assert_eq!(account.take_nickname(), None);
    assert!(account.peek_notices().is_empty());
    account.update_nickname(|name| assert_eq!(*name, None));
    assert_eq!(session.get::<u8>("nickname").unwrap(), Some(5));
    assert_eq!(
        session.get::<String>("visits").unwrap().as_deref(),
        Some("many")
    );
    account.update_visits(|n| *n += 1);
    assert_eq!(account.visits(), 1);
    account.push_notices("a".to_owned());
    assert_eq!(account.peek_notices(), ["a"]);
}

#[test]
fn strict_makes_it_an_error() {
    #[derive(Debug, SessionSchema)]
    struct Strict {
        #[session(strict, default)]
        visits: u64,
        #[session(strict)]
        name: Option<String>,
    }
    let session = empty();
    assert!(session.typed::<Strict>().is_ok());
    session.set("name", 5u8).unwrap();
    let rejection = session.typed::<Strict>().unwrap_err();
    assert_eq!((rejection.status(), rejection.field()), (500, Some("name")));
    assert_eq!(
        rejection.to_string(),
        "`Typed<Strict>`: the strict field `name`: `name` cannot be read as `alloc::string::String`: the stored \
         value has another shape"
    );
}

#[test]
fn prefix_key_and_rename_all_make_the_key() {
    #[derive(SessionSchema)]
    #[session(prefix = "a.", rename_all = "SCREAMING-KEBAB-CASE")]
    struct Keys {
        first_name: Option<u8>,
        #[session(key = "given")]
        last_name: Option<u8>,
        r#type: Option<u8>,
        #[session(flash)]
        old_notices: Vec<u8>,
    }
    let session = empty();
    let keys = session.typed::<Keys>().unwrap();
    keys.set_first_name(1);
    keys.set_last_name(2);
    keys.set_type(3);
    keys.push_old_notices(4);
    assert_eq!(keys.r#type(), Some(3));
    assert_eq!(
        session.keys(),
        ["a.FIRST-NAME", "a.OLD-NOTICES", "a.TYPE", "a.given"]
    );
}

#[test]
fn an_alias_wins_until_the_field_is_written() {
    #[derive(SessionSchema)]
    struct Locale {
        #[session(alias = "lang", alias = "language")]
        locale: Option<String>,
        #[session(default, alias = "count")]
        visits: u64,
    }
    let session = empty();
    for key in ["locale", "lang", "language"] {
        session.set(key, key.to_owned()).unwrap();
    }
    let locale = session.typed::<Locale>().unwrap();
    assert_eq!(locale.locale().as_deref(), Some("lang"));
    session.remove("lang").unwrap();
    assert_eq!(locale.locale().as_deref(), Some("language"));
    locale.update_locale(|locale| locale.as_mut().unwrap().push('!'));
    assert_eq!(locale.locale().as_deref(), Some("language!"));
    assert_eq!(session.keys(), ["locale"]);
    session.set("lang", "again".to_owned()).unwrap();
    assert_eq!(locale.take_locale().as_deref(), Some("again"));
    assert!(session.keys().is_empty(), "a take removes key and aliases");
    session.set("count", 4u64).unwrap();
    locale.update_visits(|n| *n += 1);
    assert_eq!(
        (locale.visits(), session.keys()),
        (5, vec!["visits".to_owned()])
    );
    session.set("count", 1u64).unwrap();
    locale.clear_visits();
    assert_eq!((locale.visits(), session.keys().len()), (0, 0));
}

#[test]
fn a_secret_is_not_shown() {
    #[derive(SessionSchema)]
    struct Secret {
        #[session(secret, alias = "old_seed")]
        seed: Option<String>,
        #[session(flash, secret)]
        codes: Vec<String>,
        #[session(flash)]
        notices: Vec<String>,
        name: Option<String>,
    }
    let session = empty();
    session.set("old_seed", "hidden".to_owned()).unwrap();
    let secret = session.typed::<Secret>().unwrap();
    assert_eq!(secret.seed().as_deref(), Some("hidden"));
    secret.push_codes("hidden".to_owned());
    secret.push_notices("shown by number".to_owned());
    secret.set_name("Ada \"L\"".to_owned());
    assert_eq!(
        format!("{secret:?}"),
        r#"Typed(SecretAccessor { seed: [redacted], codes: [redacted], notices: 1 flashes, name: "Ada \"L\"" })"#
    );
    assert_eq!(session.encode().unwrap(), r#"{"name":"Ada \"L\""}"#);
    assert!(!format!("{session:?}").contains("hidden"));
}

#[test]
fn a_generic_schema() {
    #[derive(SessionSchema)]
    struct Recent<T: Ord, const N: usize> {
        #[session(default = Vec::with_capacity(N))]
        items: Vec<T>,
        last: Option<T>,
    }
    fn remember<T: session::SessionValue + Ord, const N: usize>(
        recent: &RecentAccessor<T, N>,
        item: T,
    ) {
        recent.update_items(move |items| {
            items.push(item.clone());
            items.truncate(N);
        });
    }
    let session = empty();
    let recent = session.typed::<Recent<char, 2>>().unwrap();
    "abc".chars().for_each(|c| remember(&recent, c));
    assert_eq!(recent.items(), ['a', 'b']);
    assert!(recent.snapshot().last.is_none());
    assert!(session.typed::<Recent<char, 3>>().is_ok());
    let conflict = session
        .typed::<Recent<String, 2>>()
        .unwrap_err()
        .to_string();
    assert!(
        conflict.contains("`Recent.items: alloc::vec::Vec<alloc::string::String>`"),
        "{conflict}"
    );
    assert!(
        conflict.contains("`Recent.items: alloc::vec::Vec<char>`"),
        "{conflict}"
    );
}

#[test]
fn user_code_may_use_the_session_that_calls_it() {
    let account = account();
    account.set_nickname("ada".to_owned());
    let session = account.session().clone();
    account.with_nickname(|name| session.set("copy", name.clone()).unwrap());
    let inner = account.clone();
    account.update_visits(move |n| {
        inner.set_theme(Theme::Dark);
        *n += u64::from(inner.nickname().is_some());
    });
    assert_eq!((account.visits(), account.theme()), (1, Theme::Dark));
    assert_eq!(
        session.get::<String>("copy").unwrap().as_deref(),
        Some("ada")
    );
}

#[test]
fn schemas_that_disagree_are_named_with_their_fields_and_types() {
    #[derive(Debug, SessionSchema)]
    struct Other {
        #[session(key = "visits")]
        count: Option<String>,
    }
    #[derive(Debug, SessionSchema)]
    struct OtherOwner {
        #[session(owner)]
        who: Option<u64>,
    }
    let session = empty();
    session.typed::<Account>().unwrap();
    let rejection = session.typed::<Other>().unwrap_err();
    assert_eq!((rejection.status(), rejection.schema()), (500, "Other"));
    assert_eq!(
        rejection.to_string(),
        "`Typed<Other>`: `Other.count: alloc::string::String` and `Account.visits: u64` disagree about the type of \
         the key `visits`"
    );
    let rejection = session.typed::<OtherOwner>().unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "`Typed<OtherOwner>`: `OtherOwner.who: u64` and `Account.user_id: u64` disagree about the key that names \
         the owner: a layer has one"
    );
}
