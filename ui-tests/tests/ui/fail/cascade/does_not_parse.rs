use session::SessionSchema;

#[derive(SessionSchema)]
struct Account {
    theme: Option<String>,
    visits u64,
    #[session(flash)]
    notices: Vec<String>,
}

fn uses(account: &AccountAccessor) {
    account.set_theme("dark".to_owned());
    account.push_notices("hello".to_owned());
}

fn main() {}
