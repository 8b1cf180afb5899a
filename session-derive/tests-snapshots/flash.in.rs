#[derive(SessionSchema)]
struct Messages {
    #[session(flash)]
    notices: Vec<Notice>,
    /// What was typed into the form that was refused.
    #[session(flash, ttl = "10m")]
    old_input: Option<Form>,
}
