#[derive(SessionSchema)]
pub struct Prefs<T: Ord = String, const N: usize = 4>
where
    T: Hash,
{
    #[session(owner)]
    pub who: Option<T>,
    #[session(default)]
    pub recent: [T; N],
    #[session(default = Self::LIMIT)]
    pub limit: u8,
    #[session(flash)]
    pub seen: Vec<T>,
}
