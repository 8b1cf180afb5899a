//! What each kind of field generates.

use super::*;

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
