/// What a shop remembers of its visitor.
#[derive(SessionSchema)]
pub struct Visitor {
    /// A code that was sent by mail.
    pub otp: Option<String>,
    #[session(default)]
    pub visits: u64,
    #[session(default = Self::palette().first().copied::<Theme>().unwrap_or(Theme::Light))]
    pub theme: Theme,
    pub tenant: Tenant,
}
