use session::SessionSchema;

#[derive(SessionSchema)]
struct Account {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(read_only)]
    role: String,
    basket: Vec<u64>,
    #[session(flash)]
    notices: Vec<String>,
    #[session(flash)]
    form: Option<String>,
}

fn set_read_only(account: &AccountAccessor) {
    account.set_role("admin".to_owned());
}

fn clear_required(account: &AccountAccessor) {
    account.clear_basket();
}

fn read_flash_as_plain(account: &AccountAccessor) {
    account.notices();
}

fn push_one(account: &AccountAccessor) {
    account.push_form("a".to_owned());
}

fn update_owner(account: &AccountAccessor) {
    account.update_user_id(|id| *id = None);
}

fn main() {}
