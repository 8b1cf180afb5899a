//! How a schema is extracted, and what is answered where it is not.

use super::*;

#[tokio::test]
async fn a_missing_required_field_is_answered_as_the_schema_says() {
    let mut site = Site::new();
    let app = Router::new()
        .route(
            "/signed-in",
            any(|me: Typed<SignedIn>| async move { me.user_id().to_string() }),
        )
        .route("/plain", get(|_: Typed<Plain>| async {}))
        .route("/admin", get(|_: Typed<Admin>| async {}))
        .route("/unanswered", get(|_: Typed<Unanswered>| async {}))
        .route(
            "/login",
            get(|account: Typed<Account>| async move { account.set_user_id(7) }),
        )
        .layer(site.layer());

    let answer = site.get(&app, "/signed-in?a=b&c=%2F").await;
    assert_eq!(answer.status, 303);
    let location = "/login?from=app&next=%2Fsigned%2Din%3Fa%3Db%26c%3D%252F";
    assert_eq!(answer.location.as_deref(), Some(location));
    let answer = site.send(&app, "POST", "/signed-in").await;
    assert_eq!(answer.location.as_deref(), Some("/login?from=app"));
    let answer = site.get(&app, "/plain?a").await;
    assert_eq!(
        (answer.status, answer.location.as_deref()),
        (303, Some("/login"))
    );
    assert_eq!(site.get(&app, "/admin").await.status, 403);
    let answer = site.get(&app, "/unanswered").await;
    assert_eq!(
        (answer.status, answer.body.as_str(), answer.new_cookie),
        (401, "", false)
    );

    assert!(site.get(&app, "/login").await.new_cookie);
    assert_eq!(site.get(&app, "/signed-in").await.body, "7");
    assert_eq!(site.get(&app, "/plain").await.status, 200);
}

#[tokio::test]
async fn the_target_of_next_is_what_the_client_asked_for_also_below_a_nest() {
    let mut site = Site::new();
    let inner = Router::new().route("/orders", get(|_: Typed<SignedIn>| async {}));
    let app = Router::new().nest("/shop", inner).layer(site.layer());
    let answer = site.get(&app, "/shop/orders?page=2").await;
    let location = "/login?from=app&next=%2Fshop%2Forders%3Fpage%3D2";
    assert_eq!(answer.location.as_deref(), Some(location));
}

#[tokio::test]
async fn the_optional_form_is_none_only_for_a_missing_field() {
    let mut site = Site::new();
    let app = Router::new()
        .route("/", get(|me: Option<Typed<SignedIn>>| async move { format!("{:?}", me.map(|me| me.user_id())) }))
        .route("/admin", get(|admin: Option<Typed<Strict>>| async move { format!("{}", admin.is_some()) }))
        .route("/login", get(|account: Typed<Account>| async move { account.set_user_id(7) }))
        .route("/spoil", get(|session: Session| async move { session.set("level", "high".to_owned()) .unwrap() }))
        .layer(site.layer());

    #[derive(SessionSchema)]
    struct Strict {
        #[session(strict)]
        level: u8,
    }

    assert_eq!(site.get(&app, "/").await.body, "None");
    site.get(&app, "/login").await;
    assert_eq!(site.get(&app, "/").await.body, "Some(7)");
    assert_eq!(site.get(&app, "/admin").await.body, "false");
    site.get(&app, "/spoil").await;
    assert_eq!(site.get(&app, "/admin").await.status, 500);
    let without_layer = Router::new().route("/", get(|_: Option<Typed<SignedIn>>| async {}));
    let answer = site.get(&without_layer, "/").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.body.contains("`Typed<SignedIn>`: no session layer"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_result_form_names_schema_field_and_cause() {
    async fn page(me: Result<Typed<SignedIn>, TypedRejection>) -> String {
        match me {
            Ok(me) => format!("user {}", me.user_id()),
            Err(rejection @ TypedRejection::MissingField { .. }) => format!(
                "{} {:?} {} {:?}",
                rejection.schema(),
                rejection.field(),
                rejection.status(),
                rejection.redirect()
            ),
            Err(other) => other.to_string(),
        }
    }
    let mut site = Site::new();
    let app = Router::new().route("/", get(page)).layer(site.layer());
    let body = site.get(&app, "/").await.body;
    assert_eq!(
        body,
        r#"SignedIn Some("user_id") 303 Some("/login?from=app&next=%2F")"#
    );
    let without_layer = Router::new().route("/", get(page));
    let body = site.get(&without_layer, "/").await.body;
    assert!(
        body.starts_with("`Typed<SignedIn>`: no session layer"),
        "{body}"
    );
}

#[tokio::test]
async fn check_and_first_extraction_refuse_schemas_that_disagree() {
    #[derive(SessionSchema)]
    struct Old {
        #[session(key = "visits")]
        count: Option<i32>,
    }
    let mut site = Site::new();
    let layer = site.layer();
    assert!(layer.check::<(Account, SignedIn, Plain, Admin)>().is_ok());
    let named =
        "`Old.count: i32` and `Account.visits: u64` disagree about the type of the key `visits`";
    assert_eq!(
        layer.check::<(Account, Old)>().unwrap_err().to_string(),
        named
    );

    let app = Router::new()
        .route("/account", get(|_: Typed<Account>| async {}))
        .route("/old", get(|_: Typed<Old>| async {}))
        .layer(site.layer());
    assert_eq!(site.get(&app, "/account").await.status, 200);
    for _ in 0..2 {
        let answer = site.get(&app, "/old").await;
        assert_eq!(
            (answer.status, answer.body),
            (500, format!("`Typed<Old>`: {named}"))
        );
    }
    assert_eq!(site.get(&app, "/account").await.status, 200);
}
