use session::SessionSchema;

#[derive(Debug)]
struct UserId(u64);

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

struct Tenant(u64);

#[derive(SessionSchema)]
struct SignedIn {
    #[session(owner)]
    user_id: UserId,
}

#[derive(SessionSchema)]
struct InTenant {
    #[session(owner)]
    tenant: Tenant,
}

fn main() {}
