#[derive(SessionSchema)]
#[session(prefix = "acct.", rename_all = "camelCase")]
struct Keys {
    first_name: Option<String>,
    #[session(key = "surname", alias = "last_name", alias = "acct.lastName")]
    last_name: Option<String>,
}
