use session::SessionSchema;

#[derive(SessionSchema)]
#[session(prefx = "a.", owner, colour = "red")]
struct Account {
    #[session(defualt)]
    visits: u64,
    #[session(readonly)]
    role: String,
    #[session(redirect = "/login")]
    user_id: u64,
    #[session(skip_serializing)]
    theme: String,
}

fn main() {}
