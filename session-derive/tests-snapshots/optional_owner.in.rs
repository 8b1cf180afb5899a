#[derive(SessionSchema)]
#[session(status = 403, accessor = AccountSession, crate = crate::prelude::session)]
pub(crate) struct Account {
    #[session(owner, secret)]
    pub(crate) user_id: ::core::option::Option<UserId>,
    role: Role,
}
