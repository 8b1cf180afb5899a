/// Typed access to a session, generated from [`Messages`].
#[allow(dead_code)]
struct MessagesAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Messages>,
}
#[allow(dead_code)]
const _: () = {
    impl MessagesAccessor {
        /// Returns `notices`, which stays to be taken.
        #[must_use]
        #[inline]
        fn peek_notices(&self) -> ::std::vec::Vec<Notice> {
            self.__handle.field::<Messages, __Private, 0usize>().flash_peek_all()
        }
        /// Adds a value to [`notices`](Self::peek_notices), until it is taken.
        #[inline]
        fn push_notices(&self, value: Notice) {
            self.__handle.field::<Messages, __Private, 0usize>().flash_push(value)
        }
        /// Returns [`notices`](Self::peek_notices) and removes exactly what it returns.
        #[inline]
        fn take_notices(&self) -> ::std::vec::Vec<Notice> {
            self.__handle.field::<Messages, __Private, 0usize>().flash_take_all()
        }
        /// What was typed into the form that was refused.
        #[must_use]
        #[inline]
        fn peek_old_input(&self) -> ::core::option::Option<Form> {
            self.__handle.field::<Messages, __Private, 1usize>().flash_peek_one()
        }
        /// Sets [`old_input`](Self::peek_old_input), until it is taken.
        #[inline]
        fn set_old_input(&self, value: Form) {
            self.__handle.field::<Messages, __Private, 1usize>().flash_set(value)
        }
        /// Returns [`old_input`](Self::peek_old_input) and removes exactly what it returns.
        #[inline]
        fn take_old_input(&self) -> ::core::option::Option<Form> {
            self.__handle.field::<Messages, __Private, 1usize>().flash_take_one()
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`Messages`] as it is now. Flash fields are not taken.
        #[must_use]
        fn snapshot(&self) -> Messages {
            Messages {
                notices: self.peek_notices(),
                old_input: self.peek_old_input(),
            }
        }
        fn __read(__schema: &Messages) {
            let _ = &__schema.notices;
            let _ = &__schema.old_input;
        }
    }
    #[automatically_derived]
    impl ::session::SessionSchema for Messages {
        type Accessor = MessagesAccessor;
        const SCHEMA: &'static ::session::__private::Schema = &::session::__private::Schema {
            name: "Messages",
            fields: &[
                ::session::__private::Access::<
                    Messages,
                    __Private,
                    0usize,
                >::flash_many("notices", "notices"),
                ::session::__private::Access::<
                    Messages,
                    __Private,
                    1usize,
                >::flash_one("old_input", "old_input")
                    .ttl(600000u64),
            ],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        fn __accessor(__handle: ::session::__private::Handle) -> MessagesAccessor {
            MessagesAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Private {}
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 0usize> for Messages {
        type Value = Notice;
    }
    #[automatically_derived]
    impl ::session::__private::TypedField<__Private, 1usize> for Messages {
        type Value = Form;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for MessagesAccessor {
        fn clone(&self) -> Self {
            MessagesAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for MessagesAccessor {
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Messages as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("MessagesAccessor", __schema, __f)
        }
    }
};
