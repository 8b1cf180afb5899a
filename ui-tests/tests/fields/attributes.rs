//! What each attribute of a field and of a schema changes.

use super::*;

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
