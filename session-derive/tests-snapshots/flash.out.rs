/// Typed access to a session, generated from [`Messages`].
#[allow(dead_code, clippy::impl_trait_in_params)]
struct MessagesAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Messages>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
const _: () = {
    impl MessagesAccessor {
        /// Returns `notices`, which stays to be taken.
        #[must_use]
        #[inline]
        fn peek_notices(&self) -> ::std::vec::Vec<Notice> {
            ::session::__private::flash_peek_all::<
                Messages,
                __Field0,
            >(&self.__handle, 0usize)
        }
        /// Adds a value to [`notices`](Self::peek_notices), until it is taken.
        #[inline]
        fn push_notices(&self, __value: Notice) {
            ::session::__private::flash_push::<
                Messages,
                __Field0,
            >(&self.__handle, 0usize, __value)
        }
        /// Returns [`notices`](Self::peek_notices) and removes exactly what it returns.
        #[inline]
        fn take_notices(&self) -> ::std::vec::Vec<Notice> {
            ::session::__private::flash_take_all::<
                Messages,
                __Field0,
            >(&self.__handle, 0usize)
        }
        /// What was typed into the form that was refused.
        #[must_use]
        #[inline]
        fn peek_old_input(&self) -> ::core::option::Option<Form> {
            ::session::__private::flash_peek_one::<
                Messages,
                __Field1,
            >(&self.__handle, 1usize)
        }
        /// Sets [`old_input`](Self::peek_old_input), until it is taken.
        #[inline]
        fn set_old_input(&self, __value: Form) {
            ::session::__private::flash_set::<
                Messages,
                __Field1,
            >(&self.__handle, 1usize, __value)
        }
        /// Returns [`old_input`](Self::peek_old_input) and removes exactly what it returns.
        #[inline]
        fn take_old_input(&self) -> ::core::option::Option<Form> {
            ::session::__private::flash_take_one::<
                Messages,
                __Field1,
            >(&self.__handle, 1usize)
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`Messages`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
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
                ::session::__private::flash_many::<
                    Messages,
                    __Field0,
                >("notices", "notices"),
                ::session::__private::flash_one::<
                    Messages,
                    __Field1,
                >("old_input", "old_input")
                    .ttl(600000u64),
            ],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        #[inline]
        fn __accessor(__handle: ::session::__private::Handle) -> MessagesAccessor {
            MessagesAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Field0 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Messages> for __Field0 {
        type Value = Notice;
    }
    enum __Field1 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Messages> for __Field1 {
        type Value = Form;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for MessagesAccessor {
        #[inline]
        fn clone(&self) -> Self {
            MessagesAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for MessagesAccessor {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Messages as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("MessagesAccessor", __schema, __f)
        }
    }
};
