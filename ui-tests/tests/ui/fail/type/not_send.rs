use session::SessionSchema;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Local {
    #[serde(skip)]
    count: std::rc::Rc<u8>,
}

#[derive(SessionSchema)]
struct A {
    local: Local,
}

fn main() {}
