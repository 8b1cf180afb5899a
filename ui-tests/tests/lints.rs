//! What is generated passes the strictest lints of a user's crate. Clippy reads this file with the rest.

#![deny(
    warnings,
    missing_docs,
    unused_qualifications,
    clippy::pedantic,
    clippy::nursery
)]
#![deny(
    clippy::absolute_paths,
    clippy::allow_attributes_without_reason,
    clippy::arithmetic_side_effects,
    clippy::clone_on_ref_ptr,
    clippy::exhaustive_structs,
    clippy::expect_used,
    clippy::implicit_return,
    clippy::missing_inline_in_public_items,
    clippy::missing_trait_methods,
    clippy::mod_module_files,
    clippy::module_name_repetitions,
    clippy::multiple_inherent_impl,
    clippy::panic,
    clippy::partial_pub_fields,
    clippy::question_mark_used,
    clippy::same_name_method,
    clippy::single_call_fn,
    clippy::str_to_string,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![allow(
    clippy::exhaustive_structs,
    clippy::implicit_return,
    reason = "about the struct and the test themselves"
)]

pub mod schema {
    //! One of each kind.

    /// An account.
    #[derive(Debug, session::SessionSchema)]
    pub struct Account<T> {
        /// Who is signed in.
        #[session(owner)]
        pub user_id: Option<u64>,
        /// Counts.
        #[session(default, ttl = "1h")]
        pub visits: u64,
        /// Any.
        #[session(default = Vec::new())]
        pub items: Vec<T>,
        /// Required.
        pub basket: Vec<u64>,
        /// Messages.
        #[session(flash)]
        pub notices: Vec<String>,
        /// A form.
        #[session(flash, secret)]
        pub form: Option<T>,
        /// A raw name.
        pub r#type: Option<T>,
    }
}

#[test]
fn the_output_is_clean() {
    use session::{Data, Session};

    let session = Session::detached(Data::new());
    assert!(session.typed::<schema::Account<u8>>().is_err());
}
