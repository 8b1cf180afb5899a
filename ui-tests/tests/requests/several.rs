//! What one request leaves for the next, and for those beside it.

use super::*;

#[tokio::test]
async fn a_flash_is_delivered_once_by_a_later_request() {
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/push",
            get(|a: Typed<Account>| async move {
                a.push_notices("one".to_owned());
                a.push_notices("two".to_owned());
                a.set_form("first".to_owned());
                a.set_form("second".to_owned());
                a.push_brief("soon gone".to_owned());
            }),
        )
        .route(
            "/peek",
            get(|a: Typed<Account>| async move {
                format!("{:?} {:?}", a.peek_notices(), a.peek_form())
            }),
        )
        .route(
            "/take",
            get(|a: Typed<Account>| async move {
                let taken = format!("{:?} {:?}", a.take_notices(), a.take_form());
                assert!(a.take_notices().is_empty() && a.peek_notices().is_empty());
                a.push_notices("three".to_owned());
                assert_eq!(a.peek_notices(), ["three"]);
                taken
            }),
        )
        .route(
            "/brief",
            get(|a: Typed<Account>| async move { format!("{:?}", a.take_brief()) }),
        )
        .layer(site.layer());

    site.get(&app, "/push").await;
    site.restart().await;
    for _ in 0..2 {
        assert_eq!(
            site.get(&app, "/peek").await.body,
            r#"["one", "two"] Some("second")"#
        );
    }
    let answer = site.send(&app, "HEAD", "/take").await;
    assert_eq!(answer.status, 200);
    site.clock.advance(Duration::from_secs(601));
    let body = site.get(&app, "/take").await.body;
    assert!(
        body.starts_with(r#"["one", "two""#) && body.ends_with(r#"] Some("second")"#),
        "{body}"
    );
    let body = site.get(&app, "/peek").await.body;
    assert!(body.ends_with(r#""three"] None"#), "{body}");
    assert_eq!(site.get(&app, "/brief").await.body, "[]");
}

#[tokio::test]
async fn a_ttl_begins_with_what_creates_the_value() {
    #[derive(SessionSchema)]
    struct Ttl {
        #[session(ttl = "10m", default)]
        attempts: u8,
        #[session(ttl = "10m")]
        code: Option<String>,
    }
    #[derive(SessionSchema)]
    #[session(status = 410)]
    struct Coded {
        #[session(ttl = "10m")]
        code: String,
    }
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/set",
            get(|t: Typed<Ttl>| async move { t.set_code("1".to_owned()) }),
        )
        .route(
            "/try",
            get(|t: Typed<Ttl>| async move { t.update_attempts(|n| *n += 1) }),
        )
        .route(
            "/show",
            get(|t: Typed<Ttl>| async move { format!("{} {:?}", t.attempts(), t.code()) }),
        )
        .route("/coded", get(|c: Typed<Coded>| async move { c.code() }))
        .layer(site.layer());
    site.get(&app, "/set").await;
    site.get(&app, "/try").await;
    site.clock.advance(Duration::from_secs(590));
    site.get(&app, "/try").await;
    site.restart().await;
    assert_eq!(site.get(&app, "/show").await.body, r#"2 Some("1")"#);
    assert_eq!(site.get(&app, "/coded").await.body, "1");
    site.clock.advance(Duration::from_secs(10));
    assert_eq!(site.get(&app, "/show").await.body, "0 None");
    assert_eq!(site.get(&app, "/coded").await.status, 410);
    site.get(&app, "/try").await;
    site.clock.advance(Duration::from_secs(590));
    assert_eq!(site.get(&app, "/show").await.body, "1 None");
}

#[tokio::test]
async fn consume_hands_the_value_to_exactly_one() {
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/set",
            get(|a: Typed<Account>| async move { a.set_nonce(5) }),
        )
        .route(
            "/consume",
            get(|a: Typed<Account>| async move {
                a.consume_nonce().await.map(|nonce| format!("{nonce:?}"))
            }),
        )
        .layer(site.layer());
    site.get(&app, "/set").await;
    let send = || async {
        let mut tab = Site {
            cookie: site.cookie.clone(),
            ..Site::new()
        };
        tab.get(&app, "/consume").await.body
    };
    let (a, b, c) = tokio::join!(send(), send(), send());
    let mut all = [a, b, c];
    all.sort();
    assert_eq!(all, ["None", "None", "Some(5)"]);
    assert_eq!(send().await, "None");
}

#[tokio::test]
async fn concurrent_updates_and_pushes_add_up() {
    let mut site = Site::new();
    let app = Router::new()
        .route("/", get(|a: Typed<Account>| async move { a.set_visits(1) }))
        .layer(site.layer());
    site.get(&app, "/").await;
    let (status, body) = race(&mut site, |a| {
        a.update_visits(|n| *n += 1);
        a.update_nonce(|nonce| *nonce = Some(nonce.unwrap_or(0) + 10));
        a.push_notices("n".to_owned());
    })
    .await;
    assert_eq!((status, body.as_str()), (200, r#"3 Some(20) ["n", "n"]"#));
}

#[tokio::test]
async fn an_update_of_a_required_field_that_went_meanwhile_is_a_conflict() {
    #[derive(SessionSchema)]
    struct Basket {
        basket: Vec<u64>,
    }
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/fill",
            get(|s: Session| async move { s.set("basket", vec![1u64]).unwrap() }),
        )
        .route(
            "/add",
            get(|b: Typed<Basket>| async move {
                b.session().remove("basket").unwrap();
                b.session().commit().await.unwrap();
                b.update_basket(|ids| ids.push(2));
                assert_eq!(b.basket(), [1]);
                let error: Error = b.session().commit().await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.key()),
                    (ErrorKind::Conflict, Some("basket"))
                );
            }),
        )
        .route(
            "/basket",
            get(|s: Session| async move { format!("{:?}", s.get::<Vec<u64>>("basket").unwrap()) }),
        )
        .layer(site.layer());
    site.get(&app, "/fill").await;
    assert_eq!(site.get(&app, "/add").await.status, 503);
    assert_eq!(site.get(&app, "/basket").await.body, "None");
}

#[tokio::test]
async fn an_owner_rotates_the_id_and_signing_out_wipes() {
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/visit",
            get(|a: Typed<Account>| async move { a.update_visits(|n| *n += 1) }),
        )
        .route(
            "/login",
            get(|a: Typed<Account>| async move { a.set_user_id(7) }),
        )
        .route(
            "/logout",
            get(|a: Typed<Account>| async move { a.clear_user_id() }),
        )
        .route(
            "/show",
            get(|a: Typed<Account>| async move { format!("{:?} {}", a.user_id(), a.visits()) }),
        )
        .layer(site.layer());
    assert!(site.get(&app, "/visit").await.new_cookie);
    assert!(!site.get(&app, "/visit").await.new_cookie);
    let before = site.cookie.clone();
    assert!(site.get(&app, "/login").await.new_cookie);
    assert_ne!(site.cookie, before);
    site.restart().await;
    assert_eq!(site.get(&app, "/show").await.body, "Some(7) 2");
    assert!(site.get(&app, "/logout").await.new_cookie);
    assert_eq!(site.get(&app, "/show").await.body, "None 0");
}
