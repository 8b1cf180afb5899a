use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    visits: Option<u64>,
    set_visits: Option<u64>,
    with_visits: Option<u64>,
}

#[derive(SessionSchema)]
#[session(prefix = "acct.")]
struct B {
    #[session(flash)]
    form: Option<u64>,
    peek_form: Option<u64>,
    #[session(default)]
    __hidden: u64,
}

fn main() {}
