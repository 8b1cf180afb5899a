use session::SessionSchema;

#[derive(SessionSchema)]
struct Account {
    theme: Option<String>,
    #[session(default)]
    visits: u64,
    #[session(flash)]
    notices: Vec<String>,
}

fn change(account: &AccountAccessor) {
    account.set_theme(Some("dark".to_owned()));
    account.set_theme("dark");
    account.set_visits("1");
    account.push_notices(vec!["Saved".to_owned()]);
    account.update_visits(|n| *n = "1");
    let _: u64 = account.theme();
}

fn main() {}
