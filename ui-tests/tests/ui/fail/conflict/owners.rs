use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    #[session(owner)]
    user_id: Option<u64>,
    #[session(owner)]
    tenant_id: Option<u64>,
}

fn main() {}
