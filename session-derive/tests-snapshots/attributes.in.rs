#[derive(SessionSchema)]
#[expect(clippy::option_option, reason = "told apart on purpose")]
struct Attributes {
    pub r#type: Option<Option<u8>>,
    /// Before the redesign.
    ///
    /// Nobody reads it.
    #[deprecated(note = "use `type`")]
    #[allow(dropping_copy_types)]
    pub(super) kind: Option<Kind>,
    pub(in crate::account) cart: Vec<Item>,
}
