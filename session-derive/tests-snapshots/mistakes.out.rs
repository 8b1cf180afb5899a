::core::compile_error! {
    "unknown attribute `defualt`; did you mean `default`?"
}
::core::compile_error! {
    "`next` needs `redirect = \"..\"`, to whose query it is added"
}
::core::compile_error! {
    "`flash` and `owner` exclude each other: a flash goes with the request that takes it, an owner stays"
}
::core::compile_error! {
    "a session outlives the request, so a field cannot borrow; own the data, as `String` does"
}
::core::compile_error! {
    "`set_visits` is generated for the field `visits` too; rename this field and keep its key with `key = \"set_visits\"`"
}
/// Typed access to a session, generated from [`Mistakes`].
#[allow(dead_code, clippy::impl_trait_in_params)]
#[allow(unused_variables)]
struct MistakesAccessor<'a> {
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Mistakes<'a>>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
#[allow(unused_variables)]
const _: () = {
    impl<'a> MistakesAccessor<'a> {
        /// Returns `visits`.
        #[must_use]
        #[inline]
        fn visits(&self) -> u64 {
            ::core::unimplemented!()
        }
        /// Reads [`visits`](Self::visits) in place, for values that are costly to clone.
        #[inline]
        fn with_visits<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&u64) -> __R,
        ) -> __R {
            ::core::unimplemented!()
        }
        /// Sets [`visits`](Self::visits).
        #[inline]
        fn set_visits(&self, __value: u64) {
            ::core::unimplemented!()
        }
        /// Updates [`visits`](Self::visits) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_visits(
            &self,
            __update: impl ::core::ops::Fn(&mut u64) + ::core::marker::Send + 'static,
        ) {
            ::core::unimplemented!()
        }
        /// Returns `user_id`, which stays to be taken.
        #[must_use]
        #[inline]
        fn peek_user_id(&self) -> ::core::option::Option<&'a str> {
            ::core::unimplemented!()
        }
        /// Sets [`user_id`](Self::peek_user_id): signs in, and the session id rotates.
        #[inline]
        fn set_user_id(&self, __value: &'a str) {
            ::core::unimplemented!()
        }
        /// Reads [`set_visits`](Self::set_visits) in place, for values that are costly to clone.
        #[inline]
        fn with_set_visits<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&u8) -> __R,
        ) -> ::core::option::Option<__R> {
            ::core::unimplemented!()
        }
        /// Sets [`set_visits`](Self::set_visits).
        #[inline]
        fn set_set_visits(&self, __value: u8) {
            ::core::unimplemented!()
        }
        /// Updates [`set_visits`](Self::set_visits) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        fn update_set_visits(
            &self,
            __update: impl ::core::ops::Fn(
                &mut ::core::option::Option<u8>,
            ) + ::core::marker::Send + 'static,
        ) {
            ::core::unimplemented!()
        }
        /// Returns [`set_visits`](Self::set_visits) and removes it.
        #[inline]
        fn take_set_visits(&self) -> ::core::option::Option<u8> {
            ::core::unimplemented!()
        }
        /// Removes [`set_visits`](Self::set_visits) at once, and returns it to exactly one of all concurrent callers.
        ///
        /// # Errors
        ///
        /// The session could not be committed.
        #[inline]
        fn consume_set_visits(&self) -> ::session::Consume<'_, u8> {
            ::core::unimplemented!()
        }
        /// Removes [`set_visits`](Self::set_visits).
        #[inline]
        fn clear_set_visits(&self) {
            ::core::unimplemented!()
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        fn session(&self) -> &::session::Session {
            ::core::unimplemented!()
        }
        /// The whole [`Mistakes`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
        fn snapshot(&self) -> Mistakes<'a> {
            ::core::unimplemented!()
        }
        fn __read(__schema: &Mistakes<'a>) {
            let _ = &__schema.visits;
            let _ = &__schema.user_id;
            let _ = &__schema.set_visits;
        }
    }
    #[automatically_derived]
    impl<'a> ::session::SessionSchema for Mistakes<'a>
    where
        'a: 'static,
    {
        type Accessor = MistakesAccessor<'a>;
        const SCHEMA: &'static ::session::__private::Schema = &::session::__private::Schema {
            name: "Mistakes",
            fields: &[],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        #[inline]
        fn __accessor(__handle: ::session::__private::Handle) -> MistakesAccessor<'a> {
            MistakesAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl<'a> ::core::clone::Clone for MistakesAccessor<'a>
    where
        'a: 'static,
    {
        #[inline]
        fn clone(&self) -> Self {
            MistakesAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl<'a> ::core::fmt::Debug for MistakesAccessor<'a>
    where
        'a: 'static,
    {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Mistakes<'a> as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("MistakesAccessor", __schema, __f)
        }
    }
};
