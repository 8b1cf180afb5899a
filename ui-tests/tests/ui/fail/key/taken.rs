use session::SessionSchema;

#[derive(SessionSchema)]
struct A {
    theme: Option<String>,
    #[session(key = "theme")]
    colour: Option<String>,
    #[session(alias = "theme")]
    look: Option<String>,
    #[session(alias = "skin", alias = "skin")]
    style: Option<String>,
    #[session(alias = "self_named")]
    self_named: Option<String>,
}

#[derive(SessionSchema)]
#[session(rename_all = "camelCase")]
struct Renamed {
    user_id: Option<u64>,
    #[session(key = "userId")]
    owner: Option<u64>,
}

fn main() {}
