#[derive(SessionSchema)]
struct Flags {
    #[session(read_only, strict)]
    role: Role,
    #[session(secret, ttl = "1h30m", keep)]
    pin: Option<u32>,
    #[session(read_only, default)]
    beta: bool,
}
