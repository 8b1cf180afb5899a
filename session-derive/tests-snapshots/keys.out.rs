/// Typed access to a session, generated from [`Keys`].
#[allow(dead_code, clippy::impl_trait_in_params)]
struct KeysAccessor {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Keys>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
const _: () = {
    impl KeysAccessor {
        /// Returns `first_name`, if the session has it.
        #[must_use]
        #[inline]
        fn first_name(&self) -> ::core::option::Option<String> {
            ::session::__private::get::<Keys, __Field0>(&self.__handle, 0usize)
        }
        /// Reads [`first_name`](Self::first_name) in place, for values that are costly to clone.
        #[inline]
        fn with_first_name<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&String) -> __R,
        ) -> ::core::option::Option<__R> {
            ::session::__private::with::<
                Keys,
                __Field0,
                _,
            >(&self.__handle, 0usize, __read)
        }
        /// Sets [`first_name`](Self::first_name).
        #[inline]
        fn set_first_name(&self, __value: String) {
            ::session::__private::set::<Keys, __Field0>(&self.__handle, 0usize, __value)
        }
        /// Updates [`first_name`](Self::first_name) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_first_name(
            &self,
            __update: impl ::core::ops::Fn(
                &mut ::core::option::Option<String>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update::<
                Keys,
                __Field0,
            >(&self.__handle, 0usize, __update)
        }
        /// Returns [`first_name`](Self::first_name) and removes it.
        #[inline]
        fn take_first_name(&self) -> ::core::option::Option<String> {
            ::session::__private::take::<Keys, __Field0>(&self.__handle, 0usize)
        }
        /// Removes [`first_name`](Self::first_name) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        fn consume_first_name(&self) -> ::session::Consume<'_, String> {
            ::session::__private::consume::<Keys, __Field0>(&self.__handle, 0usize)
        }
        /// Removes [`first_name`](Self::first_name).
        #[inline]
        fn clear_first_name(&self) {
            ::session::__private::clear::<Keys, __Field0>(&self.__handle, 0usize)
        }
        /// Returns `last_name`, if the session has it.
        #[must_use]
        #[inline]
        fn last_name(&self) -> ::core::option::Option<String> {
            ::session::__private::get::<Keys, __Field1>(&self.__handle, 1usize)
        }
        /// Reads [`last_name`](Self::last_name) in place, for values that are costly to clone.
        #[inline]
        fn with_last_name<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&String) -> __R,
        ) -> ::core::option::Option<__R> {
            ::session::__private::with::<
                Keys,
                __Field1,
                _,
            >(&self.__handle, 1usize, __read)
        }
        /// Sets [`last_name`](Self::last_name).
        #[inline]
        fn set_last_name(&self, __value: String) {
            ::session::__private::set::<Keys, __Field1>(&self.__handle, 1usize, __value)
        }
        /// Updates [`last_name`](Self::last_name) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_last_name(
            &self,
            __update: impl ::core::ops::Fn(
                &mut ::core::option::Option<String>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::session::__private::update::<
                Keys,
                __Field1,
            >(&self.__handle, 1usize, __update)
        }
        /// Returns [`last_name`](Self::last_name) and removes it.
        #[inline]
        fn take_last_name(&self) -> ::core::option::Option<String> {
            ::session::__private::take::<Keys, __Field1>(&self.__handle, 1usize)
        }
        /// Removes [`last_name`](Self::last_name) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        fn consume_last_name(&self) -> ::session::Consume<'_, String> {
            ::session::__private::consume::<Keys, __Field1>(&self.__handle, 1usize)
        }
        /// Removes [`last_name`](Self::last_name).
        #[inline]
        fn clear_last_name(&self) {
            ::session::__private::clear::<Keys, __Field1>(&self.__handle, 1usize)
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`Keys`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
        fn snapshot(&self) -> Keys {
            Keys {
                first_name: self.first_name(),
                last_name: self.last_name(),
            }
        }
        fn __read(__schema: &Keys) {
            let _ = &__schema.first_name;
            let _ = &__schema.last_name;
        }
    }
    #[automatically_derived]
    impl ::session::SessionSchema for Keys {
        type Accessor = KeysAccessor;
        const SCHEMA: &'static ::session::__private::Schema = &::session::__private::Schema {
            name: "Keys",
            fields: &[
                ::session::__private::optional::<
                    Keys,
                    __Field0,
                >("first_name", "acct.firstName"),
                ::session::__private::optional::<
                    Keys,
                    __Field1,
                >("last_name", "acct.surname")
                    .aliases(&["last_name", "acct.lastName"]),
            ],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        #[inline]
        fn __accessor(__handle: ::session::__private::Handle) -> KeysAccessor {
            KeysAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Field0 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Keys> for __Field0 {
        type Value = String;
    }
    enum __Field1 {}
    #[automatically_derived]
    impl ::session::__private::TypedField<Keys> for __Field1 {
        type Value = String;
    }
    #[automatically_derived]
    impl ::core::clone::Clone for KeysAccessor {
        #[inline]
        fn clone(&self) -> Self {
            KeysAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for KeysAccessor {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Keys as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("KeysAccessor", __schema, __f)
        }
    }
};
