mod account {
    use session::SessionSchema;

    #[derive(SessionSchema)]
    pub struct Account {
        pub theme: Option<String>,
        role: Option<String>,
    }
}

fn promote(account: &account::AccountAccessor) {
    account.set_theme("dark".to_owned());
    account.set_role("admin".to_owned());
}

fn main() {}
